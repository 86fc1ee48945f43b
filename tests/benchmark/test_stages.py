"""Stages in one process, on a miniature of the smoke profile: outputs, restarts, settings and tracking."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from seqeval.metrics import f1_score

from benchmark.analyses import read_analyses
from benchmark.figures import CAPTIONS
from benchmark.layout import Layout
from benchmark.results import SYSTEMS as CORE
from benchmark.results import Result, System, read_cell
from benchmark.settings import Parameters, select
from benchmark.stages import ablate, adapt, aggregate, analyse, evaluate, pretrain, summarise
from benchmark.stages.labelling import pseudo_labels
from benchmark.tracking import Store
from benchmark.tracking.names import part_of
from benchmark.worlds import run_world
from tests.benchmark.conftest import World, store_below
from tests.miniature import (
    ABLATIONS,
    ANALYSED,
    DEV,
    FURTHER,
    SEEDS,
    SOURCE,
    TARGETS,
    TASK,
    TEST,
    TEXT,
    TRAINING,
)
from uxla.coteaching import CURRICULUM, Lesson, co_teach
from uxla.examples import Corpus, Example
from uxla.language_model import MaskedLanguageModel
from uxla.models import TaskModel
from uxla.tasks import TASKS

TARGET = TARGETS[0]
LABELS = TASKS[TASK].labels


def run_adapt(world: World, target: str = TARGET, **changes: object) -> None:
    settings = world.settings(adapt.Settings, target, **changes)
    adapt.adapt(settings, task=TASK, target=target, layout=world.layout, store=world.store)


def run_evaluate(world: World, **changes: object) -> dict[System, Result]:
    settings = world.settings(evaluate.Settings, TARGET, **changes)
    evaluate.evaluate(settings, task=TASK, language=TARGET, layout=world.layout, store=world.store)
    return {result.system: result for result in read_cell(world.layout.cells(TASK, TARGET))}


def content(folder: Path) -> dict[str, bytes]:
    """The bytes of every file in a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def lessons(layout: Layout, target: str = TARGET) -> list[dict[str, Any]]:
    folder = layout.adapted(TASK, target) / "lessons"
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def corpus(layout: Layout, language: str, part: str) -> Corpus:
    return Corpus.load(layout.corpus(TASK, language, part))


def tags(classes: Any) -> list[str]:
    return [LABELS[index] for index in classes]


# What the stages leave behind


@pytest.mark.slow
def test_prepare_keeps_labels_apart_from_text(world: World) -> None:
    layout = world.layout
    for language in (SOURCE, *TARGETS):
        parts = {
            p: corpus(layout, language, p) for p in ("unlabelled", "labelled", "dev", "test", "test_text")
        }
        parts = {"text": Corpus.load(layout.text(TASK, language)), **parts}
        assert [len(c) for c in parts.values()] == [TEXT, TRAINING, TRAINING, DEV, TEST, TEST]
        assert [c.is_labelled for c in parts.values()] == [False, False, True, True, True, False]
        assert parts["unlabelled"].ids == parts["labelled"].ids
        assert parts["test_text"].digest == parts["test"].unlabelled().digest
        ids = [i for p in ("text", "labelled", "dev", "test") for i in parts[p].ids]
        assert len(set(ids)) == len(ids)
    manifest = json.loads(layout.manifest(TASK).read_text(encoding="utf-8"))
    assert manifest.keys() == set(world.parameters.profiles["smoke"].tasks[TASK].data.codes)


@pytest.mark.slow
def test_every_model_can_be_opened_and_says_how_it_was_selected(world: World) -> None:
    layout = world.layout
    MaskedLanguageModel.load(layout.language_model)
    folders = [layout.warmed_up(TASK, o) for o in ("cross_entropy", "confidence_penalty")]
    folders += [f(TASK, t) for t in TARGETS for f in (layout.adapted, layout.supervised)]
    for folder in folders:
        assert {p.name for p in folder.iterdir()} - {"lessons", "epochs"} == {str(seed) for seed in SEEDS}
        for seed in SEEDS:
            TaskModel.load(folder / str(seed))
            outcome = json.loads((folder / str(seed) / "outcome.json").read_text(encoding="utf-8"))
            assert 0 <= outcome["best"] <= 100


@pytest.mark.slow
def test_generate_makes_sentences_of_the_training_text_alone(world: World) -> None:
    for language in (SOURCE, *TARGETS):
        made = Corpus.load(world.layout.vicinal(TASK, language))
        assert not made.is_labelled
        assert 0 < len(made) <= 2 * TRAINING
        assert {example.language for example in made} == {language}


@pytest.mark.slow
def test_every_epoch_has_its_lessons_from_the_origins_of_the_curriculum(world: World) -> None:
    found = lessons(world.layout)
    order = [(epoch, number) for epoch in (1, 2, 3) for number in range(6)]
    assert [(item["epoch"], item["number"]) for item in found] == order
    for item in found:
        expected = {o.value for o in CURRICULUM[item["epoch"]]} - {"source"}
        assert item["selections"].keys() == expected
        assert {*item["peers"], item["student"]} == {0, 1, 2}


