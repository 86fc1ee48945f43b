"""The tasks know their labels and how they are scored."""

import pytest

from uxla.tasks import TASKS, Level


def test_every_task_is_found_by_its_name() -> None:
    assert {name: task.name for name, task in TASKS.items()} == {name: name for name in TASKS}
    assert set(TASKS) == {"xner", "wikiann", "xnli", "pawsx"}


def test_span_labels_are_o_then_b_and_i_of_each_type() -> None:
    assert TASKS["wikiann"].labels == ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
    assert TASKS["xner"].labels == (*TASKS["wikiann"].labels, "B-MISC", "I-MISC")


@pytest.mark.parametrize(
    ("name", "n_classes", "n_texts", "level", "metric"),
    [
        ("xner", 9, 1, Level.WORD, "f1"),
        ("wikiann", 7, 1, Level.WORD, "f1"),
        ("xnli", 3, 2, Level.EXAMPLE, "accuracy"),
        ("pawsx", 2, 2, Level.EXAMPLE, "accuracy"),
    ],
)
def test_words_are_scored_by_f1_and_pairs_by_accuracy(
    name: str, n_classes: int, n_texts: int, level: Level, metric: str
) -> None:
    task = TASKS[name]
    assert (task.n_classes, task.n_texts, task.level, task.metric) == (n_classes, n_texts, level, metric)


def test_the_class_of_a_label_is_its_place() -> None:
    for task in TASKS.values():
        assert [task.class_of(label) for label in task.labels] == list(range(task.n_classes))


def test_an_unknown_label_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match="a label of task pawsx must be one of different, paraphrase, was: 'maybe'"
    ):
        TASKS["pawsx"].class_of("maybe")
