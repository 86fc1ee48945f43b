"""The table of a few hand-written results, as numbers."""

from typing import Any

import pytest

from benchmark.results import Result, System
from benchmark.tables import AVERAGE, Encoder, Row, Table, tabulate

SIZES = {"en": 3453, "es": 1517, "de": 60}
LANGUAGES = tuple(SIZES)
SCORES: dict[str, dict[str, list[float]]] = {
    "cross_entropy": {"en": [92, 93, 94], "es": [79, 80, 81], "de": [73, 73.5, 74]},
    "confidence_penalty": {"en": [92.5, 93, 93.5], "es": [80, 80.5, 81], "de": [74, 74, 74]},
    "uxla": {"es": [83, 83.5, 84], "de": [80, 80.5, 82]},
    "supervised": {"es": [89, 89.2, 89.4], "de": [86, 86.2, 86.4]},
}


def result(system: str, language: str, **changes: Any) -> Result:
    scores = SCORES.get(system, SCORES["cross_entropy"])[language]
    content: dict[str, Any] = {
        "profile": "smoke",
        "task": "xner",
        "system": system,
        "language": language,
        "metric": "f1",
        "split": "test",
        "selected_on": "target dev" if system == "supervised" else "source dev",
        "n_examples": SIZES[language],
        "models": [
            {"seed": seed, "score": score, "dev_score": 95}
            for seed, score in zip((11, 22, 33), scores, strict=True)
        ],
        "interval": {"low": min(scores) - 1, "high": max(scores) + 1},
        "crossed_interval": {"low": min(scores) - 2, "high": max(scores) + 2},
        "ensemble": {
            "score": max(scores) + 0.25,
            "interval": {"low": min(scores) - 1, "high": max(scores) + 2},
        },
        "seconds": {"evaluate": 1.5},
    }
    if system == "uxla":
        tested = {"difference": 3, "interval": {"low": -0.25, "high": 6.5}, "p_value": 0.03}
        crossed = {"crossed_interval": {"low": -10.5, "high": 16.25}}
        plain = {"difference": 4, "interval": {"low": 0.75, "high": 7.5}, "p_value": 0.01}
        content["comparisons"] = [
            {"against": "confidence_penalty", **tested, **crossed},
            {"against": "cross_entropy", **plain, **crossed},
        ]
        content["pseudo_labels"] = [
            lesson(epoch, origin, student)
            for epoch, origin in ((1, "target"), (2, "target_vicinal"))
            for student in (0, 1, 2)
        ]
    return Result.model_validate(content | changes)


def lesson(epoch: int, origin: str, student: int) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "student": student,
        "origin": origin,
        "n": 1000 + student,
        "share_kept": 0.75,
        "agreement": 0.875,
        "accuracy": 95 + student if origin == "target" else None,
    }


def results(*left_out: tuple[str, str]) -> list[Result]:
    return [
        result(system, language)
        for system, by_language in SCORES.items()
        for language in by_language
        if (system, language) not in left_out
    ]


def table(*left_out: tuple[str, str], encoder: str = "toy LM") -> Table:
    return tabulate(results(*left_out), languages=LANGUAGES, encoder=encoder)


UXLA, UXLA_ENSEMBLE = Row(System.UXLA, is_ensemble=False), Row(System.UXLA, is_ensemble=True)


def test_cells_and_averages_by_hand() -> None:
    assert table().cell(UXLA, "es") == (83.5, 0.5, 83, 84)
    # Per model over es and de: 81.5, 82 and 83.
    assert table().cell(UXLA, AVERAGE) == pytest.approx((82 + 1 / 6, 0.763763, 81.5, 83), abs=1e-6)
    assert table().cell(UXLA_ENSEMBLE, AVERAGE) == ((84.25 + 82.25) / 2, None, 83.25, 83.25)


