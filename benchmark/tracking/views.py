"""Saved views of MLflow's page of an experiment: the runs, columns and charts that matter here.

A view is a tag of the experiment. MLflow lists it in the menu "Views" and opens it at `View.address`.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

TAG = "mlflow.sharedViewState."
# Pixels: MLflow's own 190 cut names that are to be read whole.
NAME_WIDTH, CARD_HEIGHT = 300, 300


@dataclass(frozen=True)
class View:
    """Which runs are listed, which tags and metrics are columns, which metrics are drawn, by section.

    Columns are named as MLflow names them; runs are in the order of their names.
    """

    key: str
    title: str
    about: str
    search: str
    columns: tuple[str, ...]
    charts: Mapping[str, tuple[str, ...]]
    opens_charts: bool = False

    def address(self, experiment: str) -> str:
        """Its address below that of the interface."""
        query = f"workflowType=machine_learning&viewStateShareKey={self.key}"
        return f"#/experiments/{experiment}/runs?{query}{'&compareRunsMode=CHART' * self.opens_charts}"

    def value(self) -> str:
        """What its tag holds: the title and all else, as MLflow's own page writes it."""
        now = int(time.time() * 1000)
        state = json.dumps(self._state())
        return json.dumps({"name": self.title, "createdAt": now, "updatedAt": now, "state": state})

    def _state(self) -> dict[str, object]:
        name = "attributes.`Run Name`"
        return {
            "searchFilter": self.search,
            "orderByKey": "tags.`mlflow.runName`",
            "orderByAsc": True,
            "startTime": "ALL",
            "lifecycleFilter": "Active",
            "modelVersionFilter": "All Runs",
            "datasetsFilter": [],
            "selectedColumns": self.columns,
            "columnOrder": [name, *self.columns],
            "columnWidths": {name: NAME_WIDTH},
            "compareRunSections": [_section(title) for title in self.charts],
            "compareRunCharts": [
                _chart(title, metric) for title in self.charts for metric in self.charts[title]
            ],
            # Otherwise MLflow sorts the sections by name, those of all other metrics among them.
            "isAccordionReordered": True,
        }


CELLS = "tags.\"uxla.current\" = 'true' AND tags.\"uxla.stage\" LIKE '%evaluate%'"
ADAPTED = "tags.\"uxla.current\" = 'true' AND tags.\"uxla.system\" = 'uxla'"
REPORTS = "tags.\"uxla.current\" = 'true' AND tags.\"uxla.system\" = 'report'"
ABLATIONS = "tags.\"uxla.current\" = 'true' AND tags.\"uxla.system\" LIKE 'ablation%'"
SCORES = tuple(f"metrics.`test/{name}`" for name in ("f1", "f1 std", "accuracy", "accuracy std"))
LESSONS = ("dev", "target/agreement rate", "target/pseudo labels", "target_vicinal/pseudo labels")
EPOCHS = ("validation/target dev", "validation/source dev", "epochs/test f1", "epochs/test accuracy")

VIEWS = (
    View(
        "table",
        "Table",
        "the cells of the tables as they stand",
        CELLS,
        (*SCORES, "tags.`selected on`"),
        {"Test": ("test/f1", "test/accuracy")},
    ),
    View(
        "report",
        "Report",
        "the run whose artifacts are the page of the profile, its tables and its figures",
        REPORTS,
        ("attributes.`Description`",),
        {},
    ),
    View(
        "epochs",
        "Epochs of UXLA",
        "its dev scores and pseudo labels, targets side by side",
        ADAPTED,
        SCORES,
        {"By lesson, six an epoch": LESSONS, "By epoch, where analysed": EPOCHS},
        opens_charts=True,
    ),
    View(
        "training",
        "Training",
        "losses and dev scores of single models, systems side by side",
        "metrics.loss >= 0",
        ("metrics.`dev`", "metrics.`loss`"),
        {"By step": ("dev", "loss")},
        opens_charts=True,
    ),
    View(
        "ablations",
        "Other settings",
        "the first epoch of UXLA as in the rows of Table 5",
        ABLATIONS,
        SCORES,
        {"Test": ("test/f1", "test/accuracy"), "By lesson": LESSONS},
    ),
)


def view_tags() -> dict[str, str]:
    """The tags of an experiment that keep the views."""
    return {TAG + view.key: view.value() for view in VIEWS}


def views_note(experiment: str) -> str:
    """The description of an experiment: MLflow shows the first line, until one opens it."""
    links = " · ".join(f"[{view.title}]({view.address(experiment)})" for view in VIEWS)
    about = "\n".join(f"- *{view.title}*: {view.about}." for view in VIEWS)
    return f"""{links}

{about}

A run at top level is a cell of a table: a task, a language and a system. Its models and their epochs are
nested in it. Earlier runs of a cell stay, without the tag `uxla.current`.
"""


def _section(title: str) -> dict[str, object]:
    layout = {"display": True, "isReordered": True, "columns": 2, "cardHeight": CARD_HEIGHT}
    return {"uuid": title, "name": title, "deleted": False, "isGenerated": False, **layout}


def _chart(section: str, metric: str) -> dict[str, object]:
    """A chart that MLflow turns from bars into lines as soon as the metric has steps."""
    place = {"uuid": f"{section} {metric}", "metricSectionId": section, "deleted": False}
    return {"type": "BAR", "metricKey": metric, "isGenerated": True, **place}