@pytest.mark.slow
def test_predictions_are_those_of_the_kept_models_and_of_their_mean(world: World) -> None:
    test = corpus(world.layout, TARGET, "test")
    table = pq.read_table(world.layout.predictions(TASK, TARGET) / "uxla.parquet")
    assert table.column_names == ["id", *(f"model {seed}" for seed in SEEDS), "ensemble"]
    assert table["id"].to_pylist() == test.ids
    (result,) = [r for r in read_cell(world.layout.cells(TASK, TARGET)) if r.system is System.UXLA]
    gold = [tags(classes) for classes in test.classes]
    predicted = [table[name].to_pylist() for name in table.column_names[1:]]
    by_hand = [100 * f1_score(gold, [tags(classes) for classes in column]) for column in predicted]
    assert [*result.scores, result.ensemble.score] == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.slow
def test_further_baselines_are_scored_in_every_language_on_what_they_predict(world: World) -> None:
    predictions, cells = world.layout.contrasts(TASK)
    for language in (SOURCE, *TARGETS):
        test = corpus(world.layout, language, "test")
        gold = [tags(classes) for classes in test.classes]
        results = read_cell(cells / f"{language}.json")
        assert {result.system for result in results} == set(FURTHER)
        for result in results:
            table = pq.read_table(predictions / language / f"{result.system}.parquet")
            assert table["id"].to_pylist() == test.ids
            columns = [table[name].to_pylist() for name in table.column_names[1:]]
            by_hand = [100 * f1_score(gold, [tags(classes) for classes in column]) for column in columns]
            assert [*result.scores, result.ensemble.score] == pytest.approx(by_hand, abs=1e-5)
            own = result.system == "lstm_crf" and language != SOURCE
            assert result.selected_on == ("target dev" if own else "source dev")


@pytest.mark.slow
def test_rivals_have_encoders_of_their_own(world: World) -> None:
    bert = TaskModel.load(world.layout.baseline(TASK, "mbert_cross_entropy") / "11")
    assert bert.network.config.model_type == "bert"
    assert (bert.tokenizer.cls_token, bert.tokenizer.mask_token) == ("[CLS]", "[MASK]")
    before = MaskedLanguageModel.load(world.layout.language_model)
    after = MaskedLanguageModel.load(world.layout.rival(TASK, "continued"))
    assert before.tokenizer.get_vocab() == after.tokenizer.get_vocab()
    weights = before.network.state_dict()
    assert any((weights[name] != weight).any() for name, weight in after.network.state_dict().items())


@pytest.mark.slow
def test_every_cell_has_intervals_and_that_of_uxla_comparisons(world: World) -> None:
    for language in (SOURCE, *TARGETS):
        results = read_cell(world.layout.cells(TASK, language))
        baselines = [System.CROSS_ENTROPY, System.CONFIDENCE_PENALTY]
        systems = baselines if language == SOURCE else list(CORE)
        assert [result.system for result in results] == systems
        for result in results:
            assert result.seeds == SEEDS
            assert result.n_examples == TEST
            assert 0 <= result.interval.low < result.interval.high <= 100
            assert 0 <= result.crossed_interval.low < result.crossed_interval.high <= 100
            for comparison in result.comparisons:
                assert comparison.crossed_interval.low <= comparison.crossed_interval.high
            assert result.ensemble.interval.low <= result.ensemble.score <= result.ensemble.interval.high
            is_uxla = result.system is System.UXLA
            assert [c.against for c in result.comparisons] == (baselines[::-1] if is_uxla else [])
            assert len(result.pseudo_labels) == (6 * (1 + 1 + 3) if is_uxla else 0)
            dev = "target dev" if result.system in (System.UXLA, System.SUPERVISED) else "source dev"
            assert result.selected_on == dev


@pytest.mark.slow
def test_a_difference_is_that_of_the_means(world: World) -> None:
    results = {r.system: r for r in read_cell(world.layout.cells(TASK, TARGET))}
    for comparison in results[System.UXLA].comparisons:
        difference = np.mean(results[System.UXLA].scores) - np.mean(results[comparison.against].scores)
        assert comparison.difference == pytest.approx(difference, abs=1e-5)


@pytest.mark.slow
def test_aggregate_writes_the_table_in_every_format(world: World, tmp_path: Path) -> None:
    names = [f"{TASK}.{suffix}" for suffix in ("csv", "json", "md", "tex")]
    assert sorted(path.name for path in world.layout.tables().glob(f"{TASK}.*")) == names
    with pytest.raises(ValueError, match="run the evaluate stage"):
        aggregate.aggregate(
            world.settings(aggregate.Settings), task=TASK, layout=Layout("smoke", tmp_path), strict=False
        )


# Pseudo labels against the gold


