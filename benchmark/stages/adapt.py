"""adapt: Algorithm 1 for one target language, epoch by epoch (§2.3, §2.4)."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import bar
from benchmark.sections import AdaptationSection
from benchmark.stages.lessons import (
    keep,
    load_models,
    measures,
    plan,
    transfer_data,
    transfer_paths,
    version,
)
from benchmark.stages.observing import Watch, observe, open_watch
from benchmark.stages.versions import version_after
from benchmark.tracking import Run, Store
from uxla.coteaching import CURRICULUM, ORDERED, Labels, Lesson, TransferData, co_teach
from uxla.devices import use_threads
from uxla.examples import Corpus
from uxla.files import remove, replacing, write_text
from uxla.models import TaskModel
from uxla.optimisation import Log
from uxla.randomness import derive_seed


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    source: str
    seeds: tuple[int, int, int]
    target: AdaptationSection
    tracking: dict[Literal["weights"], bool]


def adapt(settings: Settings, *, task: str, target: str, layout: Layout, store: Store) -> None:
    """Write the adapted models, what each lesson selected and, if watched, what they said after every epoch.

    Resumes with the epoch it was stopped in.
    """
    use_threads(settings.threads)
    section, seeds = settings.target, settings.seeds
    paths = transfer_paths(layout, task=task, source=settings.source, target=target)
    corpora = {origin: Corpus.load(path) for origin, path in paths.items()}
    watch = open_watch(layout, task=task, source=settings.source, target=target)
    data = transfer_data(corpora, section, watch.dev, language_model=layout.language_model)
    warmed_up = layout.warmed_up(task, "confidence_penalty")
    digest = version(section, [*corpora.values(), *watch.dev.values(), watch.text], warmed_up, seeds)
    state = layout.state(f"adapt-{task}-{target}", digest)
    # The first run last, as what it hands over is whole.
    for number in range(section.repeats, 0, -1):
        start = _begin(_part(state, number), warmed_up, seeds)
        system = "uxla" if number == 1 else f"uxla repeat {number}"
        cell = partial(store.cell, profile=layout.profile, task=task, system=system, language=target)
        with cell(stage="adapt", resume=start > 1, version=digest) as run:
            run.log_parameters({"task": task, "adaptation": section.model_dump(mode="json")})
            run.log_dependencies(paths.values())
            for origin, path in paths.items():
                run.log_corpus(corpora[origin], name=origin.value, context=origin.value, source=path)
            adaptation = _Adaptation(settings, data, watch, number, _part(state, number), run)
            for epoch in [e for e in CURRICULUM if e >= start]:
                adaptation.epoch(epoch)
            if number == 1:
                _hand_over(state, layout.adapted(task, target), section.repeats)
                _keep_models(settings, target, layout.adapted(task, target), run)
                run.log_version(version_after(layout.adapted(task, target)))
    # Last: whatever fails before, the same command goes on.
    remove(state.parent)


def _part(folder: Path, number: int) -> Path:
    """Where one of several runs lies: the first in the folder itself."""
    return folder if number == 1 else folder / "repeats" / str(number)


def _keep_models(settings: Settings, target: str, folder: Path, run: Run) -> None:
    run.log_folder(folder / "lessons", "lessons")
    for seed in settings.seeds:
        with run.child(f"model {seed}") as child:
            name = f"uxla {target} {seed}"
            child.log_model(folder / str(seed), name=name, weights=settings.tracking["weights"])


def _begin(state: Path, warmed_up: Path, seeds: tuple[int, int, int]) -> int:
    """The epoch to go on with; before the first, the state holds the warmed-up models."""
    done = [epoch for epoch in CURRICULUM if (state / f"epoch-{epoch}").is_dir()]
    if not done and not (state / "epoch-0").is_dir():
        with replacing(state / "epoch-0") as temporary:
            for seed in seeds:
                shutil.copytree(warmed_up / str(seed), temporary / str(seed))
    return max(done, default=0) + 1


@dataclass(frozen=True)
class _Adaptation:
    """One run of Algorithm 1, the first or a further one, with what its models are known to say."""

    settings: Settings
    data: TransferData
    watch: Watch
    number: int
    state: Path
    run: Run
    labels: Labels = field(default_factory=dict)

    def epoch(self, epoch: int) -> None:
        """Go from the models of the epoch before to those of this one."""
        seeds, section = self.settings.seeds, self.settings.target
        is_watched = section.watched and self.number == 1
        before = self.state / f"epoch-{epoch - 1}"
        models = load_models(before, seeds, dropout=section.dropout)
        with replacing(self.state / f"epoch-{epoch}") as after:
            if epoch == 1:
                (after / "lessons").mkdir(parents=True)
                if is_watched:
                    observe(models, seeds, self.watch, after / "epochs/0")
            else:
                for part in ("lessons", "epochs") if is_watched else ("lessons",):
                    shutil.copytree(before / part, after / part)
            best = self._teach(models, epoch, after / "lessons")
            for index, (model, seed) in enumerate(zip(models, seeds, strict=True)):
                model.save(after / str(seed))
                write_text(after / str(seed) / "outcome.json", json.dumps({"best": best.get(index)}) + "\n")
            if is_watched:
                observe(models, seeds, self.watch, after / f"epochs/{epoch}")

    def _teach(self, models: list[TaskModel], epoch: int, folder: Path) -> dict[int, float | None]:
        """The lessons of an epoch, kept and tracked; the last dev score of every student."""
        section, number = self.settings.target, self.number
        seed = section.seed if number == 1 else derive_seed(section.seed, "repeat", number)
        curves, best = Curves(self.run, self.settings.seeds, epoch), dict[int, float | None]()
        lessons = co_teach(
            models, self.data, plan(section), epoch=epoch, seed=seed, log=curves.of, labels=self.labels
        )
        for lesson_number, lesson in enumerate(bar(lessons, f"epoch {epoch}")):
            best[lesson.student] = lesson.outcome.best if lesson.outcome else None
            curves.flush(lesson)
            keep(lesson, self.data, folder, lesson_number)
            self.run.log(len(ORDERED) * (epoch - 1) + lesson_number, measures(lesson, self.data))
        return best


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


def _hand_over(state: Path, target: Path, repeats: int) -> None:
    """Put the models of the last epoch where the stage promises them."""
    with replacing(target) as temporary:
        for number in range(1, repeats + 1):
            last = _part(state, number) / f"epoch-{max(CURRICULUM)}"
            shutil.copytree(last, _part(temporary, number))
