"""What the page of an analysis shows: distillation, transfer, epochs and selection (§4 of the paper)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.analyses import AblationScore, Analysis, Criterion, Scores
from benchmark.markup import Markup
from benchmark.pages import DASH, LEVEL, METRICS, Section, beside, distance_legend
from benchmark.published import Comparison, Verdict, read_published, verdict_of
from benchmark.results import Interval, Result
from benchmark.sections import AdaptationSection
from benchmark.statistics import spread
from benchmark.variants import title_of

SETTING = ("setting", "distillation", "eta", "agreement", "labels")
CRITERION: Mapping[Criterion, str] = {
    "target dev": "target dev (the paper)",
    "source dev": "source dev",
    "last": "none: the last",
    "test": "test (an oracle)",
}


@dataclass(frozen=True)
class Study:
    """The analyses of one task; `baselines` and `adapted` are results before and after, by language."""

    encoder: str
    checkpoint: str | None
    source: str
    languages: tuple[str, ...]
    analyses: Mapping[str, Analysis]
    baselines: Mapping[str, Result]
    adapted: Mapping[str, Result]
    ablations: Mapping[str, AdaptationSection]

    @property
    def first(self) -> Analysis:
        """Some analysis; what it says of profile, task, metric and seeds holds for all."""
        return next(iter(self.analyses.values()))

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that are analysed."""
        return tuple(self.analyses)

    @property
    def ablated(self) -> Mapping[str, Analysis]:
        """The targets in which other settings were tried."""
        found = self.analyses if self.ablations else {}
        return {target: analysis for target, analysis in found.items() if analysis.ablations}

    @property
    def n_models(self) -> int:
        """How many models every score is the mean of."""
        return len(self.first.epochs[0].test)


def study_sections(study: Study, style: Markup) -> list[Section]:
    """The parts of the page in a format's markup."""
    parts = [_distillation(study, style), _learnt_from(study, style)] if study.ablated else []
    parts += [_transfer(study, style), _epochs(study, style), _selection(study, style)]
    return [*parts, *_published(study, style)]


def _distillation(study: Study, style: Markup) -> Section:
    grid = [
        [
            *_setting(name, section, style),
            *(_spread(_ablation(study, target, name).scores, style) for target in study.ablated),
        ]
        for name, section in study.ablations.items()
    ]
    rows = [row for analysis in study.analyses.values() for row in analysis.ablations]
    widths = [row.interval.high - row.interval.low for row in rows]
    legend = (
        "Percent on the test sets after the first epoch, which learns from the source and from the target's "
        f"own sentences; mean ± sample standard deviation over {study.n_models} models. Without agreement, a "
        "student learns all that one of its peers selects; 100 % with agreement is tri-training. Soft "
        "labels: the mean of the peers' probabilities in place of their classes. "
        f"{LEVEL} intervals over the test examples are {min(widths):.1f} to {max(widths):.1f} points wide."
    )
    cells = pd.DataFrame(grid, columns=[*SETTING, *study.ablated])
    return _section("distillation", "Distillation, after one epoch (as Table 5)", cells, legend, study, style)


def _learnt_from(study: Study, style: Markup) -> Section:
    grid = []
    for name, section in study.ablations.items():
        values = [_setting(name, section, style)[0]]
        for target in study.ablated:
            lessons = _ablation(study, target, name).pseudo_labels
            shares = [100 * lesson.share_kept for lesson in lessons]
            accuracies = [lesson.accuracy for lesson in lessons if lesson.accuracy is not None]
            values += [f"{np.mean(shares):.1f}", f"{np.mean(accuracies):.1f}" if accuracies else DASH]
        grid.append(values)
    columns = [f"{what} {target}" for target in study.ablated for what in ("kept", "true")]
    legend = (
        "Percent, in means over the lessons. Kept: the share of the target's sentences that a student learns "
        f"from; true: the {METRICS[study.first.metric]} of their pseudo labels, in lessons whose sentences "
        f"have any name; {DASH}: in none."
    )
    cells = pd.DataFrame(grid, columns=[SETTING[0], *columns])
    return _section("selections", "What these settings learn from", cells, legend, study, style)


def _transfer(study: Study, style: Markup) -> Section:
    grid = []
    for language in study.languages:
        base = study.baselines.get(language)
        scores = [DASH if base is None or base.ensemble is None else f"{base.ensemble.score:.2f}"]
        for target in study.targets:
            found = {entry.language: entry for entry in study.analyses[target].transfers}
            text = f"{found[language].ensemble.score:.2f}" if language in found else DASH
            scores.append(style.bold.format(text) if language == target and text != DASH else text)
        grid.append([language, *scores])
    legend = (
        "Ensembles, percent on the test sets. A row is the language of the test set, a column that which the "
        f"models were adapted to; bold: both the same. None: {study.encoder}+con-penalty."
    )
    cells = pd.DataFrame(grid, columns=["language", "none", *(f"to {t}" for t in study.targets)])
    return _section("transfer", "Adapted models in other languages (as Table 6)", cells, legend, study, style)


