"""What the analyse stage found out about one target (§4 of the paper); JSON in and out.

Scores are in percent, by the seed of the model; shares lie in [0, 1].
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.results import EnsembleScore, Interval, Name, Percent, PseudoLabels, rounded
from uxla.files import write_text

Scores = dict[int, Percent]
"""The score of every model, by its seed."""

Criterion = Literal["target dev", "source dev", "last", "test"]
"""What may choose the epoch whose models are kept; the test set is the oracle's."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TransferScore(_Record):
    """The models adapted to the target, on the test set of some language (Table 6)."""

    language: Name
    scores: Scores
    interval: Interval
    ensemble: EnsembleScore


class EpochScore(_Record):
    """The models after an epoch; before the first, as they were warmed up (Figure 2)."""

    epoch: int
    dev: dict[Name, Scores]
    test: Scores


class AblationScore(_Record):
    """The models after the first epoch in another setting (Table 5), and what they learnt from."""

    name: Name
    scores: Scores
    interval: Interval
    pseudo_labels: tuple[PseudoLabels, ...]


class Analysis(_Record):
    """All that was found out about one target."""

    profile: Name
    task: Name
    target: Name
    metric: Literal["f1", "accuracy"]
    n_examples: int
    transfers: tuple[TransferScore, ...]
    epochs: tuple[EpochScore, ...]
    ablations: tuple[AblationScore, ...]

    def selected(self, criterion: Criterion) -> Scores:
        """The test scores of the models of the epochs that a criterion chooses, each model its own.

        Of equally good epochs the earlier is chosen; the models before the first epoch are not among them.
        """
        after = [epoch for epoch in self.epochs if epoch.epoch > 0]
        if criterion == "last":
            return after[-1].test
        found = {}
        for seed in after[-1].test:
            values = [(e.test if criterion == "test" else e.dev[criterion])[seed] for e in after]
            found[seed] = after[int(np.argmax(values))].test[seed]
        return found


def write_analysis(path: Path, analysis: Analysis) -> None:
    """Write the analysis of a target, `<target>.json`; equal analyses give equal bytes."""
    content = rounded(analysis.model_dump(mode="json"))
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_analyses(folder: Path, targets: Iterable[str]) -> Mapping[str, Analysis]:
    """The analyses of those targets that have one, in the order of the targets.

    Raises:
        ValueError: a file is none of these, or is of another target.
    """
    found = {}
    for target in targets:
        path = folder / f"{target}.json"
        if path.is_file():
            try:
                found[target] = Analysis.model_validate_json(path.read_bytes())
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"])) or "content"
                raise ValueError(f"{path}: {where}: {first['msg']}; run the analyse stage") from None
            if found[target].target != target:
                raise ValueError(f"{path}: expected the target {target}, was: {found[target].target}")
    return found
