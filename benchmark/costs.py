"""What the cells of a profile took, in seconds by stage, as a figure; no two runs give the same one.

It is made for the report alone: the files that a stage of the pipeline writes are the same every time.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.figures import COLOURS, Figure, drawn
from benchmark.tracking.overview import CellRun
from benchmark.variants import title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOLD_APART = 6
"""Stages with a colour of their own, the longest; what is left is drawn as one."""
OTHER, GREY = "other", COLOURS[-1]


def cost_figure(runs: Sequence[CellRun]) -> Figure | None:
    """A bar for every language of a task, the seconds of all its systems by stage; None without runs."""
    seconds = cost_series(runs)
    if seconds.empty:
        return None
    totals = seconds.sum(axis="columns")
    name, stage = totals.idxmax(), seconds.loc[totals.idxmax()].idxmax()
    caption = (
        "Seconds by stage for every language of every task, all systems together. "
        f"{name} took longest: {totals[name]:,.0f} s, of which {stage} {seconds.loc[name, stage]:,.0f} s."
    )
    if rest := list(seconds.columns[TOLD_APART:]):
        caption += f" Other: {', '.join(rest)}."
    height = 0.9 + 0.2 * len(seconds)
    return Figure("cost", caption, drawn([lambda axes: _bars(axes, seconds)], columns=1, height=height))


def cost_series(runs: Sequence[CellRun]) -> pd.DataFrame:
    """Seconds with a row for every language of a task and a column for every stage, the longest first."""
    rows = [
        {"of": _name(run), "stage": stage, "seconds": seconds}
        for run in sorted(runs, key=lambda run: (run.task, run.language))
        for stage, seconds in run.seconds.items()
    ]
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows).pivot_table(
        index="of", columns="stage", values="seconds", aggfunc="sum", fill_value=0.0, sort=False
    )
    return table[table.sum().sort_values(ascending=False, kind="stable").index]


def _name(run: CellRun) -> str:
    """The language of a task, or what is made once for all languages of it or for all tasks."""
    return "all tasks" if run.task == "all" else f"{title_of(run.task)} {run.language}"


def _bars(axes: "Axes", seconds: pd.DataFrame) -> None:
    shown, rest = seconds.iloc[:, :TOLD_APART], seconds.iloc[:, TOLD_APART:]
    colours = dict(zip(shown.columns, COLOURS, strict=False))
    if not rest.empty:
        shown, colours[OTHER] = shown.assign(**{OTHER: rest.sum(axis="columns")}), GREY
    start = pd.Series(0.0, index=seconds.index)
    for stage, width in shown.items():
        axes.barh(seconds.index, width, left=start, color=colours[str(stage)], label=str(stage))
        start = start + width
    for place, total in enumerate(start):
        axes.annotate(
            f"{total:,.0f}", (total, place), (3, 0), textcoords="offset points", va="center", fontsize=7
        )
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("seconds")
    axes.legend(ncols=4, fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
