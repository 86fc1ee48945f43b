"""Table 8 of a task, from params.yaml: what the paper prints, targets that differ, other ways to distil."""

from typing import Any

import pytest
import yaml

from benchmark.hyperparameters import Hyperparameter, hyperparameters
from benchmark.sections import TaskSection
from benchmark.settings import read_parameters
from tests.benchmark.parameters import PARAMETERS, SHARED

TRANSCRIPT = SHARED / "paper/tables.yaml"
PROFILES = read_parameters(PARAMETERS).profiles


def rows(section: TaskSection) -> dict[str, Hyperparameter]:
    found = hyperparameters(
        "XLM-R",
        data=section.data,
        warmup=section.warmup,
        vicinity=section.vicinity,
        targets=section.targets,
    )
    assert len({row.name for row in found}) == len(found)
    return {row.name: row for row in found}


def changed(**changes: Any) -> TaskSection:
    """The paper's XNER, with some numbers of one target changed."""
    section = PROFILES["paper"].tasks["xner"]
    target = section.targets["nl"].model_copy(update=changes)
    return section.model_copy(update={"targets": {"es": section.targets["es"], "nl": target}})


@pytest.mark.skipif(
    not TRANSCRIPT.exists(), reason="needs the transcript of the paper's tables beside the project"
)
@pytest.mark.parametrize("task", ["xner", "xnli", "pawsx"])
def test_the_paper_profile_has_the_numbers_of_table_8(task: str) -> None:
    printed = yaml.safe_load(TRANSCRIPT.read_text("utf-8"))["tables"]["table8"]
    first = printed["columns"].index(f"{task}_warmup")
    ours = rows(PROFILES["paper"].tasks[task])
    names = {
        "sampling-factor-alpha": "sampling factor alpha",
        "drop-out": "dropout",
        "max-seq-length": "maximum length",
        "per-gpu-train-batch-size": "batch size",
        "grad-accumulation-steps": "gradient accumulation",
        "logging-step": "validation every ... steps",
        "learning-rate": "learning rate",
        "adam-epsilon": "Adam epsilon",
        "max-grad-norm": "maximum gradient norm",
        "max-steps": "steps",
    }
    for key, name in names.items():
        warmup, adaptation = printed["rows"][key][first : first + 2]
        for theirs, mine in ((warmup, ours[name].warmup), (adaptation, ours[name].adaptation)):
            assert (mine if theirs is None else float(mine or "nan")) == theirs, (key, mine)
    eta = printed["rows"]["distilation-factor-eta"][first + 1]
    assert ours["distillation factor eta"].adaptation == ", ".join(f"{value} %" for value in eta)
    share = printed["rows"]["train-data-percentage"][first]
    assert ours["training data"].warmup == f"{share} %"
    percentage = printed["rows"]["aug-percentage-P"][first + 1]
    assert ours["augmentation percentage P"].adaptation == f"{percentage} %"


def test_targets_that_differ_are_named() -> None:
    found = rows(changed(learning_rate=1e-4, agreement=False, soft_labels=True))
    assert found["learning rate"] == ("learning rate", "3e-05", "es 5e-06; nl 0.0001")
    assert found["agreement"].adaptation == "es yes; nl no"
    assert found["pseudo labels"].adaptation == "es hard; nl soft"
    assert found["batch size"].adaptation == "4"


def test_clustering_has_a_posterior_in_place_of_eta() -> None:
    found = rows(changed(posterior_threshold=0.5, clustering_features=("length",)))
    clusters = "by 2 full-covariance clusters of loss, length, posterior 0.5"
    assert found["distillation"].adaptation == f"es by confidence; nl {clusters}"
    assert found["distillation factor eta"].adaptation == "es 80 %, 100 %, 100 %; nl none"


@pytest.mark.parametrize(("task", "name"), [("xner", "successive max"), ("xnli", "successive cross")])
def test_pairs_are_augmented_by_successive_cross(task: str, name: str) -> None:
    assert rows(PROFILES["smoke"].tasks[task])["augmentation"].adaptation == name


def test_toy_data_are_used_whole() -> None:
    assert rows(PROFILES["smoke"].tasks["xnli"])["training data"].warmup == "100 %"
