"""Between what bounds the scores of a profile lie over several toy worlds, and whether they still do."""

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmark.layout import Layout
from benchmark.results import Result, System, read_cells
from benchmark.settings import Chosen, Parameters, select
from benchmark.sources import as_json
from benchmark.statistics import spread
from benchmark.tracking import open_store
from uxla.files import write_text


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
    from benchmark.stages import adapt, evaluate, generate, prepare, pretrain, supervise, warmup

    world = _with_seed(parameters, profile, task, seed)
    layout, store = Layout(profile, root), open_store(root)
    settings = world.profiles[profile].tasks[task]

    def chosen(kind: type[Chosen], language: str | None = None) -> Chosen:
        return select(kind, world, profile=profile, task=task, language=language)

    prepare.prepare(chosen(prepare.Settings), task=task, layout=layout)
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
        evaluate.evaluate(
            chosen(evaluate.Settings, language), task=task, language=language, layout=layout, store=store
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


def read_worlds(folder: Path, task: str, profile: str) -> dict[int, list[Result]]:
    """The results of every world below a folder, by seed."""
    roots = sorted(folder.glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-")))
    return {
        int(root.name.removeprefix("seed-")): read_cells(Layout(profile, root).cells(task, "any").parent)
        for root in roots
    }


def gains(results: Mapping[int, Iterable[Result]]) -> dict[int, dict[str, float]]:
    """UXLA minus confidence penalty, in means over models, by seed and target."""
    found = {}
    for seed, cells in results.items():
        means = {(r.system, r.language): spread(r.scores).mean for r in cells}
        targets = sorted(language for system, language in means if system is System.UXLA)
        found[seed] = {t: means[System.UXLA, t] - means[System.CONFIDENCE_PENALTY, t] for t in targets}
    return found


def _with_seed(parameters: Parameters, profile: str, task: str, seed: int) -> Parameters:
    whole = parameters.model_dump()
    whole["profiles"][profile]["tasks"][task]["data"]["seed"] = seed
    return Parameters.model_validate(whole)
