"""Everything there is of a profile, for the report, and whether it belongs together."""

import json
from pathlib import Path

from benchmark.analysis_pages import Study
from benchmark.audit import changed_stages, complaints
from benchmark.fan_out import Run
from benchmark.fields import Section
from benchmark.figures import Figure, read_figures
from benchmark.layout import Layout
from benchmark.report import Content
from benchmark.settings import Parameters, select
from benchmark.stages import aggregate, summarise
from benchmark.tables import Table
from benchmark.tracking import Store
from benchmark.tracking.overview import current_runs
from benchmark.variants import title_of

PIPELINE = {"smoke": "dvc.yaml"}
"""A bare `dvc repro` runs this one; those of the others are in `pipelines`."""


REPORT = "report"
"""The system whose run keeps the report itself."""


class Settings(Section):
    """What is read of params.yaml, beside what aggregate and summarise read."""

    run: Run


def gather(parameters: Parameters, *, profile: str, store: Store, root: Path = Path()) -> Content:
    """Tables, studies, figures, data and runs of a profile, with all that is wrong with them.

    Raises:
        ValueError: a file is broken, or DVC does not answer.
    """
    layout, run = Layout(profile, root), select(Settings, parameters, profile=profile).run
    tables: dict[str, Table] = {}
    missing: list[str] = []
    for task in run.tasks:
        settings = select(aggregate.Settings, parameters, profile=profile, task=task)
        if not any(layout.cells(task, settings.source).parent.glob("*.json")):
            missing.append(f"all of {title_of(task)}")
            continue
        tables[task] = aggregate.page(settings, task=task, layout=layout)
        missing += [f"{title_of(task)}, {cell}" for cell in tables[task].missing]
    studies: dict[str, Study] = {}
    figures: dict[str, list[Figure]] = {}
    for task in run.analysed.tasks:
        targets = [cell.target for cell in run.analysed.cells.values() if cell.task == task]
        absent = [target for target in targets if not layout.analyses(task, target).is_file()]
        missing += [f"{title_of(task)}, analysis of {target}" for target in absent]
        if len(absent) < len(targets):
            chosen = select(summarise.Settings, parameters, profile=profile, task=task)
            studies[task] = summarise.study(chosen, task=task, layout=layout)
            try:
                figures[task] = read_figures(layout.figures(task), studies[task].analyses)
            except ValueError as error:
                figures[task], missing = [], [*missing, f"{title_of(task)}, figures: {error}"]
    manifests = {
        task: json.loads(layout.manifest(task).read_text(encoding="utf-8"))
        for task in run.tasks
        if layout.manifest(task).is_file()
    }
    runs = [run for run in current_runs(store, profile) if run.system != REPORT]
    results = [result for table in tables.values() for result in table.results.values()]
    changed = changed_stages(root, PIPELINE.get(profile, f"pipelines/{profile}/dvc.yaml"))
    wrong = complaints(results, runs, missing=missing, changed=changed, root=root)
    return Content(profile, tables, studies, figures, manifests, runs, wrong)
