"""summarise: the page and the figures of the analyses of one task, as files (§4)."""

import json

import pandas as pd

from benchmark.analyses import read_analyses
from benchmark.analysis_pages import Study, study_sections
from benchmark.fields import Section
from benchmark.figures import Figure, figures, validation_series
from benchmark.layout import Layout
from benchmark.markup import LATEX, MARKDOWN
from benchmark.rendering import latex, markdown
from benchmark.results import System, read_cells
from benchmark.sections import AdaptationSection, LanguageModelSection, PublicModelSection
from uxla.files import replacing, write_text


class Settings(Section):
    """What the stage reads of params.yaml."""

    display_name: str
    language_model: LanguageModelSection | PublicModelSection
    source: str
    languages: tuple[str, ...]
    ablations: dict[str, AdaptationSection]


def study(settings: Settings, *, task: str, layout: Layout) -> Study:
    """The analyses of a task that there are.

    Raises:
        ValueError: there are none, or a file is broken.
    """
    analyses = read_analyses(layout.analyses(task, settings.source).parent, settings.languages)
    if not analyses:
        folder = layout.analyses(task, settings.source).parent
        raise ValueError(f"{folder}: expected the analysis of a target, found none; run the analyse stage")
    results = read_cells(layout.cells(task, settings.source).parent)
    return Study(
        encoder=settings.display_name,
        checkpoint=settings.language_model.pretrained,
        source=settings.source,
        languages=(settings.source, *settings.languages),
        analyses=analyses,
        baselines={r.language: r for r in results if r.system is System.CONFIDENCE_PENALTY},
        adapted={r.language: r for r in results if r.system is System.UXLA and r.language in analyses},
        ablations=settings.ablations,
    )


def summarise(settings: Settings, *, task: str, layout: Layout) -> None:
    """Write `<task>_analysis.md`, `.tex` and `.json`, and a folder of figures."""
    found = study(settings, task=task, layout=layout)
    base = layout.tables() / f"{task}_analysis.md"
    write_text(base, markdown(study_sections(found, MARKDOWN)))
    label = f"{task}-{layout.profile}-analysis"
    write_text(base.with_suffix(".tex"), latex(study_sections(found, LATEX), label=label))
    content = {target: analysis.model_dump(mode="json") for target, analysis in found.analyses.items()}
    write_text(base.with_suffix(".json"), json.dumps(content, indent=2, sort_keys=True) + "\n")
    samples = {
        target: {
            name: pd.read_csv(layout.samples(task, target) / f"{name}.csv")
            for name in ("logits", "sentences")
        }
        for target in found.targets
    }
    drawn = figures(found.analyses, samples, found.adapted)
    with replacing(layout.figures(task)) as folder:
        folder.mkdir()
        for figure in drawn:
            (folder / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        series = validation_series(found.analyses)
        series.to_csv(folder / "validation.csv", index=False, lineterminator="\n")
        (folder / "README.md").write_text(_captions(drawn), encoding="utf-8")


def _captions(drawn: list[Figure]) -> str:
    """A page of the figures with their captions, which are also what stands for them."""
    return "\n".join(f"![{f.caption}]({f.name}.svg)\n\n{f.caption}\n" for f in drawn)
