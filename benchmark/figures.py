"""Figures 2 to 4 of the paper, and the truth of the pseudo labels, as SVG: equal data, equal bytes."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from benchmark.analyses import Analysis
from benchmark.results import Result
from benchmark.statistics import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OBJECTIVES = {"cross_entropy": "without penalty", "confidence_penalty": "with penalty"}
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999")
"""Told apart by everybody, by Okabe and Ito."""
STYLE: Any = {
    "svg.hashsalt": "uxla",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "figure.constrained_layout.use": True,
    "legend.frameon": False,
}


class Figure(NamedTuple):
    """One picture: its name, what it shows in words, and its SVG."""

    name: str
    caption: str
    svg: str


Draw = Callable[["Axes"], None]
Samples = Mapping[str, Mapping[str, pd.DataFrame]]
"""By target: the tables `logits` and `sentences` of `benchmark.stages.samples`."""


CAPTIONS = {
    "validation": "Figure 2: dev score of the three models over the epochs of UXLA; bands from the lowest "
    "to the highest model. Epoch 0 is before adaptation.",
    "logits": "Figure 3 (a, b): class logits of words of the dev set by t-SNE, coloured by their gold label; "
    "warm-up without and with confidence penalty.",
    "losses": "Figure 3 (c, d): mean loss of sentences with respect to the model's own labels, for those "
    "with at most two wrong labels (accurate-2) and for those with more.",
    "loss_by_length": "Figure 4 (a, b): mean loss of sentences against their length in words.",
    "lengths": "Figure 4 (c, d): lengths of all sentences, and of those selected by confidence.",
    "pseudo_labels": "Score of the pseudo labels of the target's own sentences that students learn from, by "
    "lesson; epoch 2 learns from vicinal sentences, which have no gold.",
}


def figures(
    analyses: Mapping[str, Analysis], samples: Samples, adapted: Mapping[str, Result]
) -> list[Figure]:
    """All figures of one task; `adapted` are the results of UXLA, by target."""
    series: dict[str, Draw] = {
        "validation": lambda axes: _validation(axes, analyses),
        "pseudo_labels": lambda axes: _pseudo_labels(axes, adapted),
    }
    found = []
    for name, caption in CAPTIONS.items():
        if name in series:
            svg = drawn([series[name]], columns=1, height=2.9)
        else:
            panels = [_panel(name, samples, target, of) for target in analyses for of in OBJECTIVES]
            svg = drawn(panels, columns=2, height=2.3)
        found.append(Figure(name, _of_targets(caption, analyses), svg))
    return found


def read_figures(folder: Path, analyses: Mapping[str, Analysis]) -> list[Figure]:
    """The figures of one task as they were written, `<name>.svg`.

    Raises:
        ValueError: one is missing.
    """
    found = []
    for name, caption in CAPTIONS.items():
        path = folder / f"{name}.svg"
        if not path.is_file():
            raise ValueError(f"{path}: expected a figure, found none; run the summarise stage")
        found.append(Figure(name, _of_targets(caption, analyses), path.read_text(encoding="utf-8")))
    return found


def validation_series(analyses: Mapping[str, Analysis]) -> pd.DataFrame:
    """The dev score of every model after every epoch, a row each: the series of Figure 2."""
    rows = [
        {"target": target, "epoch": epoch.epoch, "model": seed, analysis.metric: score}
        for target, analysis in analyses.items()
        for epoch in analysis.epochs
        for seed, score in epoch.dev["target dev"].items()
    ]
    return pd.DataFrame(rows)


def drawn(panels: Sequence[Draw], *, columns: int, height: float) -> str:
    """The SVG of panels in a grid; `height` is that of a row in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    n_rows = -(-len(panels) // columns)
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(6.4 if columns > 1 else 4.8, height * n_rows))
        for number, draw in enumerate(panels, start=1):
            draw(canvas.add_subplot(n_rows, columns, number))
        text = io.StringIO()
        canvas.savefig(text, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _of_targets(caption: str, analyses: Mapping[str, Analysis]) -> str:
    return f"{caption} In {', '.join(analyses)}."


def _panel(name: str, samples: Samples, target: str, objective: str) -> Draw:
    """One target and objective of a figure of samples."""
    draw = {"logits": _logits, "losses": _losses, "loss_by_length": _loss_by_length, "lengths": _lengths}[
        name
    ]
    whole = samples[target]["logits" if name == "logits" else "sentences"]

    def drawn(axes: "Axes") -> None:
        axes.set_title(f"{target}, {OBJECTIVES[objective]}", loc="left")
        draw(axes, whole[whole["objective"] == objective])

    return drawn


def _validation(axes: "Axes", analyses: Mapping[str, Analysis]) -> None:
    for colour, (target, analysis) in zip(COLOURS, analyses.items(), strict=False):
        epochs = [epoch.epoch for epoch in analysis.epochs]
        found = [spread(list(epoch.dev["target dev"].values())) for epoch in analysis.epochs]
        axes.plot(epochs, [s.mean for s in found], color=colour, marker="o", markersize=4, label=target)
        axes.fill_between(
            epochs, [s.minimum for s in found], [s.maximum for s in found], color=colour, alpha=0.15, lw=0
        )
    axes.set_xticks(epochs, [str(epoch) for epoch in epochs])
    axes.set_xlabel("epoch")
    axes.set_ylabel("dev score (%)")
    axes.legend()


def _logits(axes: "Axes", points: pd.DataFrame) -> None:
    for colour, (label, group) in zip(COLOURS, points.groupby("label", sort=True), strict=False):
        axes.scatter(group["x"], group["y"], s=5, color=colour, label=label, lw=0, rasterized=True)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(markerscale=2, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0.2)


def _losses(axes: "Axes", sentences: pd.DataFrame) -> None:
    accurate = sentences["wrong"] <= 2
    bins = np.linspace(0, max(float(sentences["loss"].max()), 1e-6), 31)
    parts = [sentences.loc[accurate, "loss"], sentences.loc[~accurate, "loss"]]
    axes.hist(parts, bins=list(bins), stacked=True, color=COLOURS[:2], label=["accurate-2", "more"])
    axes.set_xlabel("loss")
    axes.set_ylabel("sentences")
    axes.legend()


def _loss_by_length(axes: "Axes", sentences: pd.DataFrame) -> None:
    for colour, name, chosen in (
        (COLOURS[0], "accurate-2", sentences["wrong"] <= 2),
        (COLOURS[1], "more", sentences["wrong"] > 2),
    ):
        some = sentences[chosen]
        axes.scatter(
            some["words"], some["loss"], s=3, color=colour, label=name, lw=0, alpha=0.5, rasterized=True
        )
    axes.set_xlabel("words")
    axes.set_ylabel("loss")
    axes.legend(markerscale=3)


def _lengths(axes: "Axes", sentences: pd.DataFrame) -> None:
    bins = list(np.linspace(0, float(sentences["words"].max()) + 1, 31))
    axes.hist(sentences["words"], bins=bins, color="#cccccc", label="all")
    axes.hist(
        sentences.loc[sentences["selected"] == 1, "words"], bins=bins, color=COLOURS[0], label="selected"
    )
    axes.set_xlabel("words")
    axes.set_ylabel("sentences")
    axes.legend()


def _pseudo_labels(axes: "Axes", adapted: Mapping[str, Result]) -> None:
    for colour, (target, result) in zip(COLOURS, adapted.items(), strict=False):
        lessons = [entry for entry in result.pseudo_labels if entry.origin == "target"]
        epochs = [entry.epoch for entry in lessons]
        places = [f"{epoch}.{1 + epochs[:number].count(epoch)}" for number, epoch in enumerate(epochs)]
        scores = [np.nan if entry.accuracy is None else entry.accuracy for entry in lessons]
        axes.plot(places, scores, color=colour, marker="o", markersize=4, label=target)
    axes.set_xlabel("epoch.lesson")
    axes.set_ylabel("score of the pseudo labels (%)")
    axes.legend()