def _epochs(study: Study, style: Markup) -> Section:
    grid = []
    for number, epoch in enumerate(study.first.epochs):
        of_targets = [analysis.epochs[number] for analysis in study.analyses.values()]
        dev = [_spread(found.dev["target dev"], style) for found in of_targets]
        grid.append([str(epoch.epoch), *dev, *(_spread(found.test, style) for found in of_targets)])
    legend = (
        f"Percent; mean ± sample standard deviation over {study.n_models} models. "
        "Epoch 0: before adaptation. The dev sets selected within every epoch, the test sets nothing."
    )
    columns = [f"{split} {target}" for split in ("dev", "test") for target in study.targets]
    cells = pd.DataFrame(grid, columns=["epoch", *columns])
    return _section("epochs", "Epoch by epoch (as Figure 2)", cells, legend, study, style)


def _selection(study: Study, style: Markup) -> Section:
    grid = [
        [name, *(_spread(analysis.selected(criterion), style) for analysis in study.analyses.values())]
        for criterion, name in CRITERION.items()
    ]
    legend = (
        "Percent on the test sets, if of the three epochs of the same run each model keeps the one that is "
        "best on this set. Within an epoch, lessons are selected as params.yaml says (select_on) throughout. "
        "The oracle is a bound, not a result."
    )
    cells = pd.DataFrame(grid, columns=["epoch chosen on", *study.targets])
    return _section("selection", "What chooses the epoch", cells, legend, study, style)


def _published(study: Study, style: Markup) -> list[Section]:
    """The paper's Tables 5 and 6, where it has some of the targets."""
    whole = read_published()
    ours: dict[tuple[str, str], tuple[float, Interval]] = {}
    for target, analysis in study.analyses.items():
        for row in analysis.ablations:
            ours[row.name, target] = (spread(list(row.scores.values())).mean, row.interval)
        for entry in analysis.transfers:
            ours[entry.language, target] = (entry.ensemble.score, entry.ensemble.interval)
    for language, result in study.baselines.items():
        if result.ensemble is not None:
            ours[language, study.source] = (result.ensemble.score, result.ensemble.interval)
    found = []
    for name, table in {"distillation": whole.distillation, "transfer": whole.transfer}.items():
        grid = [
            [row.name, *(_beside(study, row.name, column, score, ours) for column, score in pairs)]
            for row in table.rows
            for pairs in [list(zip(table.languages, row.scores, strict=True))]
        ]
        if set(table.languages) & set(study.targets) and study.first.task == "xner":
            first = "setting" if name == "distillation" else "language"
            cells = pd.DataFrame(grid, columns=[first, *table.languages]).map(style.escape)
            legend = distance_legend(study.encoder, study.checkpoint)
            caption = f"the paper's own scores ({table.title})"
            found.append(_section(f"published-{name}", caption, cells, legend, study, style))
    return found


def _beside(
    study: Study,
    row: str,
    language: str,
    score: float | None,
    ours: Mapping[tuple[str, str], tuple[float, Interval]],
) -> str:
    if score is None or (row, language) not in ours:
        return beside(Comparison(row, language, score, None, None, None))
    mean, interval = ours[row, language]
    is_comparable = study.checkpoint == read_published().encoder
    verdict = verdict_of(interval, score) if is_comparable else Verdict.NOT_COMPARABLE
    return beside(Comparison(row, language, score, mean, mean - score, verdict))


def _section(
    name: str, caption: str, cells: pd.DataFrame, legend: str, study: Study, style: Markup
) -> Section:
    caption = f"{title_of(study.first.task)}, profile {study.first.profile}: {caption}"
    return Section(name, style.escape(caption), cells, style.escape(legend))


def _setting(name: str, section: AdaptationSection, style: Markup) -> list[str]:
    """The columns of SETTING."""
    kept = f"{100 * section.keep_fractions[0]:g} %"
    features = " and ".join(["loss", *section.clustering_features])
    by = "confidence" if section.posterior_threshold is None else f"clusters of {features}"
    eta = kept if section.posterior_threshold is None else f"{section.posterior_threshold:g}"
    agreement, labels = "yes" if section.agreement else "no", "soft" if section.soft_labels else "hard"
    return [style.escape(text) for text in (name, by, eta, agreement, labels)]


def _ablation(study: Study, target: str, name: str) -> AblationScore:
    for row in study.analyses[target].ablations:
        if row.name == name:
            return row
    raise ValueError(f"analysis of {target}: expected the setting {name}, found none; run dvc repro")


def _spread(scores: Scores, style: Markup) -> str:
    found = spread(list(scores.values()))
    mean = f"{found.mean:.2f}"
    return mean if found.std is None else style.spread.format(mean, f"{found.std:.2f}")