def test_rows_are_named_as_in_the_paper() -> None:
    found = table(encoder="XLM-R")
    assert [found.label(row) for row in found.rows] == [
        "XLM-R",
        "XLM-R (ensemble)",
        "XLM-R+con-penalty",
        "XLM-R+con-penalty (ensemble)",
        "UXLA",
        "UXLA (ensemble)",
        "supervised",
        "supervised (ensemble)",
    ]


def test_further_baselines_are_rows_where_they_were_run_or_are_expected() -> None:
    mbert = result("mbert_cross_entropy", "es", selected_on="source dev")
    found = tabulate(
        [*results(), mbert],
        languages=LANGUAGES,
        encoder="XLM-R",
        rivals={"mbert": Encoder("mBERT"), "continued": Encoder("Finetuned XLM-R")},
        has_tagger=True,
    )
    assert [found.label(row) for row in found.rows if not row.is_ensemble] == [
        "mBERT",
        "XLM-R",
        "mBERT+con-penalty",
        "Finetuned XLM-R+con-penalty",
        "XLM-R+con-penalty",
        "UXLA",
        "LSTM-CRF, supervised",
        "supervised",
    ]
    assert "mBERT in en" in found.missing
    assert "mBERT in es" not in found.missing
    assert {"LSTM-CRF, supervised in en", "Finetuned XLM-R+con-penalty in de"} <= set(found.missing)
    assert "supervised in en" not in found.missing


def test_a_missing_run_leaves_a_gap_and_so_does_its_average() -> None:
    gap = table(("uxla", "de"))
    assert gap.cell(UXLA, "de") is None
    assert gap.cell(UXLA, AVERAGE) is None


def test_a_missing_test_makes_the_correction_no_milder() -> None:
    assert [d.p_holm for d in table().differences] == pytest.approx([0.06, 0.06, 0.02, 0.02])
    found = [d.p_holm for d in table(("uxla", "de")).differences]
    assert found == [pytest.approx(0.06), None, pytest.approx(0.02), None]


def test_differences_are_from_what_uxla_began_as_and_from_models_without_the_penalty() -> None:
    found = [(d.against, d.target, d.difference) for d in table().differences]
    baselines = (System.CONFIDENCE_PENALTY, 3), (System.CROSS_ENTROPY, 4)
    assert found == [(against, target, by) for against, by in baselines for target in ("es", "de")]


def test_strict_names_what_is_missing() -> None:
    tabulate(results(), languages=LANGUAGES, encoder="toy LM", strict=True)
    with pytest.raises(
        ValueError, match=r"every run of smoke, missing: toy LM in en, toy LM \(ensemble\) in en$"
    ):
        tabulate(results(("cross_entropy", "en")), languages=LANGUAGES, encoder="toy LM", strict=True)
    assert table(("uxla", "de")).missing == [
        "UXLA in de",
        "UXLA (ensemble) in de",
        "test of UXLA against toy LM+con-penalty in de",
        "test of UXLA against toy LM in de",
    ]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ([result("uxla", "es", profile="full")], "one profile, was: full and smoke"),
        ([result("uxla", "es", n_examples=9)], "one test set for es, was: 1517 and 9"),
        ([result("uxla", "es").model_copy(update={"language": "fr"})], "results in en, es, de, was: fr"),
        ([result("uxla", "es")], "one result a system and language, was: 11 results for 10"),
        ([result("uxla", "es", models=[{"seed": 5, "score": 1, "dev_score": 1}])], "one set of seeds"),
    ],
)
def test_results_that_do_not_belong_together_are_refused(extra: list[Result], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tabulate(results() + extra, languages=LANGUAGES, encoder="toy LM")


def test_a_table_needs_results_and_targets() -> None:
    with pytest.raises(ValueError, match="found none; run the evaluate stage"):
        tabulate([], languages=LANGUAGES, encoder="toy LM")
    with pytest.raises(ValueError, match="a source and other targets, was: en"):
        tabulate(results(), languages=["en"], encoder="toy LM")
