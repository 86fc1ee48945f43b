"""All stages of a profile in toy worlds of other seeds, and what they have in common."""

import hashlib
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data import ToyData
from benchmark.layout import ALL, Layout
from benchmark.ranges import Scores, record, recorded, scores_of
from benchmark.results import Result, System, read_cells
from benchmark.sections import TaskSection
from benchmark.settings import Chosen, Parameters, select
from benchmark.sources import toy_split
from benchmark.stages.versions import version_before
from benchmark.toy import bag_of_words, majority_tagger
from benchmark.tracking import Store, open_store
from benchmark.variants import task_of
from uxla.allocation import keep_memory
from uxla.files import remove, write_text
from uxla.metrics import evaluate
from uxla.tasks import Level


def record_worlds(parameters: Parameters, *, profile: str, seeds: Sequence[int], jobs: int) -> str:
    """Run those worlds that are not recorded, write ranges and overview to the tables; return the overview.

    The world of params.yaml itself is that of the results there are.
    """
    tasks = parameters.profiles[profile].run.tasks
    of_profile = parameters.profiles[profile].tasks[tasks[0]].data.seed
    tables, settings = Layout(profile).tables(), fingerprint(parameters, profile=profile)
    known = recorded(tables / "ranges.json", settings=settings)
    if of_profile in seeds:
        known[of_profile] = scores_of(read_world(Path(), profile, tasks))
        record(known, tables / "ranges.json", settings=settings)
    missing = [seed for seed in seeds if seed not in known]
    # One of other parameters, or of other code of the method, begins anew.
    folder = Path("state") / profile / "worlds" / f"{settings[:12]}-{version_before(None, [])[:12]}"
    for seed, found in run_worlds(parameters, profile=profile, seeds=missing, folder=folder, jobs=jobs):
        known[seed] = scores_of(found)
        record(known, tables / "ranges.json", settings=settings)
        remove(_root(folder, seed))
    text = overview(parameters, dict(sorted(known.items())), profile=profile)
    names = ",".join(map(str, sorted(known)))
    write_text(tables / "worlds.md", f"`python -m benchmark worlds {profile} --seeds {names}`\n\n{text}\n")
    return text


def run_worlds(
    parameters: Parameters, *, profile: str, seeds: Sequence[int], folder: Path, jobs: int
) -> Iterator[tuple[int, list[Result]]]:
    """Run the worlds of some seeds, each below `folder`, so many at a time; yield one when it is done.

    Each has a process of its own and goes on where it stopped; its scores do not depend on the others.
    """
    tasks = parameters.profiles[profile].run.tasks
    # Leaving the block ends the processes, whatever the reason: also after Ctrl-C, which is for this one.
    with get_context("spawn").Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for seed in pool.imap_unordered(partial(_world, parameters, profile, folder), seeds):
            yield seed, read_world(_root(folder, seed), profile, tasks)


def _world(parameters: Parameters, profile: str, folder: Path, seed: int) -> int:
    """Run a world, the first thing in its process, and name it."""
    keep_memory()
    run_world(parameters, profile=profile, seed=seed, root=_root(folder, seed))
    return seed


def _root(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}"


def run_world(parameters: Parameters, *, profile: str, seed: int, root: Path) -> None:
    """Run all stages below `root` in the toy world of another seed; goes on at the task where it stopped."""
    from benchmark.stages import prepare, pretrain

    world = _with_seed(parameters, profile, seed)
    layout, store = Layout(profile, root), open_store(root)
    tasks = world.profiles[profile].run.tasks
    if not layout.language_model.exists():
        for task in tasks:
            settings = select(prepare.Settings, world, profile=profile, task=task)
            prepare.prepare(settings, task=task, layout=layout, store=store)
        settings_of_all = select(pretrain.Settings, world, profile=profile)
        pretrain.pretrain(settings_of_all, layout=layout, store=store)
    for task in tasks:
        if not layout.cells(task, world.profiles[profile].tasks[task].languages[-1]).exists():
            _run_task(world, task=task, layout=layout, store=store)


