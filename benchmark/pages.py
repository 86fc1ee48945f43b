"""What the page of a task shows: scores, differences, the paper's own, pseudo labels, hyperparameters."""

from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from benchmark.markup import Markup
from benchmark.published import Comparison, PublishedTable, Verdict, compare, counterparts, read_published
from benchmark.results import UPPER_BOUNDS, ZERO_SHOT, System
from benchmark.statistics import CONFIDENCE_LEVEL, Spread, spread
from benchmark.tables import AVERAGE, Row, Table
from benchmark.variants import title_of

METRICS = {"f1": "span F1", "accuracy": "accuracy"}
DASH = "–"
COLLAPSED = "†"
LEVEL = f"{100 * CONFIDENCE_LEVEL:g} %"
MARKS = {Verdict.WITHIN: " =", Verdict.ABOVE: " ↑", Verdict.BELOW: " ↓"}


@dataclass(frozen=True)
class Section:
    """One of the tables on the page: marked-up text, with a rule before the row `rule_before`."""

    name: str
    caption: str
    cells: pd.DataFrame
    legend: str
    rule_before: int | None = None


def sections(table: Table, style: Markup) -> list[Section]:
    """The parts of the page in a format's markup; what a profile has nothing to say of is left out."""
    parts = [_scores(table, style), *(_differences(table, against, style) for against in ZERO_SHOT)]
    parts += [_repeats(table, style)] if table.repeats else []
    parts += [_published(table, published, style) for published in counterparts(table)]
    parts += [_labellings(table, style)] if table.labellings else []
    return [*parts, _hyperparameters(table, style)] if table.hyperparameters else parts


def beside(comparison: Comparison) -> str:
    """The paper's score, with our distance from it in parentheses."""
    if comparison.published is None:
        return DASH
    score = f"{comparison.published:.2f}"
    if comparison.difference is None:
        return score
    mark = MARKS.get(comparison.verdict, "") if comparison.verdict else ""
    return f"{score} ({_signed(comparison.difference)}{mark})"


def distance_legend(encoder: str, checkpoint: str | None) -> str:
    """What the parentheses say."""
    paper = read_published().encoder
    return "In parentheses: ours minus the paper's, in points" + (
        f"; = where our {LEVEL} interval over test examples holds the paper's score, ↑ and ↓ where it lies "
        "above and below it."
        if checkpoint == paper
        else f". Not comparable: {encoder} is not the paper's encoder, {paper}."
    )


def _scores(table: Table, style: Markup) -> Section:
    first, columns = table.first, (*table.languages, *table.absent, AVERAGE)
    best = {column: _best(table, column) for column in columns}
    grid = [
        [
            style.escape(table.label(row)),
            *(
                _score(table.cell(row, column), best[column], row, style)
                + COLLAPSED * bool(table.collapsed(row, column))
                for column in columns
            ),
            style.escape(table.selected_on(row.system) or DASH),
        ]
        for row in table.rows
    ]
    sizes = {language: r.n_examples for (_, language), r in table.results.items()}
    n_models = len(first.models)
    legend = (
        f"Percent; mean ± sample standard deviation over {n_models} models, an ensemble averages their "
        f"probabilities. Bold: best zero-resource score of a column. Average: over the targets "
        f"{', '.join(table.targets)}. Selected on: the dev set that chose the checkpoints. {DASH}: no run; "
        "UXLA adapts to targets only. "
        f"Test examples: {', '.join(f'{name} {sizes[name]:,}' for name in table.languages if name in sizes)}."
        f"{_collapses(table)}{''.join(f' {name}: {why}.' for name, why in table.absent.items())}"
    )
    caption = f"{title_of(first.task)}, profile {first.profile}: {METRICS[first.metric]} on the test sets"
    cells = pd.DataFrame(grid, columns=["system", *columns, "selected on"])
    upper_bound = next(i for i, row in enumerate(table.rows) if row.system in UPPER_BOUNDS)
    return Section("scores", style.escape(caption), cells, style.escape(legend), rule_before=upper_bound)


def _collapses(table: Table) -> str:
    """Which models give every example the same class, as a sentence; nothing where none does."""
    cells = [
        f"{table.label(row)} in {language}, {n} of {len(table.results[row.system, language].models)} models"
        for row in table.rows
        for language in table.languages
        if (n := table.collapsed(row, language))
    ]
    return f" {COLLAPSED}: collapsed to a single class ({'; '.join(cells)})." if cells else ""


def _best(table: Table, column: str) -> str | None:
    zero_resource = [table.cell(row, column) for row in table.rows if row.system not in UPPER_BOUNDS]
    means = [cell.mean for cell in zero_resource if cell]
    return f"{max(means):.2f}" if means else None


def _score(cell: Spread | None, best: str | None, row: Row, style: Markup) -> str:
    if cell is None:
        return style.escape(DASH)
    mean = f"{cell.mean:.2f}"
    if mean == best and row.system not in UPPER_BOUNDS:
        mean = style.bold.format(mean)
    return mean if cell.std is None else style.spread.format(mean, f"{cell.std:.2f}")