@pytest.mark.slow
def test_the_accuracy_of_pseudo_labels_is_that_of_the_lessons_files(world: World) -> None:
    gold = {example.id: example for example in corpus(world.layout, TARGET, "labelled")}
    folder = world.layout.adapted(TASK, TARGET) / "lessons"
    (result,) = [r for r in read_cell(world.layout.cells(TASK, TARGET)) if r.system is System.UXLA]
    on_target = [entry for entry in result.pseudo_labels if entry.origin == "target"]
    paths = sorted(folder.glob("*-target.parquet"))
    assert len(paths) == len(on_target) == 12
    for path, entry in zip(paths, on_target, strict=True):
        rows = pq.read_table(path).to_pylist()
        truth = [tags(gold[row["id"]].classes) for row in rows]
        score = 100 * f1_score(truth, [tags(row["classes"]) for row in rows])
        assert score > 0
        assert entry.accuracy == pytest.approx(score, abs=1e-5)
        assert (entry.n, entry.share_kept) == (len(rows), len(rows) / TRAINING)
    assert all(entry.accuracy is None for entry in result.pseudo_labels if entry.origin != "target")


def test_pseudo_labels_by_hand(tmp_path: Path) -> None:
    words = {"a": ("Ann", "reads"), "b": ("Bo", "sees", "Rome"), "c": ("Cy", "runs")}

    def labelled(**classes: tuple[int, ...]) -> Corpus:
        return Corpus.of(Example(name, "qab", (words[name],), c) for name, c in classes.items())

    person, place = LABELS.index("B-PER"), LABELS.index("B-LOC")
    gold = labelled(a=(person, 0), b=(person, 0, place), c=(person, 0))
    # Of the three names in a and b one is found, one is taken for a place, one is missed.
    labelled(b=(person, 0, 0), a=(place, 0)).save(tmp_path / "1-0-target.parquet")
    about = {"n": 2, "n_corpus": 3, "n_kept": [2, 3], "agreement": 0.5}
    nothing = {"n": 0, "n_corpus": 0, "n_kept": [0, 0], "agreement": 0.0}
    lesson = {"epoch": 1, "student": 2, "selections": {"target": about, "target_vicinal": nothing}}
    (tmp_path / "1-0.json").write_text(json.dumps(lesson), encoding="utf-8")
    target, vicinal = pseudo_labels(tmp_path, gold=gold, task=TASKS[TASK])
    # Precision 1 of 2, recall 1 of 3.
    assert target.accuracy == pytest.approx(100 * 2 / 5)
    assert (target.epoch, target.student, target.n, target.agreement) == (1, 2, 2, 0.5)
    assert target.share_kept == pytest.approx(2 / 3)
    assert (vicinal.n, vicinal.share_kept, vicinal.accuracy) == (0, 0.0, None)


def test_pseudo_labels_of_sentences_without_names_have_no_score(tmp_path: Path) -> None:
    nameless = Corpus.of([Example("a", "qab", (("it", "rains"),), (0, 0))])
    nameless.save(tmp_path / "1-0-target.parquet")
    about = {"n": 1, "n_corpus": 3, "n_kept": [1, 1], "agreement": 1.0}
    lesson = {"epoch": 1, "student": 2, "selections": {"target": about}}
    (tmp_path / "1-0.json").write_text(json.dumps(lesson), encoding="utf-8")
    (found,) = pseudo_labels(tmp_path, gold=nameless, task=TASKS[TASK])
    assert (found.n, found.accuracy) == (1, None)
    named = nameless.relabelled([(LABELS.index("B-PER"), 0)])
    assert pseudo_labels(tmp_path, gold=named, task=TASKS[TASK])[0].accuracy == 0


# The same again, and interrupted


@pytest.mark.slow
def test_adapt_needs_neither_test_splits_nor_labels_of_a_target_and_repeats_itself(
    world: World, copied: World
) -> None:
    for path in copied.root.rglob("test.parquet"):
        path.unlink()
    for target in TARGETS:
        copied.layout.corpus(TASK, target, "labelled").unlink()
        copied.layout.text(TASK, target).unlink()
    run_adapt(copied)
    assert content(copied.layout.adapted(TASK, TARGET)) == content(world.layout.adapted(TASK, TARGET))


@pytest.mark.slow
def test_evaluate_repeats_itself(world: World, copied: World) -> None:
    run_evaluate(copied)
    there, here = copied.layout, world.layout
    assert content(there.predictions(TASK, TARGET)) == content(here.predictions(TASK, TARGET))
    assert there.cells(TASK, TARGET).read_bytes() == here.cells(TASK, TARGET).read_bytes()


class Interrupted(Exception):
    pass


class Watched:
    """`co_teach`, which notes the epochs it is asked for and, in one of them, dies after two lessons."""

    def __init__(self, deadly: int | None = None) -> None:
        self.epochs: list[int] = []
        self.deadly = deadly

    def __call__(self, *arguments: Any, epoch: int, **others: Any) -> Iterator[Lesson]:
        self.epochs.append(epoch)
        for number, lesson in enumerate(co_teach(*arguments, epoch=epoch, **others)):
            if epoch == self.deadly and number == 2:
                raise Interrupted
            yield lesson


