"""What the evaluate stage found out about a system in a language; JSON in and out.

Scores, and differences of scores, are in percent as in the paper's tables; shares lie in [0, 1].
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from uxla.files import write_text

Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]

DIGITS = 6
"""Decimals that files keep, so that the last bits of a float change no file."""


class System(StrEnum):
    """The rows of a table: two objectives of the warmed-up models, UXLA, and the upper bound.

    Among them are the further baselines of Tables 1 and 7, the same objectives on a rival's encoder and the
    LSTM-CRF, where a profile has them.
    """

    MBERT_CROSS_ENTROPY = "mbert_cross_entropy"
    CROSS_ENTROPY = "cross_entropy"
    MBERT_CONFIDENCE_PENALTY = "mbert_confidence_penalty"
    CONTINUED_CROSS_ENTROPY = "continued_cross_entropy"
    CONTINUED_CONFIDENCE_PENALTY = "continued_confidence_penalty"
    CONFIDENCE_PENALTY = "confidence_penalty"
    UXLA = "uxla"
    LSTM_CRF = "lstm_crf"
    SUPERVISED = "supervised"


SYSTEMS = (System.CROSS_ENTROPY, System.CONFIDENCE_PENALTY, System.UXLA, System.SUPERVISED)
"""What every table has."""

ZERO_SHOT = (System.CONFIDENCE_PENALTY, System.CROSS_ENTROPY)
"""What UXLA is tested against: what it began as, and models without the penalty as in the paper's text."""

UPPER_BOUNDS = (System.LSTM_CRF, System.SUPERVISED)
"""What learns from labels of the language it is tested in."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(_Record):
    """Ends of a confidence interval over the examples, or over examples and seeds."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ends_in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low must not exceed high, was: {self.low} and {self.high}")
        return self


class ModelScore(_Record):
    """One model: its seed, its score, and its score on the dev set that selected its checkpoint."""

    seed: int
    score: Percent
    dev_score: Percent | None


class EnsembleScore(_Record):
    """The score of the averaged probabilities of all models."""

    score: Percent
    interval: Interval


class Comparison(_Record):
    """This system minus another, in means over models, with its paired interval and test.

    `crossed_interval` is over examples and seeds, None in files that were written before it was.
    `mcnemar` is the p-value of McNemar's test of their ensembles, where examples have one label.
    """

    against: System
    difference: float
    interval: Interval
    crossed_interval: Interval | None = None
    p_value: Share
    mcnemar: Share | None = None


class PseudoLabels(_Record):
    """What one lesson of Algorithm 1 learnt from one unlabelled corpus, and how true its labels were.

    `share_kept` relates `n` to the corpus; `agreement` is the share of the examples selected by both
    peers that they label alike; `accuracy` is that of the labels kept, None where there is no gold.
    """

    epoch: Count
    student: Annotated[int, Field(ge=0)]
    origin: Literal["target", "source_vicinal", "target_vicinal"]
    n: Annotated[int, Field(ge=0)]
    share_kept: Share
    agreement: Share
    accuracy: Percent | None


class Result(_Record):
    """One cell of a table: a system in a language, scored on the gold of one split.

    `interval` is that of the mean over models, over the examples; `crossed_interval` is over examples and
    seeds, None in files that were written before it was; `collapsed` are the seeds of models that give
    all examples one class; `repeats` are the scores of the models of further runs of the same with other
    seeds; `seconds` are by stage.
    """

    profile: Name
    task: Name
    system: System
    language: Name
    metric: Literal["f1", "accuracy"]
    split: Literal["test"]
    selected_on: Literal["source dev", "target dev", "all dev", "none"]
    n_examples: Count
    models: Annotated[tuple[ModelScore, ...], Field(min_length=1)]
    interval: Interval
    crossed_interval: Interval | None = None
    ensemble: EnsembleScore | None
    collapsed: tuple[int, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    pseudo_labels: tuple[PseudoLabels, ...] = ()
    repeats: tuple[tuple[Percent, ...], ...] = ()
    seconds: dict[Name, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        _refuse_repeated("seed", [model.seed for model in self.models])
        _refuse_repeated("comparison", [str(comparison.against) for comparison in self.comparisons])
        if foreign := set(self.collapsed) - set(self.seeds):
            raise ValueError(f"collapsed models must be among the models, was: {sorted(foreign)}")
        for model in self.models:
            if (model.dev_score is None) != (self.selected_on == "none"):
                raise ValueError(
                    "a model has a dev score where a dev set selected it, "
                    f"was: {model.dev_score} selected on {self.selected_on}"
                )
        return self

    @property
    def scores(self) -> list[float]:
        """The scores of the models, in their order."""
        return [model.score for model in self.models]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the models, in their order."""
        return tuple(model.seed for model in self.models)


def write_cell(path: Path, results: Sequence[Result]) -> None:
    """Write the results of one language, `<language>.json`; equal results give equal bytes.

    Raises:
        ValueError: a result of another language, or two of one system.
    """
    ordered = sorted(results, key=lambda result: list(System).index(result.system))
    _refuse_foreign(path, ordered)
    content = rounded([result.model_dump(mode="json") for result in ordered])
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_cell(path: Path) -> list[Result]:
    """Read the results of one language.

    Raises:
        ValueError: the file is missing, is no such file, or belongs to another language.
    """
    if not path.is_file():
        raise ValueError(f"{path}: expected a file of results, found none; run the evaluate stage")
    try:
        results = _RESULTS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}: {_first_line(error)}") from None
    _refuse_foreign(path, results)
    return results


def read_cells(folder: Path) -> list[Result]:
    """Read the results of all languages of a task, of further baselines too; no folder holds none."""
    paths = [path for path in sorted(folder.rglob("*.json")) if not _is_hidden(path.relative_to(folder))]
    return [result for path in paths for result in read_cell(path)]


def _is_hidden(path: Path) -> bool:
    """Whether it is what a crash has left of a folder that was being written."""
    return any(part.startswith(".") for part in path.parts)


def rounded(value: Any) -> Any:
    """The same JSON content with every float at `DIGITS` decimals."""
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0  # adding zero turns -0.0 into 0.0
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return value


_RESULTS = TypeAdapter(list[Result])


def _refuse_foreign(path: Path, results: Iterable[Result]) -> None:
    systems = []
    for result in results:
        if result.language != path.stem:
            raise ValueError(f"{path}: expected results for language {path.stem}, was: {result.language}")
        systems.append(str(result.system))
    try:
        _refuse_repeated("system", systems)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _refuse_repeated(what: str, values: Sequence[int | str]) -> None:
    for value, times in Counter(values).items():
        if times > 1:
            raise ValueError(f"a {what} may occur once, was: {value} {times} times")


def _first_line(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "content"
    message = first["msg"].removeprefix("Value error, ").splitlines()[0]
    if first["type"] == "value_error":  # our own message ends in the value
        return f"{where}: {message}"
    return f"{where}: {message}, was: {repr(first['input'])[:80]}"