def _differences(table: Table, against: System, style: Markup) -> Section:
    found = [d for d in table.differences if d.against is against]
    grid = [
        [
            d.target,
            _signed(d.difference),
            _between(d.low, d.high),
            _between(d.crossed_low, d.crossed_high),
            _probability(d.p_value),
            DASH if d.p_value is None else _probability(d.p_holm),
        ]
        for d in found
    ]
    is_origin = against is System.CONFIDENCE_PENALTY
    drawn = "each with UXLA's model and the one that it began as" if is_origin else "for each system alone"
    legend = (
        f"Points, in means over the models; {LEVEL} interval of the paired percentile bootstrap over test "
        f"examples, not corrected; p: two-sided approximate randomisation, swapping whole examples; "
        "Holm: corrected over all targets. Examples and seeds: seeds are drawn too, "
        f"{drawn}; with {len(table.first.models)} of them this is rough: too narrow where seeds matter, too "
        "wide where they do not."
    )
    intervals = [f"{LEVEL} interval", f"{LEVEL} interval, examples and seeds"]
    columns = ["target", "difference", *intervals, "p", "p (Holm)"]
    if any(d.mcnemar is not None for d in found):
        columns.append("McNemar (Holm)")
        grid = [[*row, _probability(d.mcnemar)] for row, d in zip(grid, found, strict=True)]
        legend += " McNemar: exact, of the two ensembles, two-sided."
    caption = f"UXLA minus {table.label(Row(against, is_ensemble=False))}"
    return _plain(f"minus-{against}", caption, pd.DataFrame(grid, columns=columns), legend, style)


def _repeats(table: Table, style: Markup) -> Section:
    grid = []
    for target, means in table.repeats.items():
        found = spread(means)
        numbers = (means[0], found.mean, found.std or 0.0, found.minimum, found.maximum)
        grid.append([target, str(len(means)), *(f"{number:.2f}" for number in numbers)])
    legend = (
        "Percent, in means over the models, over runs of Algorithm 1 from the same models, each with a seed "
        "of its own; the first is that of the tables above. Spread: sample standard deviation."
    )
    columns = ["target", "runs", "first", "mean", "spread", "lowest", "highest"]
    return _plain("repeats", "UXLA with other seeds", pd.DataFrame(grid, columns=columns), legend, style)


def _published(table: Table, published: PublishedTable, style: Markup) -> Section:
    grid = [
        [name, *(beside(comparison) for comparison in row)]
        for name, row in groupby(compare(table, published), lambda comparison: comparison.name)
    ]
    legend = distance_legend(table.encoder, table.checkpoint)
    cells = pd.DataFrame(grid, columns=["system", *published.languages])
    return _plain(
        f"published-{published.title}", f"The paper's own scores ({published.title})", cells, legend, style
    )


def _labellings(table: Table, style: Markup) -> Section:
    grid = [
        [
            entry.target,
            str(entry.epoch),
            entry.origin,
            f"{entry.n:,.0f}",
            f"{100 * entry.share_kept:.1f}",
            f"{100 * entry.agreement:.1f}",
            DASH if entry.accuracy is None else f"{entry.accuracy:.1f}",
        ]
        for entry in table.labellings
    ]
    legend = (
        "Percent, in means over the lessons of an epoch. n, kept: the examples a student learns from, and "
        "their share of the corpus. Agreement: share of the examples selected by both peers "
        "that they label alike. "
        f"Accuracy: of the labels kept; {DASH}: no gold, or no name in them."
    )
    columns = ["target", "epoch", "labelled", "n", "kept", "agreement", "accuracy"]
    return _plain(
        "pseudo-labels", "Pseudo labels of UXLA", pd.DataFrame(grid, columns=columns), legend, style
    )


def _hyperparameters(table: Table, style: Markup) -> Section:
    grid = [[entry.name, entry.warmup or DASH, entry.adaptation or DASH] for entry in table.hyperparameters]
    cells = pd.DataFrame(grid, columns=["hyperparameter", "warm-up", "adaptation"])
    address = f"profiles.{table.first.profile}.tasks.{table.first.task}"
    legend = f"The rows of Table 8 of the paper and what it only writes of; from params.yaml, {address}."
    return _plain("hyperparameters", "Hyperparameters", cells, legend, style)


def _plain(name: str, caption: str, cells: pd.DataFrame, legend: str, style: Markup) -> Section:
    return Section(name, style.escape(caption), cells.map(style.escape), style.escape(legend))


def _signed(value: float | None) -> str:
    return DASH if value is None else f"{value:+.2f}".replace("-", "−")


def _between(low: float | None, high: float | None) -> str:
    return DASH if low is None else f"[{_signed(low)}, {_signed(high)}]"


def _probability(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
