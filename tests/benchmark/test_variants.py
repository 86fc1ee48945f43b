"""Sections of one task have a name of their own, and the labels of the task."""

import pytest

from benchmark.variants import task_of, title_of
from uxla.tasks import TASKS


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_section_is_of_the_task_that_its_name_begins_with(task) -> None:
    assert task_of(task.name) is task_of(f"{task.name}_full") is task


@pytest.mark.parametrize("name", ["pos", "", "_full", "xnlifull"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"a task must be one of xner, .* and a word, was: {name}$"):
        task_of(name)


def test_a_table_is_called_by_task_and_setting() -> None:
    assert [title_of(name) for name in ("xner", "pawsx_full")] == ["XNER", "PAWS-X full"]
