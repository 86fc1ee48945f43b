"""What the page of an analysis shows, and how far it is from the paper."""

from dataclasses import replace

import pytest

from benchmark.analysis_pages import Study, study_sections
from benchmark.markup import LATEX, MARKDOWN
from benchmark.pages import Section
from benchmark.published import read_published
from benchmark.rendering import latex, markdown
from benchmark.settings import read_parameters
from tests.benchmark.parameters import PARAMETERS
from tests.benchmark.test_analyses import analysis
from tests.benchmark.test_tables import result

SETTINGS = read_parameters(PARAMETERS).profiles["paper"].tasks["xner"].ablations


def study(**changes: object) -> Study:
    """The analyses of es and de by hand."""
    whole = Study(
        encoder="toy LM",
        checkpoint=None,
        source="en",
        languages=("en", "es", "de"),
        analyses={target: analysis(target) for target in ("es", "de")},
        baselines={language: result("confidence_penalty", language) for language in ("en", "es", "de")},
        adapted={language: result("uxla", language) for language in ("es", "de")},
        ablations={name: SETTINGS[name] for name in ("clustering-0.5", "confidence-80")},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def named(study: Study, name: str) -> Section:
    return next(section for section in study_sections(study, MARKDOWN) if section.name == name)


def test_parts_stand_in_the_order_of_the_paper() -> None:
    names = [section.name for section in study_sections(study(), MARKDOWN)]
    ours = ["distillation", "selections", "transfer", "epochs", "selection"]
    assert names == [*ours, "published-distillation", "published-transfer"]


def test_a_setting_says_how_it_selects() -> None:
    rows = named(study(), "distillation").cells.to_numpy().tolist()
    spread = "41.00 ± 1.41"
    assert rows == [
        ["clustering-0.5", "clusters of loss", "0.5", "yes", "hard", spread, spread],
        ["confidence-80", "confidence", "80 %", "yes", "hard", spread, spread],
    ]
    assert "20.0 to 20.0 points wide" in named(study(), "distillation").legend
    with_features = named(study(ablations={"confidence-80": SETTINGS["features-0.5"]}), "distillation")
    assert with_features.cells["distillation"].tolist() == ["clusters of loss and length and fluency"]
    softly = named(study(ablations={"confidence-80": SETTINGS["soft-80"]}), "distillation").cells
    assert softly.loc[0, ["distillation", "eta", "labels"]].tolist() == ["confidence", "80 %", "soft"]


def test_what_settings_learn_from_is_a_share_and_its_score() -> None:
    cells = named(study(), "selections").cells
    assert list(cells.columns) == ["setting", "kept es", "true es", "kept de", "true de"]
    assert cells.iloc[0].tolist() == ["clustering-0.5", "60.0", "55.5", "60.0", "55.5"]


def test_the_language_that_models_were_adapted_to_is_bold() -> None:
    cells = named(study(), "transfer").cells.set_index("language")
    assert list(cells.columns) == ["none", "to es", "to de"]
    assert cells.loc["es"].tolist() == ["81.25", "**43.00**", "43.00"]
    assert cells.loc["de"].tolist() == ["74.25", "25.00", "**25.00**"]


def test_epochs_and_what_chooses_among_them() -> None:
    epochs = named(study(), "epochs").cells.set_index("epoch")
    assert epochs.loc["2", "dev es"] == "27.50 ± 3.54"
    chosen = named(study(), "selection").cells.set_index("epoch chosen on")
    assert chosen.loc["target dev (the paper)", "es"] == "29.00 ± 2.83"
    assert chosen.loc["test (an oracle)", "es"] == "31.50 ± 4.95"


def test_the_papers_tables_stand_beside_ours_with_the_distance() -> None:
    cells = named(study(), "published-distillation").cells.set_index("setting")
    assert len(cells) == 10
    assert cells.loc["confidence-80", "es"] == "82.33 (−41.33)"
    assert cells.loc["confidence-80", "nl"] == "83.53"
    transfer = named(study(), "published-transfer").cells.set_index("language")
    assert transfer.loc["es"].tolist()[:2] == ["81.42 (−0.17)", "83.24 (−40.24)"]
    assert "Not comparable" in named(study(), "published-transfer").legend


def test_the_papers_own_encoder_has_verdicts() -> None:
    found = named(study(checkpoint=read_published().encoder), "published-transfer")
    assert found.cells.set_index("language").loc["es", "es"] == "83.24 (−40.24 ↓)"


def test_toy_languages_have_nothing_published() -> None:
    toy = study(analyses={"qab": analysis("qab")}, languages=("qaa", "qab"), ablations={})
    transfer = next(s for s in study_sections(toy, MARKDOWN) if s.name == "transfer")
    assert transfer.cells["to qab"].tolist() == ["–", "–"], "the hand-written analysis knows neither"
    whole = analysis("qab")
    renamed = [entry.model_copy(update={"language": "qab"}) for entry in whole.transfers[:1]]
    toy = replace(toy, languages=("qab",), analyses={"qab": whole.model_copy(update={"transfers": renamed})})
    assert [s.name for s in study_sections(toy, MARKDOWN)] == ["transfer", "epochs", "selection"]


def test_a_setting_that_was_not_analysed_is_named() -> None:
    some = study()
    extra = replace(some, ablations={**some.ablations, "new": next(iter(some.ablations.values()))})
    with pytest.raises(
        ValueError, match=r"^analysis of .*: expected the setting new, found none; run dvc repro$"
    ):
        study_sections(extra, MARKDOWN)


def test_pages_of_both_formats_hold_every_part() -> None:
    page = markdown(study_sections(study(), MARKDOWN))
    assert page.count("\n**XNER, profile smoke: ") == 6, "one more stands first"
    tex = latex(study_sections(study(), LATEX), label="xner-smoke-analysis")
    assert tex.count(r"\begin{table*}") == 7
    assert r"\label{tab:xner-smoke-analysis-transfer}" in tex
    assert not set("±−–") & set(tex)
