"""Between what bounds the scores of a profile lie over several toy worlds, and whether they still do."""

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from benchmark.data import ToyData
from benchmark.layout import Layout
from benchmark.results import Result, System, read_cells
from benchmark.sections import TaskSection
from benchmark.settings import Chosen, Parameters, select
from benchmark.sources import as_json, toy_split
from benchmark.statistics import spread
from benchmark.toy import majority_tagger
from benchmark.tracking import open_store
from uxla.files import write_text
from uxla.metrics import evaluate
from uxla.tasks import TASKS


class Range(BaseModel):
    """The mean scores of one system in one language over the worlds: `low` and `high` bound what is usual.

    The bounds are the lowest and the highest score, each moved outwards by the standard deviation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    system: System
    scores: dict[int, float]
    low: float
    high: float


def run_world(parameters: Parameters, *, profile: str, task: str, seed: int, root: Path) -> None:
    """Run all stages of one task below `root` in the toy world of another seed."""
    from benchmark.stages import adapt, generate, prepare, pretrain, supervise, warmup
    from benchmark.stages import evaluate as evaluation

    world = _with_seed(parameters, profile, task, seed)
    layout, store = Layout(profile, root), open_store(root)
    settings = world.profiles[profile].tasks[task]

    def chosen(kind: type[Chosen], language: str | None = None) -> Chosen:
        return select(kind, world, profile=profile, task=task, language=language)

    prepare.prepare(chosen(prepare.Settings), task=task, layout=layout, store=store)
    pretrain.pretrain(chosen(pretrain.Settings), layout=layout, store=store)
    for objective in ("cross_entropy", "confidence_penalty"):
        warmup.warmup(chosen(warmup.Settings), task=task, objective=objective, layout=layout, store=store)
    for language in (settings.source, *settings.languages):
        generate.generate(chosen(generate.Settings), task=task, language=language, layout=layout, store=store)
    for target in settings.languages:
        adapt.adapt(chosen(adapt.Settings, target), task=task, target=target, layout=layout, store=store)
        supervise.supervise(
            chosen(supervise.Settings, target), task=task, target=target, layout=layout, store=store
        )
    for language in (settings.source, *settings.languages):
        evaluation.evaluate(
            chosen(evaluation.Settings, language), task=task, language=language, layout=layout, store=store
        )


def record(results: Mapping[int, Iterable[Result]], path: Path) -> list[Range]:
    """Write the ranges of the scores found in several worlds, by seed."""
    flat = [
        (result.language, result.system, seed, spread(result.scores).mean)
        for seed, found in results.items()
        for result in found
    ]
    ranges = []
    for (language, system), group in groupby(sorted(flat), key=lambda item: item[:2]):
        scores = {seed: round(score, 2) for _, _, seed, score in group}
        whole = spread(list(scores.values()))
        margin = whole.std or 0.0
        ranges.append(
            Range(
                language=language,
                system=system,
                scores=scores,
                low=round(max(0.0, whole.minimum - margin), 2),
                high=round(min(100.0, whole.maximum + margin), 2),
            )
        )
    write_text(path, as_json([item.model_dump(mode="json") for item in ranges]))
    return ranges


def check(results: Iterable[Result], path: Path) -> list[str]:
    """What lies outside its recorded range, or has none, each in one line.

    Raises:
        ValueError: there is no file of ranges.
    """
    if not path.is_file():
        raise ValueError(f"{path}: expected recorded ranges, found none; run `python -m benchmark worlds`")
    ranges = [Range.model_validate(item) for item in json.loads(path.read_text(encoding="utf-8"))]
    known = {(item.language, item.system): item for item in ranges}
    complaints = []
    for result in results:
        item = known.pop((result.language, result.system), None)
        score = spread(result.scores).mean
        if item is None:
            complaints.append(f"{result.system} {result.language}: {score:.2f} has no recorded range")
        elif not item.low <= score <= item.high:
            complaints.append(
                f"{result.system} {result.language}: expected {item.low} to {item.high}, was: {score:.2f}"
            )
    return complaints + [f"{system} {language}: no score" for language, system in known]


def read_worlds(roots: Mapping[int, Path], task: str, profile: str) -> dict[int, list[Result]]:
    """The results of every world, by seed."""
    return {seed: read_cells(Layout(profile, root).cells(task, "any").parent) for seed, root in roots.items()}


def overview(
    parameters: Parameters, results: Mapping[int, Iterable[Result]], *, profile: str, task: str
) -> str:
    """Every world in one line a target, as Markdown: the majority tagger, the baseline, UXLA and its gain."""
    lines = []
    for seed, found in results.items():
        means = {(result.system, result.language): spread(result.scores).mean for result in found}
        world = _with_seed(parameters, profile, task, seed).profiles[profile].tasks[task]
        for language in (world.source, *world.languages):
            before = means[System.CONFIDENCE_PENALTY, language]
            after = means.get((System.UXLA, language))
            lines.append(
                {
                    "world": seed,
                    "language": language,
                    "majority tagger": _majority(world, task, language),
                    "con-penalty": before,
                    "UXLA": after,
                    "gain": None if after is None else after - before,
                }
            )
    table = pd.DataFrame(lines)
    average = table.groupby("world", as_index=False)["gain"].mean().assign(language="average")
    whole = pd.concat([table, average]).sort_values("world", kind="stable")
    # Of dtype object, so that a gap is empty and not nan.
    whole = whole.astype(object).where(whole.notna(), None)
    text: str = whole.to_markdown(index=False, floatfmt=("d", "", ".1f", ".1f", ".1f", "+.1f"), missingval="")
    return text


def _majority(world: TaskSection, task: str, language: str) -> float:
    """Score of a per-word majority tagger trained on the source."""
    if not isinstance(world.data, ToyData):
        raise ValueError(f"worlds differ in the seed of toy data, was: data of kind {world.data.kind}")
    train = toy_split(world.data, TASKS[task], world.source, "train")
    test = toy_split(world.data, TASKS[task], language, "test")
    guesses = [np.array(classes) for classes in majority_tagger(train, test)]
    return evaluate(TASKS[task], test, guesses)[TASKS[task].metric]


def _with_seed(parameters: Parameters, profile: str, task: str, seed: int) -> Parameters:
    whole = parameters.model_dump()
    whole["profiles"][profile]["tasks"][task]["data"]["seed"] = seed
    return Parameters.model_validate(whole)