def interrupt(world: World, monkeypatch: pytest.MonkeyPatch, *, epoch: int) -> None:
    """Run adapt until it dies in an epoch."""
    monkeypatch.setattr(adapt, "co_teach", Watched(deadly=epoch))
    with pytest.raises(Interrupted):
        run_adapt(world)


@pytest.mark.slow
def test_an_interrupted_adaptation_goes_on_with_its_epoch_and_ends_the_same(
    world: World, copied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied.layout.adapted(TASK, TARGET)
    interrupt(copied, monkeypatch, epoch=2)
    assert content(folder) == content(world.layout.adapted(TASK, TARGET)), "an output is whole or not there"
    monkeypatch.setattr(adapt, "co_teach", watched := Watched())
    run_adapt(copied)
    assert watched.epochs == [2, 3]
    assert content(folder) == content(world.layout.adapted(TASK, TARGET))
    assert list((copied.root / "state/smoke").iterdir()) == [], "nothing is left to resume from"
    run_evaluate(copied)
    predictions = copied.layout.predictions(TASK, TARGET)
    assert content(predictions) == content(world.layout.predictions(TASK, TARGET))
    (run,) = [r for r in top_level(copied.store) if address(r) == ("uxla", TARGET)]
    assert run.info.status == "FINISHED"
    history = copied.store.client.get_metric_history(run.info.run_id, "accepted")
    assert {point.step for point in history} == set(range(18)), "the first epoch is in the same run"
    assert len(run.inputs.dataset_inputs) == 4


@pytest.mark.slow
def test_scores_go_to_the_run_of_the_very_models_that_have_them(copied: World) -> None:
    """DVC restores models of earlier parameters from its cache: another run is the last one then."""
    run_evaluate(copied)
    (own,) = [r.info.run_id for r in top_level(copied.store) if address(r) == ("uxla", TARGET)]
    cell = partial(copied.store.cell, profile="smoke", task=TASK, system="uxla", language=TARGET)
    with cell(stage="adapt") as other:
        other.log_version("of other weights")
    run_evaluate(copied)
    every = runs(copied.store, "tags.\"uxla.current\" LIKE '%'")
    found = {r.info.run_id: r.data for r in every if address(r) == ("uxla", TARGET)}
    assert {run: data.tags["uxla.current"] for run, data in found.items()} == {
        own: "true",
        other.run_id: "false",
    }
    assert "test/f1" not in found[other.run_id].metrics
    assert found[own].metrics["seconds/evaluate"] > 0.1


@pytest.mark.slow
def test_the_accuracy_of_pseudo_labels_has_the_steps_of_its_lessons(world: World) -> None:
    (run,) = [r.info.run_id for r in top_level(world.store) if address(r) == ("uxla", TARGET)]
    steps = [
        {point.step for point in world.store.client.get_metric_history(run, name)}
        for name in ("pseudo-label accuracy/target", "target/agreement rate")
    ]
    assert steps[0] <= steps[1] == {*range(6), *range(12, 18)}


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["settings", "corpus", "models", "code"])
def test_what_was_interrupted_under_other_conditions_begins_afresh(
    copied: World, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    interrupt(copied, monkeypatch, epoch=2)
    layout = copied.layout
    if changed == "corpus":
        path = layout.vicinal(TASK, TARGET)
        Corpus.load(path).select(range(10)).save(path)
    elif changed == "models":
        warmed_up = layout.warmed_up(TASK, "confidence_penalty")
        other = layout.warmed_up(TASK, "cross_entropy") / "11/model.safetensors"
        (warmed_up / "11/model.safetensors").write_bytes(other.read_bytes())
    elif changed == "code":
        monkeypatch.setattr("uxla.__path__", [str(copied.root)])
    monkeypatch.setattr(adapt, "co_teach", watched := Watched(deadly=1))
    with pytest.raises(Interrupted):
        run_adapt(copied, **({"learning_rate": 1e-5} if changed == "settings" else {}))
    assert watched.epochs == [1]


@pytest.mark.slow
def test_pretraining_never_goes_on_from_the_state_of_other_settings(copied: World) -> None:
    def pretrained(learning_rate: float) -> bytes:
        settings = copied.settings(pretrain.Settings)
        section = settings.language_model.model_copy(
            update={"learning_rate": learning_rate, "max_steps": 4, "save_every_seconds": 1e-9}
        )
        settings = settings.model_copy(update={"language_model": section})
        pretrain.pretrain(settings, layout=copied.layout, store=copied.store)
        return (copied.layout.language_model / "model.safetensors").read_bytes()

    first = pretrained(1e-3)
    assert pretrained(1e-2) != first
    assert pretrained(1e-3) == first
    assert list((copied.root / "state/smoke").iterdir()) == []


# Settings of adaptation


def blank(world: World, language: str) -> None:
    """Replace all labels of a dev set by O."""
    path = world.layout.corpus(TASK, language, "dev")
    dev = Corpus.load(path)
    dev.relabelled([np.zeros(len(classes), int) for classes in dev.classes]).save(path)


def weights(world: World) -> dict[str, bytes]:
    folder = world.layout.adapted(TASK, TARGET)
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.safetensors"))}


@pytest.mark.slow
def test_the_sources_dev_set_can_select(copied: World) -> None:
    run_adapt(copied, select_on="source dev")
    selected = weights(copied)
    blank(copied, TARGET)
    run_adapt(copied, select_on="source dev")
    assert weights(copied) == selected, "labels of the target's dev set reach nothing but what is reported"
    result = run_evaluate(copied, select_on="source dev")[System.UXLA]
    assert result.selected_on == "source dev"
    assert all(model.dev_score is not None for model in result.models)


@pytest.mark.slow
def test_no_dev_set_need_select(copied: World) -> None:
    run_adapt(copied, select_on="none")
    selected = weights(copied)
    for language in (SOURCE, TARGET):
        blank(copied, language)
    run_adapt(copied, select_on="none")
    assert weights(copied) == selected
    assert {(item["outcome"]["best"], item["outcome"]["improved"]) for item in lessons(copied.layout)} == {
        (None, True)
    }
    result = run_evaluate(copied, select_on="none")[System.UXLA]
    assert (result.selected_on, {model.dev_score for model in result.models}) == ("none", {None})


@pytest.mark.slow
def test_clustering_can_use_length_and_fluency(world: World, copied: World) -> None:
    run_adapt(copied, posterior_threshold=0.5, clustering_features=("length", "fluency"))
    kept = [item["selections"]["target"]["n_kept"] for item in lessons(copied.layout) if item["epoch"] == 1]
    assert all(0 < n <= TRAINING for pair in kept for n in pair)
    assert kept != [item["selections"]["target"]["n_kept"] for item in lessons(world.layout)[:6]]
    run_evaluate(copied)


@pytest.mark.slow
def test_side_by_side_every_student_learns_once_an_epoch(copied: World) -> None:
    run_adapt(copied, sequential=False)
    found = lessons(copied.layout)
    order = [(epoch, student) for epoch in (1, 2, 3) for student in (2, 1, 0)]
    assert [(item["epoch"], item["student"]) for item in found] == order
    assert len(run_evaluate(copied)[System.UXLA].pseudo_labels) == 3 * (1 + 1 + 3)


@pytest.mark.slow
def test_without_agreement_all_labels_of_the_first_peer_are_taken(copied: World) -> None:
    run_adapt(copied, agreement=False)
    selections = [s for item in lessons(copied.layout) for s in item["selections"].values()]
    assert all(s["n"] == s["n_kept"][0] for s in selections)
    assert any(s["agreement"] < 1 for s in selections)


@pytest.mark.slow
def test_algorithm_1_can_be_run_again_with_other_seeds(world: World, copied: World) -> None:
    run_adapt(copied, repeats=2)
    folder = copied.layout.adapted(TASK, TARGET)
    first = {name: data for name, data in content(folder).items() if not name.startswith("repeats/")}
    assert first == content(world.layout.adapted(TASK, TARGET))
    again = content(copied.layout.repeated(TASK, TARGET, 2))
    assert again.keys() == {name for name in first if not name.startswith("epochs/")}
    assert all(again[f"{seed}/model.safetensors"] != first[f"{seed}/model.safetensors"] for seed in SEEDS)
    result = run_evaluate(copied, repeats=2)[System.UXLA]
    assert [len(scores) for scores in result.repeats] == [len(SEEDS)]
    systems = [address(run)[0] for run in top_level(copied.store)]
    assert "uxla repeat 2" in systems


# Analysis


def predicted(path: Path, name: str) -> list[Any]:
    return list(pq.read_table(path)[name].to_pylist())


@pytest.mark.slow
def test_what_models_say_after_the_last_epoch_is_what_evaluate_finds(world: World) -> None:
    layout = world.layout
    said = layout.adapted(TASK, ANALYSED) / "epochs/3.parquet"
    found = layout.predictions(TASK, ANALYSED) / "uxla.parquet"
    before = layout.predictions(TASK, ANALYSED) / "confidence_penalty.parquet"
    transferred = layout.transfers(TASK, ANALYSED) / f"{ANALYSED}.parquet"
    for seed in SEEDS:
        name = f"model {seed}"
        assert predicted(said, name) == predicted(found, name) == predicted(transferred, name)
        first = layout.adapted(TASK, ANALYSED) / "epochs/0.parquet"
        assert predicted(first, name) == predicted(before, name)


@pytest.mark.slow
def test_only_models_that_are_watched_are_looked_at_on_the_way(world: World) -> None:
    for target in TARGETS:
        is_kept = (world.layout.adapted(TASK, target) / "epochs").exists()
        assert is_kept is (target == ANALYSED)


@pytest.mark.slow
def test_the_setting_of_the_target_itself_is_the_first_epoch_of_its_adaptation(world: World) -> None:
    layout = world.layout
    ablated = layout.ablations(TASK, ANALYSED) / "confidence-80/observed.parquet"
    adapted = layout.adapted(TASK, ANALYSED) / "epochs/1.parquet"
    assert ablated.read_bytes() == adapted.read_bytes()
    other = layout.ablations(TASK, ANALYSED) / "confidence-50-alone/lessons/1-0.json"
    assert json.loads(other.read_text(encoding="utf-8"))["selections"]["target"]["n"] == TRAINING // 2


@pytest.mark.slow
def test_soft_labels_begin_with_the_same_selection_and_lead_elsewhere(world: World) -> None:
    hard, soft = (world.layout.ablations(TASK, ANALYSED) / name for name in ("confidence-80", "soft-80"))
    first = "lessons/1-0-target.parquet"
    assert (soft / first).read_bytes() == (hard / first).read_bytes()
    last = "lessons/1-5-target.parquet"
    assert (soft / last).read_bytes() != (hard / last).read_bytes()


@pytest.mark.slow
def test_an_analysis_has_every_language_epoch_and_setting_and_its_scores_follow_from_the_files(
    world: World,
) -> None:
    layout = world.layout
    found = read_analyses(layout.analyses(TASK, ANALYSED).parent, TARGETS)[ANALYSED]
    assert [entry.language for entry in found.transfers] == [SOURCE, *TARGETS]
    assert [entry.epoch for entry in found.epochs] == [0, 1, 2, 3]
    assert {row.name for row in found.ablations} == set(ABLATIONS)
    for entry in found.transfers:
        gold = [tags(classes) for classes in corpus(layout, entry.language, "test").classes]
        path = layout.transfers(TASK, ANALYSED) / f"{entry.language}.parquet"
        for seed, score in entry.scores.items():
            guess = [tags(classes) for classes in predicted(path, f"model {seed}")]
            assert score == pytest.approx(100 * f1_score(gold, guess), abs=1e-5)
    gold = [tags(classes) for classes in corpus(layout, ANALYSED, "test").classes]
    for row in found.ablations:
        path = layout.ablations(TASK, ANALYSED) / row.name / "observed.parquet"
        for seed, score in row.scores.items():
            guess = [tags(classes) for classes in predicted(path, f"model {seed}")]
            assert score == pytest.approx(100 * f1_score(gold, guess), abs=1e-5)


@pytest.mark.slow
def test_analysis_repeats_itself(world: World, copied: World) -> None:
    there, here = copied.layout, world.layout
    about = {"task": TASK, "target": ANALYSED, "layout": there, "store": copied.store}
    for path in copied.root.rglob("test.parquet"):
        path.rename(path.with_suffix(".hidden"))
    ablate.ablate(copied.settings(ablate.Settings, ANALYSED), **about)
    assert content(there.ablations(TASK, ANALYSED)) == content(here.ablations(TASK, ANALYSED))
    for path in copied.root.rglob("test.hidden"):
        path.rename(path.with_suffix(".parquet"))
    analyse.analyse(copied.settings(analyse.Settings, ANALYSED), **about)
    assert there.analyses(TASK, ANALYSED).read_bytes() == here.analyses(TASK, ANALYSED).read_bytes()
    assert content(there.samples(TASK, ANALYSED)) == content(here.samples(TASK, ANALYSED))


@pytest.mark.slow
def test_an_interrupted_ablation_goes_on_with_its_setting(
    world: World, copied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, lives = copied.layout, iter([True, False])
    settings = copied.settings(ablate.Settings, ANALYSED)
    about = {"task": TASK, "target": ANALYSED, "layout": layout, "store": copied.store}

    def mortal(*arguments: Any, **others: Any) -> Iterator[Lesson]:
        if not next(lives):
            raise Interrupted
        return co_teach(*arguments, **others)

    monkeypatch.setattr(ablate, "co_teach", mortal)
    with pytest.raises(Interrupted):
        ablate.ablate(settings, **about)
    assert not layout.ablations(TASK, ANALYSED).exists()
    lives = iter([True] * (len(ABLATIONS) - 1))
    ablate.ablate(settings, **about)
    assert content(layout.ablations(TASK, ANALYSED)) == content(world.layout.ablations(TASK, ANALYSED))


@pytest.mark.slow
def test_summarise_writes_a_page_and_figures_and_needs_an_analysis(world: World, tmp_path: Path) -> None:
    tables = world.layout.tables()
    page = (tables / f"{TASK}_analysis.md").read_text(encoding="utf-8")
    assert [f"({name})" in page for name in ("as Table 5", "as Table 6", "as Figure 2")] == [True] * 3
    pictures = {path.name for path in world.layout.figures(TASK).iterdir()}
    assert {f"{name}.svg" for name in CAPTIONS} | {"validation.csv", "README.md"} == pictures
    with pytest.raises(ValueError, match="run the analyse stage"):
        summarise.summarise(world.settings(summarise.Settings), task=TASK, layout=Layout("smoke", tmp_path))


# Tracking

BASELINES = ("cross_entropy", "confidence_penalty")
SYSTEMS = {
    **dict.fromkeys(("vicinity", *BASELINES), (SOURCE, *TARGETS)),
    **dict.fromkeys(FURTHER, (SOURCE, *TARGETS)),
    **dict.fromkeys((f"{system} ensemble" for system in (*BASELINES, *FURTHER)), (SOURCE, *TARGETS)),
    **dict.fromkeys(("uxla", "supervised", "uxla ensemble", "supervised ensemble"), TARGETS),
    **dict.fromkeys((f"ablation {name}" for name in ABLATIONS), (ANALYSED,)),
    **dict.fromkeys(("masked LM", "masked LM mbert", "masked LM continued"), ("all",)),
    "data": ("all",),
}
CELLS = {(system, language) for system, languages in SYSTEMS.items() for language in languages}


def runs(store: Store, condition: str = "") -> list[Any]:
    experiment = store.client.get_experiment_by_name("smoke").experiment_id
    return list(store.client.search_runs([experiment], condition, max_results=1000))


def top_level(store: Store) -> list[Any]:
    return runs(store, "tags.\"uxla.current\" = 'true'")


def address(run: Any) -> tuple[str, str]:
    return run.data.tags["uxla.system"], run.data.tags["uxla.language"]


def children(store: Store, run: Any) -> dict[str, Any]:
    found = runs(store, f"tags.\"mlflow.parentRunId\" = '{run.info.run_id}'")
    return {part_of(child.info.run_name): child for child in found}


@pytest.fixture(scope="session")
def tracked(world: World) -> Mapping[tuple[str, str], Any]:
    """The current run of every cell, by system and language."""
    return {address(run): run for run in top_level(world.store)}


@pytest.mark.slow
def test_every_table_cell_has_one_current_run(world: World, tracked: Mapping[tuple[str, str], Any]) -> None:
    assert len(top_level(world.store)) == len(tracked)
    assert tracked.keys() == CELLS
    assert {run.data.tags["uxla.task"] for run in tracked.values()} == {"all", TASK}


@pytest.mark.slow
def test_no_run_is_left_running(world: World) -> None:
    assert {run.info.status for run in runs(world.store)} == {"FINISHED"}


@pytest.mark.slow
def test_models_and_epochs_are_nested(world: World, tracked: Mapping[tuple[str, str], Any]) -> None:
    models = {f"model {seed}" for seed in SEEDS}
    for system in CORE:
        assert children(world.store, tracked[system.value, TARGET]).keys() == models
    for child in children(world.store, tracked["uxla", TARGET]).values():
        assert children(world.store, child).keys() == {"epoch 1", "epoch 2", "epoch 3"}


@pytest.mark.slow
def test_every_kind_of_metric_is_there(world: World, tracked: Mapping[tuple[str, str], Any]) -> None:
    uxla = tracked["uxla", TARGET]
    names = {f"seconds/{stage}" for stage in ("adapt", "evaluate", "analyse")} | {"accepted", "dev"}
    names |= {f"transfer/f1 {language}" for language in (SOURCE, *TARGETS)}
    names |= {"validation/target dev", "validation/source dev", "epochs/test f1"}
    names |= {"test/f1", "test/f1 std", "test/f1 low", "test/f1 high", "pseudo-label accuracy/target"}
    origins = ("target", "source_vicinal", "target_vicinal")
    parts = ("pseudo labels", "share kept by k", "share kept by j", "agreement rate")
    names |= {f"{origin}/{part}" for origin in origins for part in parts}
    assert names <= uxla.data.metrics.keys()
    for model in children(world.store, uxla).values():
        assert {"test/f1", "seconds"} <= model.data.metrics.keys()
        for epoch in children(world.store, model).values():
            assert {"loss", "dev", "seconds"} <= epoch.data.metrics.keys()
            history = world.store.client.get_metric_history(epoch.info.run_id, "loss")
            assert sorted(point.step for point in history) == list(range(1, 13)), "two lessons of six steps"
    for model in children(world.store, tracked["supervised", TARGET]).values():
        assert {"loss", "dev", "test/f1", "seconds"} <= model.data.metrics.keys()
    assert {"loss", "seconds/pretrain"} <= tracked["masked LM", "all"].data.metrics.keys()
    assert {"sentences", "copies", "seconds/generate"} <= tracked["vicinity", TARGET].data.metrics.keys()


@pytest.mark.slow
def test_scores_in_the_store_are_those_in_the_files(
    world: World, tracked: Mapping[tuple[str, str], Any]
) -> None:
    for result in read_cell(world.layout.cells(TASK, TARGET)):
        run = tracked[result.system.value, TARGET]
        assert run.data.metrics["test/f1"] == pytest.approx(np.mean(result.scores), abs=1e-5)
        alone = tracked[f"{result.system.value} ensemble", TARGET]
        assert alone.data.metrics["test/f1"] == pytest.approx(result.ensemble.score, abs=1e-5)
        assert run.data.tags["selected on"] == result.selected_on


@pytest.mark.slow
def test_inputs_are_noted(tracked: Mapping[tuple[str, str], Any]) -> None:
    def inputs(system: str, language: str) -> set[str]:
        return {entry.dataset.name for entry in tracked[system, language].inputs.dataset_inputs}

    assert inputs("uxla", TARGET) == {"source", "target", "source_vicinal", "target_vicinal"}
    assert inputs("supervised", TARGET) == {f"{TARGET} labelled", f"{TARGET} dev"}
    assert inputs("cross_entropy", SOURCE) == {f"{SOURCE} labelled", f"{SOURCE} dev"}
    assert inputs("vicinity", TARGET) == {f"{TARGET} unlabelled", f"{TARGET} vicinal"}
    assert len(inputs("masked LM", "all")) == 1 + len(TARGETS)


@pytest.mark.slow
def test_models_are_listed_and_can_be_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.chdir(world.root)
    client = world.store.client
    experiment = client.get_experiment_by_name("smoke").experiment_id
    models = {model.name: model for model in client.search_logged_models([experiment], max_results=100)}
    assert {model.status.value for model in models.values()} == {"READY"}
    adapted = [f"uxla {target} {seed}" for target in TARGETS for seed in SEEDS]
    warmed_up = [f"{o} {SOURCE} {seed}" for o in ("cross_entropy", "confidence_penalty") for seed in SEEDS]
    supervised = [f"{target} {target} {seed}" for target in TARGETS for seed in SEEDS]
    rivals = [f"masked LM {name}" for name in ("mbert", "continued")]
    rivals += [f"{name} {SOURCE} {seed}" for name in FURTHER[:-1] for seed in SEEDS]
    assert models.keys() == {"masked LM", *adapted, *warmed_up, *supervised, *rivals}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    tagger = mlflow.transformers.load_model(f"models:/{models[adapted[0]].model_id}")
    assert tagger.model.config.id2label == dict(enumerate(LABELS))
    weights = TaskModel.load(world.layout.adapted(TASK, TARGET) / str(SEEDS[0])).network.state_dict()
    assert all((weights[name] == weight).all() for name, weight in tagger.model.state_dict().items())


@pytest.mark.slow
def test_pairs_go_through_all_stages_to_the_table(world: World, tmp_path: Path) -> None:
    task = "xnli"
    whole = world.parameters.model_dump(mode="json")
    profile = whole["profiles"]["smoke"]
    alone = {"supervised_on": "all", "rivals": {}, "tagger": None}
    profile["tasks"] = {task: profile["tasks"][TASK] | alone}
    profile["run"]["tasks"] = [task]
    profile["tasks"][task]["vicinity"] |= {"diversification_factors": [2, 2], "min_words": 2}
    profile["language_model"]["corpora"] = [f"{task}/{code}" for code in (SOURCE, *TARGETS)]
    parameters = Parameters.model_validate(whole)
    run_world(parameters, profile="smoke", seed=1, root=tmp_path)
    layout = Layout("smoke", tmp_path)
    settings = select(aggregate.Settings, parameters, profile="smoke", task=task)
    aggregate.aggregate(settings, task=task, layout=layout, strict=True)
    cells = {result.system: result for result in read_cell(layout.cells(task, TARGET))}
    test = Corpus.load(layout.corpus(task, TARGET, "test"))
    gold = np.array([classes[0] for classes in test.classes])
    for system, result in cells.items():
        assert (result.metric, result.n_examples) == ("accuracy", TEST)
        table = pq.read_table(layout.predictions(task, TARGET) / f"{system.value}.parquet")
        for model in result.models:
            predicted = np.array([classes[0] for classes in table[f"model {model.seed}"].to_pylist()])
            assert model.score == pytest.approx(100 * (predicted == gold).mean(), abs=1e-5)
            assert (model.seed in result.collapsed) == (len(set(predicted)) == 1)
    everybody = Corpus.load(layout.corpus(task, "all", "labelled"))
    codes = parameters.profiles["smoke"].tasks[task].data.codes
    assert {example.language for example in everybody} == set(codes)
    assert cells[System.SUPERVISED].selected_on == "all dev"
    assert [path.name for path in layout.supervised(task, "all").parent.iterdir()] == ["all"]
    made = Corpus.load(layout.vicinal(task, TARGET))
    assert {len(example.texts) for example in made} == {2}
    assert len(made) > 2 * TRAINING
    assert "accuracy on the test sets" in (layout.tables() / f"{task}.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_same_language_in_two_tasks_is_two_cells(tmp_path: Path, template: Path) -> None:
    store = store_below(tmp_path, template)
    for task in ("xner", "xnli"):
        with store.cell(profile="smoke", task=task, system="uxla", language="es", stage="adapt"):
            pass
    assert sorted(run.data.tags["uxla.task"] for run in top_level(store)) == ["xner", "xnli"]
