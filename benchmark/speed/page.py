"""The page of what was measured: docs/speed.md, with a plot of every line that has points."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.figures import COLOURS, drawn
from benchmark.markup import MARKDOWN
from benchmark.speed.outcome import Circumstances, Finding, Outcome, Point
from uxla.files import write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASH = "–"


def write_page(outcomes: dict[str, list[Outcome]], path: Path) -> None:
    """Write the page and its plots, which lie in a folder of its name beside it.

    Args:
        outcomes: by the name of the file that they are from.
        path: of the page.
    """
    parts = [
        "# How fast it is",
        "Made by `make bench` and `make bench-gpu`, see the README. Ratios are medians of pairs of runs in "
        "one process, both sides in turn, with the least and the greatest in brackets. Models have random "
        "weights: what is measured is time, not scores. What was equal was made sure of before anything was "
        "timed.",
    ]
    for name, lines in outcomes.items():
        parts += [f"## {name}", *_circumstances(lines), _table(lines), *_notes(lines)]
        for outcome in lines:
            if outcome.finding.points:
                picture = path.with_suffix("") / f"{name}_{outcome.line}.svg"
                write_text(picture, plot(outcome.finding))
                parts.append(f"![{outcome.finding.what}]({picture.relative_to(path.parent)})")
    write_text(path, "\n\n".join(parts) + "\n")


def shown(finding: Finding) -> str:
    """The value with its unit and its range, or a dash with the reason."""
    if finding.skipped:
        return f"{DASH} ({finding.skipped})"
    if finding.value is None:
        return "; ".join(
            f"{name} {value:.2f}" for name, value in finding.details.items() if name[:5] == "power"
        )
    text = _number(finding, finding.value)
    if finding.low is not None and finding.high is not None:
        text += f" [{_number(finding, finding.low)}, {_number(finding, finding.high)}]"
    return text


def verdict(finding: Finding) -> str:
    """Whether the target is met, in words; a dash where there is none, or no value."""
    return {True: "met", False: "missed", None: DASH}[finding.is_met]


def plot(finding: Finding) -> str:
    """The points of a line as SVG, both axes logarithmic."""

    def draw(axes: "Axes") -> None:
        names = list(dict.fromkeys(point.series for point in finding.points))
        for colour, name in zip(COLOURS, names, strict=False):
            series: list[Point] = [point for point in finding.points if point.series == name]
            places, taken = [p.x for p in series], [p.seconds for p in series]
            axes.plot(places, taken, color=colour, marker="o", markersize=4, label=name)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(finding.what.removeprefix("seconds by "))
        axes.set_ylabel("seconds")
        axes.legend()

    return drawn([draw], columns=1, height=2.9)


def _table(lines: Sequence[Outcome]) -> str:
    rows = [
        {
            "line": f"`{outcome.line}`",
            "what": outcome.finding.what,
            "against": outcome.finding.against or DASH,
            "target": _target(outcome.finding),
            "measured": shown(outcome.finding),
            "target is": verdict(outcome.finding),
        }
        for outcome in lines
    ]
    escaped = [{name: MARKDOWN.escape(text) for name, text in row.items()} for row in rows]
    return str(pd.DataFrame(escaped).to_markdown(index=False))


def _target(finding: Finding) -> str:
    if finding.target is None:
        return DASH
    return f"{'≤' if finding.at_most else '≥'} {_number(finding, finding.target)}"


def _number(finding: Finding, value: float) -> str:
    if finding.unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.2f}{' s' if finding.unit == 'seconds' else 'x'}"


def _notes(lines: Sequence[Outcome]) -> list[str]:
    """What was equal, and further numbers, a list of lines."""
    notes = []
    for outcome in lines:
        details = [f"{name} {_plain(value)}" for name, value in outcome.finding.details.items()]
        text = "; ".join(filter(None, [outcome.finding.equality, *details]))
        if text:
            notes.append(f"- `{outcome.line}`: {text}.")
    return ["\n".join(notes)] if notes else []


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _circumstances(lines: Sequence[Outcome]) -> list[str]:
    """Under which circumstances, once for all lines that share them."""
    by_text: dict[str, list[str]] = {}
    for outcome in lines:
        by_text.setdefault(_described(outcome.circumstances), []).append(outcome.line)
    if len(by_text) == 1:
        return list(by_text)
    return ["\n".join(f"- {', '.join(names)}: {text}" for text, names in by_text.items())]


def _described(found: Circumstances) -> str:
    machine = ", ".join(f"{name}: {value}" for name, value in found.machine.items())
    versions = ", ".join(f"{name} {value}" for name, value in found.versions.items())
    dirty = " with changes" if found.is_dirty else ""
    commit = f"commit {found.commit[:9]}{dirty}"
    return f"Shape: {found.scale}. {found.workload}. {machine}. {versions}. {found.date[:10]}, {commit}."
