"""What co-teaching begins with, and what is kept of its lessons: shared by adapt and ablate (§2.3)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmark.building import make
from benchmark.layout import Layout
from benchmark.recipes import recipe
from benchmark.sections import AdaptationSection
from benchmark.stages.features import clustering_features
from benchmark.stages.versions import version_before
from uxla.coteaching import AdaptationPlan, Lesson, Origin, TransferData
from uxla.devices import default_device
from uxla.examples import Corpus
from uxla.files import write_text
from uxla.models import TaskModel


def transfer_paths(layout: Layout, *, task: str, source: str, target: str) -> dict[Origin, Path]:
    """Where the four corpora of Algorithm 1 are."""
    return {
        Origin.SOURCE: layout.corpus(task, source, "labelled"),
        Origin.TARGET: layout.corpus(task, target, "unlabelled"),
        Origin.SOURCE_VICINAL: layout.vicinal(task, source),
        Origin.TARGET_VICINAL: layout.vicinal(task, target),
    }


def transfer_data(
    corpora: Mapping[Origin, Corpus],
    section: AdaptationSection,
    dev: Mapping[str, Corpus],
    *,
    language_model: Path,
) -> TransferData:
    """What one adaptation may see; `dev` are the dev sets it may be selected on, by name."""
    features = clustering_features(corpora, section, language_model)
    return TransferData(corpora, dev.get(section.select_on), features)


def plan(section: AdaptationSection) -> AdaptationPlan:
    """How the models adapt."""
    return make(AdaptationPlan, section, recipe=recipe(section, confidence_penalty=False))


def load_models(folder: Path, seeds: tuple[int, int, int], *, dropout: float) -> list[TaskModel]:
    """The three models of a folder, ready to learn."""
    models = [TaskModel.load(folder / str(seed), dropout=dropout) for seed in seeds]
    for model in models:
        model.to(default_device())
    return models


def version(settings: object, corpora: list[Corpus], models: Path, seeds: tuple[int, int, int]) -> str:
    """A digest of what decides how these models adapt."""
    weights = [models / str(seed) / "model.safetensors" for seed in seeds]
    return version_before((seeds, settings), corpora, weights)


def measures(lesson: Lesson, data: TransferData) -> dict[str, float]:
    """Counts and shares of one lesson, by origin."""
    found: dict[str, float] = {"accepted": float(bool(lesson.outcome and lesson.outcome.improved))}
    for origin, selection in lesson.selections.items():
        n = max(1, len(data.corpora[origin]))
        found |= {
            f"{origin.value}/pseudo labels": len(selection.corpus),
            f"{origin.value}/share kept by k": selection.n_kept[0] / n,
            f"{origin.value}/share kept by j": selection.n_kept[1] / n,
            f"{origin.value}/agreement rate": selection.agreement_rate,
        }
    if lesson.outcome and lesson.outcome.best is not None:
        found["dev"] = lesson.outcome.best
    return found


def keep(lesson: Lesson, data: TransferData, folder: Path, number: int) -> None:
    """Write what one lesson selected, with the pseudo labels, and how it came about.

    The labels written are classes, also where the student learns soft ones.
    """
    for origin, selection in lesson.selections.items():
        selection.corpus.save(folder / f"{lesson.epoch}-{number}-{origin.value}.parquet")
    about = {
        "epoch": lesson.epoch,
        "number": number,
        "peers": lesson.peers,
        "student": lesson.student,
        "outcome": asdict(lesson.outcome) if lesson.outcome else None,
        "selections": {
            origin.value: {
                "n": len(s.corpus),
                "n_corpus": len(data.corpora[origin]),
                "n_kept": s.n_kept,
                "agreement": s.agreement_rate,
            }
            for origin, s in lesson.selections.items()
        },
    }
    write_text(folder / f"{lesson.epoch}-{number}.json", json.dumps(about, sort_keys=True) + "\n")
