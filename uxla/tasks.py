"""The tasks as data: their labels, how many texts an example has, and what is labelled (UXLA §3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """What carries a label: each word, or the example as a whole."""

    WORD = "word"
    EXAMPLE = "example"


@dataclass(frozen=True)
class Task:
    """One task: its names in code and in print, its labels in the order of the classes, and its examples."""

    name: str
    title: str
    labels: tuple[str, ...]
    level: Level
    n_texts: int

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.labels)

    @property
    def metric(self) -> str:
        """Name of the headline score: span F1 for word labels, accuracy for example labels."""
        return "f1" if self.level is Level.WORD else "accuracy"

    def class_of(self, label: str) -> int:
        """Class of a label.

        Raises:
            ValueError: the task has no such label.
        """
        try:
            return self.labels.index(label)
        except ValueError:
            raise ValueError(
                f"a label of task {self.name} must be one of {', '.join(self.labels)}, was: {label!r}"
            ) from None


def _iob2(*types: str) -> tuple[str, ...]:
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("xner", "XNER", _iob2("PER", "ORG", "LOC", "MISC"), Level.WORD, n_texts=1),
        Task("wikiann", "WikiANN", _iob2("PER", "ORG", "LOC"), Level.WORD, n_texts=1),
        Task("xnli", "XNLI", ("entailment", "neutral", "contradiction"), Level.EXAMPLE, n_texts=2),
        Task("pawsx", "PAWS-X", ("different", "paraphrase"), Level.EXAMPLE, n_texts=2),
    )
}
"""The tasks of the paper, by name; `wikiann` is XNER without MISC (Table 2)."""
