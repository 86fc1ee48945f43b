"""contrast: the further baselines of Tables 1 and 7 on the test splits; trains nothing (§3.2)."""

import time
from pathlib import Path
from typing import Any

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.progress import bar
from benchmark.results import Result, System, write_cell
from benchmark.sections import EvaluationSection
from benchmark.stages.cell_runs import track
from benchmark.stages.evaluate import Labeller, result_of, score, task_model, write_scored
from benchmark.tracking import Store
from uxla.devices import use_threads
from uxla.examples import Corpus
from uxla.files import replacing
from uxla.lstm_crf import LstmCrf


class Settings(Section):
    """What the stage reads of params.yaml."""

    threads: int | None
    source: str
    languages: tuple[str, ...]
    seeds: tuple[int, int, int]
    evaluation: EvaluationSection


def contrast(settings: Settings, *, task: str, layout: Layout, store: Store) -> None:
    """Write scores, intervals and predictions of every further baseline there is, in all languages."""
    began = time.perf_counter()
    use_threads(settings.threads)
    predictions, cells = layout.contrasts(task)
    found = {}
    with replacing(predictions) as of_baselines:
        for language in bar((settings.source, *settings.languages), "contrast"):
            found[language] = _language(settings, task, language, layout, of_baselines / language)
    with replacing(cells) as scores:
        for language, results in found.items():
            write_cell(scores / f"{language}.json", [result for result, _ in results])
    worked = (time.perf_counter() - began) / max(1, sum(map(len, found.values())))
    for language, results in found.items():
        for result, version in results:
            of = {"stage": "contrast", "version": version, "worked": worked}
            track(store, result, predictions / language, of)


def _language(
    settings: Settings, task: str, language: str, layout: Layout, folder: Path
) -> list[tuple[Result, str]]:
    """The results in a language, each with what tells its models from others."""
    test = Corpus.load(layout.corpus(task, language, "test"))
    scored = {}
    for system in System:
        is_tagger = system is System.LSTM_CRF
        models = layout.tagger(task, language) if is_tagger else layout.baseline(task, system)
        if models.is_dir():
            load = _tagger if is_tagger else task_model
            scored[system] = score(models, settings.seeds, test, task, load=load)
    write_scored(folder, test, scored.items())
    results = []
    for system in scored:
        about: dict[str, Any] = {"profile": layout.profile, "task": task, "language": language}
        on_target = system is System.LSTM_CRF and language != settings.source
        about |= {"selected_on": "target dev" if on_target else "source dev", "n_examples": len(test)}
        results.append((result_of(system, scored, settings.evaluation, about), scored[system].version))
    return results


def _tagger(folder: Path) -> Labeller:
    return LstmCrf.load(folder).predict
