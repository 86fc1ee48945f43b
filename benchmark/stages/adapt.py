"""adapt: Algorithm 1 for one target language, epoch by epoch (§2.3, §2.4)."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Literal

from benchmark.building import make
from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import bar
from benchmark.recipes import recipe
from benchmark.sections import AdaptationSection
from benchmark.stages.features import clustering_features
from benchmark.tracking import Run, Store
from uxla.coteaching import CURRICULUM, ORDERED, AdaptationPlan, Lesson, Origin, TransferData, co_teach
from uxla.devices import default_device, use_threads
from uxla.examples import Corpus
from uxla.files import replacing, write_text
from uxla.models import TaskModel
from uxla.optimisation import Log


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    source: str
    seeds: tuple[int, int, int]
    target: AdaptationSection
    tracking: dict[Literal["weights"], bool]


def adapt(settings: Settings, *, task: str, target: str, layout: Layout, store: Store) -> None:
    """Write the adapted models and what each lesson selected; resumes with the epoch it was stopped in."""
    use_threads(settings.threads)
    section = settings.target
    data, paths = _transfer_data(settings, task, target, layout)
    warmed_up = layout.warmed_up(task, "confidence_penalty")
    version = _version(settings, data, warmed_up)
    state = layout.state(f"adapt-{task}-{target}", version)
    start = _begin(state, warmed_up, settings.seeds)
    cell = partial(store.cell, profile=layout.profile, task=task, system="uxla", language=target)
    with cell(stage="adapt", resume=start > 1, version=version) as run:
        run.log_parameters({"task": task, "adaptation": section.model_dump(mode="json")})
        run.log_dependencies(paths.values())
        for origin, path in paths.items():
            run.log_corpus(data.corpora[origin], name=origin.value, context=origin.value, source=path)
        for epoch in [e for e in CURRICULUM if e >= start]:
            _epoch(settings, epoch, data, state=state, run=run)
        folder = layout.adapted(task, target)
        _hand_over(state, folder)
        run.log_folder(folder / "lessons", "lessons")
        for seed in settings.seeds:
            with run.child(f"model {seed}") as child:
                name = f"uxla {target} {seed}"
                child.log_model(folder / str(seed), name=name, weights=settings.tracking["weights"])


def _transfer_data(
    settings: Settings, task: str, target: str, layout: Layout
) -> tuple[TransferData, dict[Origin, Path]]:
    source = settings.source
    paths = {
        Origin.SOURCE: layout.corpus(task, source, "labelled"),
        Origin.TARGET: layout.corpus(task, target, "unlabelled"),
        Origin.SOURCE_VICINAL: layout.vicinal(task, source),
        Origin.TARGET_VICINAL: layout.vicinal(task, target),
    }
    corpora = {origin: Corpus.load(path) for origin, path in paths.items()}
    dev = {"target dev": target, "source dev": source}.get(settings.target.select_on)
    validation = Corpus.load(layout.corpus(task, dev, "dev")) if dev else None
    features = clustering_features(corpora, settings.target, layout.language_model)
    return TransferData(corpora, validation, features), paths


def _plan(section: AdaptationSection) -> AdaptationPlan:
    return make(AdaptationPlan, section, recipe=recipe(section, confidence_penalty=False))


def _version(settings: Settings, data: TransferData, warmed_up: Path) -> str:
    """A digest of what decides the result: a state of anything else is not resumed from."""
    corpora = [*data.corpora.values(), *filter(None, [data.validation])]
    whole = hashlib.sha256(repr((settings.seeds, settings.target)).encode())
    whole.update("".join(corpus.digest for corpus in corpora).encode())
    for seed in settings.seeds:
        with (warmed_up / str(seed) / "model.safetensors").open("rb") as weights:
            whole.update(hashlib.file_digest(weights, "sha256").digest())
    return whole.hexdigest()


def _begin(state: Path, warmed_up: Path, seeds: tuple[int, int, int]) -> int:
    """The epoch to go on with; before the first, the state holds the warmed-up models."""
    done = [epoch for epoch in CURRICULUM if (state / f"epoch-{epoch}").is_dir()]
    if not done and not (state / "epoch-0").is_dir():
        with replacing(state / "epoch-0") as temporary:
            for seed in seeds:
                shutil.copytree(warmed_up / str(seed), temporary / str(seed))
    return max(done, default=0) + 1


def _epoch(settings: Settings, epoch: int, data: TransferData, *, state: Path, run: Run) -> None:
    """One epoch of Algorithm 1, from the models of the epoch before to those of this one."""
    seeds, section = settings.seeds, settings.target
    before = state / f"epoch-{epoch - 1}"
    models = [TaskModel.load(before / str(seed), dropout=section.dropout) for seed in seeds]
    for model in models:
        model.to(default_device())
    with replacing(state / f"epoch-{epoch}") as after:
        if epoch == 1:
            (after / "lessons").mkdir(parents=True)
        else:
            shutil.copytree(before / "lessons", after / "lessons")
        curves = Curves(run, seeds, epoch)
        lessons = co_teach(models, data, _plan(section), epoch=epoch, seed=section.seed, log=curves.of)
        best: dict[int, float | None] = {}
        for number, lesson in enumerate(bar(lessons, f"epoch {epoch}")):
            best[lesson.student] = lesson.outcome.best if lesson.outcome else None
            curves.flush(lesson)
            _keep(lesson, data, after / "lessons", number)
            run.log(len(ORDERED) * (epoch - 1) + number, _measures(lesson, data))
        for index, (model, seed) in enumerate(zip(models, seeds, strict=True)):
            model.save(after / str(seed))
            write_text(after / str(seed) / "outcome.json", json.dumps({"best": best.get(index)}) + "\n")


class Curves:
    """The losses and dev scores of the students of one epoch, kept until a lesson is over."""

    def __init__(self, run: Run, seeds: tuple[int, int, int], epoch: int) -> None:
        """Begin an epoch."""
        self._run, self._seeds, self._epoch = run, seeds, epoch
        self._points: list[tuple[int, Mapping[str, float]]] = []
        self._offsets = dict.fromkeys(range(len(seeds)), 0)

    def of(self, student: int, lesson: int) -> Log:
        """The `Log` of one lesson."""
        return lambda step, metrics: self._points.append((step, metrics))

    def flush(self, lesson: Lesson) -> None:
        """Track what was kept, under the student's model and the epoch; steps count on over lessons."""
        offset = self._offsets[lesson.student]
        name = f"model {self._seeds[lesson.student]}"
        with self._run.child(name) as model, model.child(f"epoch {self._epoch}") as epoch:
            for step, metrics in self._points:
                epoch.log(offset + step, metrics)
        self._offsets[lesson.student] += lesson.outcome.n_steps if lesson.outcome else 0
        self._points.clear()


def _measures(lesson: Lesson, data: TransferData) -> dict[str, float]:
    """Counts and shares of one lesson, by origin."""
    measures: dict[str, float] = {"accepted": float(bool(lesson.outcome and lesson.outcome.improved))}
    for origin, selection in lesson.selections.items():
        n = max(1, len(data.corpora[origin]))
        measures |= {
            f"{origin.value}/pseudo labels": len(selection.corpus),
            f"{origin.value}/share kept by k": selection.n_kept[0] / n,
            f"{origin.value}/share kept by j": selection.n_kept[1] / n,
            f"{origin.value}/agreement rate": selection.agreement_rate,
        }
    if lesson.outcome and lesson.outcome.best is not None:
        measures["dev"] = lesson.outcome.best
    return measures


def _keep(lesson: Lesson, data: TransferData, folder: Path, number: int) -> None:
    """Write what one lesson selected, with the pseudo labels, and how it came about."""
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


def _hand_over(state: Path, target: Path) -> None:
    """Put the models of the last epoch where the stage promises them, and forget the state."""
    with replacing(target) as temporary:
        shutil.copytree(state / f"epoch-{max(CURRICULUM)}", temporary)
    shutil.rmtree(state.parent)