def _run_task(world: Parameters, *, task: str, layout: Layout, store: Store) -> None:
    from benchmark.stages import adapt, generate, supervise, warmup
    from benchmark.stages import evaluate as evaluation

    settings = world.profiles[layout.profile].tasks[task]
    languages = (settings.source, *settings.languages)

    def chosen(kind: type[Chosen], language: str | None = None) -> Chosen:
        return select(kind, world, profile=layout.profile, task=task, language=language)

    for objective in ("cross_entropy", "confidence_penalty"):
        warmup.warmup(chosen(warmup.Settings), task=task, objective=objective, layout=layout, store=store)
    for language in languages:
        generate.generate(chosen(generate.Settings), task=task, language=language, layout=layout, store=store)
    for target in settings.languages:
        adapt.adapt(chosen(adapt.Settings, target), task=task, target=target, layout=layout, store=store)
    for language in (ALL,) if settings.supervised_on == "all" else settings.languages:
        supervise.supervise(
            chosen(supervise.Settings), task=task, language=language, layout=layout, store=store
        )
    for language in languages:
        evaluation.evaluate(
            chosen(evaluation.Settings, language), task=task, language=language, layout=layout, store=store
        )


def read_world(root: Path, profile: str, tasks: Iterable[str]) -> list[Result]:
    """The results of one world."""
    layout = Layout(profile, root)
    return [result for task in tasks for result in read_cells(layout.cells(task, "any").parent)]


def fingerprint(parameters: Parameters, *, profile: str) -> str:
    """A digest of the parameters that all worlds of a profile have in common, and that decide scores."""
    whole = _with_seed(parameters, profile, 0).profiles[profile]
    # What stages fan out over, what is only analysed, and further baselines change no score of a world.
    aside = {"ablations", "rivals", "tagger"}
    content = whole.model_dump_json(exclude={"run": True, "tasks": {"__all__": aside}})
    return hashlib.sha256(content.encode()).hexdigest()


SHOWN = {
    "plain": System.CROSS_ENTROPY,
    "con-penalty": System.CONFIDENCE_PENALTY,
    "UXLA": System.UXLA,
    "supervised": System.SUPERVISED,
}
"""Systems of the overview, by the names of their columns."""


def overview(parameters: Parameters, worlds: Mapping[int, Scores], *, profile: str) -> str:
    """Every task and world in one line a language, as Markdown: words alone, all systems, what UXLA gains."""
    lines = []
    for seed, scores in worlds.items():
        world = _with_seed(parameters, profile, seed).profiles[profile]
        for task in world.run.tasks:
            section = world.tasks[task]
            for language in (section.source, *section.languages):
                found = {name: scores.get((task, language, system)) for name, system in SHOWN.items()}
                if found["con-penalty"] is None:  # recorded before the profile had this task
                    continue
                lines.append(
                    {
                        "task": task,
                        "world": seed,
                        "language": language,
                        "words alone": _words_alone(section, task, language),
                        **{name: score.mean if score else np.nan for name, score in found.items()},
                    }
                )
    table = pd.DataFrame(lines)
    gains = {f"minus {name}": table["UXLA"] - table[name] for name in ("con-penalty", "plain")}
    table = table.assign(**gains)
    average = table.groupby(["task", "world"], as_index=False)[list(gains)].mean().assign(language="average")
    order = {task: number for number, task in enumerate(table["task"].unique())}
    whole = pd.concat([table, average])
    whole = whole.sort_values(["task", "world"], key=lambda column: column.replace(order), kind="stable")
    # Of dtype object, so that a gap is empty and not nan.
    whole = whole.astype(object).where(whole.notna(), None)
    digits = ("", "d", "", *(".1f",) * (1 + len(SHOWN)), *("+.1f",) * len(gains))
    text: str = whole.to_markdown(index=False, floatfmt=digits, missingval="")
    return text


def _words_alone(world: TaskSection, task: str, language: str) -> float:
    """Score of the majority tagger, or of the bag of words, trained on the source."""
    if not isinstance(world.data, ToyData):
        raise ValueError(f"worlds differ in the seed of toy data, was: data of kind {world.data.kind}")
    train = toy_split(world.data, task_of(task), world.source, "train")
    test = toy_split(world.data, task_of(task), language, "test")
    baseline = majority_tagger if task_of(task).level is Level.WORD else bag_of_words
    guesses = [np.array(classes) for classes in baseline(train, test)]
    return evaluate(task_of(task), test, guesses)[task_of(task).metric]


def _with_seed(parameters: Parameters, profile: str, seed: int) -> Parameters:
    whole = parameters.model_dump()
    for task in whole["profiles"][profile]["tasks"].values():
        task["data"]["seed"] = seed
    return Parameters.model_validate(whole)
