"""Sections refuse what makes no sense, and the paper profile has every number of Table 8."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from benchmark.data import SplitFiles
from benchmark.sections import (
    AdaptationSection,
    LanguageModelSection,
    Profile,
    PublicModelSection,
    RecipeSection,
    TaskSection,
)
from benchmark.settings import parameter_file, read_parameters
from benchmark.variants import task_of
from tests.benchmark.parameters import PARAMETERS, SHARED, content

PARSED = read_parameters(PARAMETERS)
PAPER = PARSED.profiles["paper"]
SMOKE = content()["profiles"]["smoke"]
TABLES = SHARED / "paper/tables.yaml"

MISPRINTED = {("UXLA-epochs", "pawsx_adapt")}
"""6 there, where Algorithm 1 has three epochs and the same column three factors eta."""
IN_CODE = {
    "n-mixture-component": "uxla/distillation.py",
    "covariance-type": "uxla/distillation.py",
    "do-lower-case": "the tokenizer of the checkpoint",
    "aug-type": "one text for XNER, both texts crossed for pairs",
}
"""Rows of Table 8 that no parameter can change."""


def _share_of_warmup(section: RecipeSection) -> object:
    return section.lr_warmup if section.lr_warmup >= 1 else f"{section.lr_warmup:.0%} of train"


EVERYWHERE: dict[str, Callable[[RecipeSection], object]] = {
    "drop-out": lambda s: s.dropout,
    "max-seq-length": lambda s: s.max_length,
    "per-gpu-train-batch-size": lambda s: s.batch_size,
    "grad-accumulation-steps": lambda s: s.accumulate,
    "logging-step": lambda s: s.validate_every,
    "learning-rate": lambda s: s.learning_rate,
    "lr-warm-up-steps": _share_of_warmup,
    "weight-decay": lambda s: s.weight_decay or None,  # a dash for XNLI and PAWS-X
    "adam-epsilon": lambda s: s.adam_epsilon,
    "max-grad-norm": lambda s: s.max_gradient_norm,
    "max-steps": lambda s: s.max_steps,
}
"""Rows that both columns of a task have, as they read in params.yaml."""

ADAPTING: dict[str, Callable[[TaskSection, AdaptationSection], object]] = {
    "sampling-factor-alpha": lambda task, s: s.sampling_factor,
    "num-of-train-epochs": lambda task, s: s.train_passes,
    "UXLA-epochs": lambda task, s: len(s.keep_fractions),
    "distilation-factor-eta": lambda task, s: [round(100 * share) for share in s.keep_fractions],
    "aug-percentage-P": lambda task, s: round(100 * task.vicinity.mask_ratio),
    "diversification-factor-delta": lambda task, s: _delta(task.vicinity.diversification_factors),
    "distillation-type": lambda task, s: "confidence" if s.posterior_threshold is None else "clustering",
}
"""Rows of the adaptation alone; of the posterior threshold, see below."""


def _delta(factors: tuple[int, ...]) -> object:
    return factors[0] if len(factors) == 1 else "x".join(map(str, factors))


@pytest.fixture(scope="module")
def table() -> dict[tuple[str, str], Any]:
    """Table 8 by row and column."""
    if not TABLES.is_file():
        pytest.skip(f"no {TABLES}: the tables of the paper are not at hand")
    printed = yaml.safe_load(TABLES.read_text(encoding="utf-8"))["tables"]["table8"]
    return {
        (row, column): value
        for row, values in printed["rows"].items()
        for column, value in zip(printed["columns"], values, strict=True)
    }


@pytest.mark.parametrize("row", EVERYWHERE)
@pytest.mark.parametrize("task", ["xner", "xnli", "pawsx"])
def test_the_paper_profile_trains_by_table_8(table: dict[tuple[str, str], Any], task: str, row: str) -> None:
    section, read = PAPER.tasks[task], EVERYWHERE[row]
    assert read(section.warmup) == read(section.supervision) == table[row, f"{task}_warmup"]
    for adaptation in (section.adaptation, *section.targets.values()):
        assert read(adaptation) == table[row, f"{task}_adapt"]


@pytest.mark.parametrize("row", ADAPTING)
@pytest.mark.parametrize("task", ["xner", "xnli", "pawsx"])
def test_the_paper_profile_adapts_by_table_8(table: dict[tuple[str, str], Any], task: str, row: str) -> None:
    section, read = PAPER.tasks[task], ADAPTING[row]
    expected = 3 if (row, f"{task}_adapt") in MISPRINTED else table[row, f"{task}_adapt"]
    for adaptation in (section.adaptation, *section.targets.values()):
        assert read(section, adaptation) == expected


@pytest.mark.parametrize("task", ["xner", "xnli", "pawsx"])
def test_epochs_printed_for_the_warm_up_are_passes_over_its_data(
    table: dict[tuple[str, str], Any], task: str
) -> None:
    assert PAPER.tasks[task].warmup.train_passes == table["UXLA-epochs", f"{task}_warmup"]
    assert table["num-of-train-epochs", f"{task}_warmup"] is None


@pytest.mark.parametrize("task", ["xner", "xnli", "pawsx"])
def test_the_paper_profile_takes_the_share_of_data_of_table_8(
    table: dict[tuple[str, str], Any], task: str
) -> None:
    percent = 100 * PAPER.tasks[task].data.train_fraction  # type: ignore[union-attr]
    assert percent == table["train-data-percentage", f"{task}_warmup"]
    assert percent == table["train-data-percentage", f"{task}_adapt"]


def test_the_paper_profile_begins_with_the_model_of_table_8(table: dict[tuple[str, str], Any]) -> None:
    assert table["model-type", "xner_warmup"] == "xlm-r L"
    assert isinstance(PAPER.language_model, PublicModelSection)
    assert PAPER.language_model.pretrained == "FacebookAI/xlm-roberta-large"


def test_warm_up_alone_has_the_penalty_as_in_table_8(table: dict[tuple[str, str], Any]) -> None:
    assert [table["conf-penalty", f"xner_{stage}"] for stage in ("warmup", "adapt")] == [True, False]
    assert "confidence_penalty" in PAPER.run.objectives


def test_the_threshold_of_clustering_waits_as_table_8_distils_by_confidence(
    table: dict[tuple[str, str], Any],
) -> None:
    assert table["distillation-type", "xner_adapt"] == "confidence"
    assert PAPER.tasks["xner"].adaptation.posterior_threshold is None
    text = (PARAMETERS.parent / parameter_file("paper")).read_text(encoding="utf-8")
    (line,) = [x for x in text.splitlines() if "by clustering" in x]
    assert f"{table['posterior-threshold', 'xner_adapt']} for distillation by clustering" in line


def test_no_row_of_table_8_is_forgotten(table: dict[tuple[str, str], Any]) -> None:
    apart = {"model-type", "train-data-percentage", "conf-penalty", "posterior-threshold"}
    assert {row for row, _ in table} == {*EVERYWHERE, *ADAPTING, *IN_CODE, *apart}


def test_both_columns_of_the_source_and_the_targets_are_of_known_tasks() -> None:
    for profile in PARSED.profiles.values():
        for name, task in profile.tasks.items():
            assert len(task.vicinity.diversification_factors) == task_of(name).n_texts


def refused(section: type, values: object) -> str:
    """The one complaint about a section."""
    with pytest.raises(ValidationError) as caught:
        section.model_validate(values)
    (error,) = caught.value.errors()
    return str(error["msg"])


@pytest.mark.parametrize(("steps", "passes"), [(60, 2.0), (None, None)])
def test_a_training_has_one_length(steps: int | None, passes: float | None) -> None:
    values = {**SMOKE["tasks"]["xner"]["warmup"], "max_steps": steps, "train_passes": passes}
    assert refused(RecipeSection, values).endswith(
        f"one of max_steps and train_passes must be a number, one null, was: {steps} and {passes}"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(value: float) -> None:
    values = {**SMOKE["tasks"]["xner"]["warmup"], "learning_rate": value}
    assert refused(RecipeSection, values) == "Input should be a finite number"


def test_every_split_has_a_file() -> None:
    with pytest.raises(ValidationError, match=r"test\n  Field required"):
        SplitFiles.model_validate({"train": "a", "dev": "b"})


def test_targets_are_the_languages_of_the_table() -> None:
    task = {**SMOKE["tasks"]["xner"], "languages": ["qab", "qac"]}
    assert refused(TaskSection, task).endswith(
        "languages and targets must name the same, was: ['qab', 'qac'] and ['qab', 'qac', 'qad', 'qae']"
    )


def test_languages_have_data() -> None:
    assert refused(TaskSection, {**SMOKE["tasks"]["xner"], "source": "qaz"}).endswith(
        "source and languages must be among qaa, qab, qac, qad, qae, was: qaz"
    )


def test_what_is_run_is_not_absent() -> None:
    task = {**SMOKE["tasks"]["xner"], "absent": {"qab": "no reason"}}
    assert refused(TaskSection, task).endswith("absent must name languages that are not run, was: qab")


def test_tasks_are_known() -> None:
    profile = {**SMOKE, "tasks": {"pos": SMOKE["tasks"]["xner"]}}
    assert "a task must be one of xner, wikiann, xnli, pawsx" in refused(Profile, profile)


def test_what_is_analysed_is_watched() -> None:
    target = SMOKE["tasks"]["xner"]["targets"]["qad"]
    targets = SMOKE["tasks"]["xner"]["targets"] | {"qad": target | {"watched": False}}
    tasks = SMOKE["tasks"] | {"xner": SMOKE["tasks"]["xner"] | {"targets": targets}}
    message = "tasks.xner.targets.qad.watched must be true of a target that is analysed, was: false"
    assert message in refused(Profile, SMOKE | {"tasks": tasks})


def test_a_language_model_is_made_here_or_public() -> None:
    models = {name: profile.language_model for name, profile in PARSED.profiles.items()}
    assert isinstance(models["smoke"], LanguageModelSection)
    assert isinstance(models["mini"], LanguageModelSection)
    assert isinstance(models["paper"], PublicModelSection)


def test_a_section_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PAPER.tasks["xner"].vicinity.mask_ratio = 0.5
