"""Pseudo labels in means over the lessons of an epoch and origin."""

import pytest

from benchmark.labellings import labellings_of
from tests.benchmark.test_tables import lesson, result


def test_lessons_are_averaged_by_epoch_and_origin_the_target_first() -> None:
    found = labellings_of("es", result("uxla", "es"))
    assert [(entry.epoch, entry.origin) for entry in found] == [(1, "target"), (2, "target vicinal")]
    assert found[0] == ("es", 1, "target", 1001.0, 0.75, 0.875, 96.0)


def test_without_gold_in_some_lesson_there_is_no_accuracy() -> None:
    lessons = [lesson(1, "target", 0), lesson(1, "target", 1) | {"accuracy": None}]
    (found,) = labellings_of("es", result("uxla", "es", pseudo_labels=lessons))
    assert (found.accuracy, found.n) == (None, pytest.approx(1000.5))
