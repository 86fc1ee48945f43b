"""A table as tidy records; golden files in `test_rendering` hold all of them."""

from benchmark.records import records
from benchmark.tables import tabulate
from tests.benchmark.test_tables import LANGUAGES, result, results, table


def test_a_cell_has_its_models_and_what_it_was_tested_against() -> None:
    cells = records(table())["cells"]
    (cell,) = [c for c in cells if (c["system"], c["language"]) == ("uxla", "es")]
    assert [cell[f"score_{seed}"] for seed in (11, 22, 33)] == [83, 83.5, 84]
    assert cell["minus_confidence_penalty_p_value"] == 0.03
    assert cell["minus_confidence_penalty_p_holm"] == 0.06
    assert cell["minus_cross_entropy_p_holm"] == 0.02
    assert "minus_confidence_penalty_mcnemar_holm" not in cell, "spans are not classified one by one"


def test_intervals_over_examples_and_seeds_stand_beside_those_over_examples() -> None:
    content = records(table())
    (cell,) = [c for c in content["cells"] if (c["system"], c["language"]) == ("uxla", "es")]
    assert (cell["low"], cell["high"]) == (82, 85)
    assert (cell["crossed_low"], cell["crossed_high"]) == (81, 86)
    ends = [cell[f"minus_confidence_penalty_crossed_{end}"] for end in ("low", "high")]
    assert ends == [-10.5, 16.25]
    assert [(d["crossed_low"], d["crossed_high"]) for d in content["differences"]] == [(-10.5, 16.25)] * 4
    before = [result("uxla", "es", crossed_interval=None)]
    (cell, *_) = [
        c for c in records(tabulate(before, languages=LANGUAGES, encoder=""))["cells"] if "low" in c
    ]
    assert "crossed_low" not in cell


def test_mcnemar_stands_beside_where_it_was_made() -> None:
    tested = {"difference": 3, "interval": {"low": 1, "high": 5}, "p_value": 0.03, "mcnemar": 0.01}
    found = [r for r in results() if r.system != "uxla"]
    found += [
        result("uxla", code, comparisons=[{"against": "confidence_penalty", **tested}])
        for code in ("es", "de")
    ]
    whole = tabulate(found, languages=LANGUAGES, encoder="toy LM")
    mcnemar = [(entry["against"], entry["mcnemar"]) for entry in records(whole)["differences"]]
    assert mcnemar == [("confidence_penalty", 0.02)] * 2 + [("cross_entropy", None)] * 2
    (cell,) = [c for c in records(whole)["cells"] if (c["system"], c["language"]) == ("uxla", "es")]
    assert cell["minus_confidence_penalty_mcnemar_holm"] == 0.02
