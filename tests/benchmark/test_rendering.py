"""The table of a few hand-written results against golden files, and as each format needs it.

Golden files are read by people: look at the difference, then rewrite them by
`python -c "from tests.benchmark.test_rendering import *; write_tables(table(('supervised', 'de')), GOLDEN)"`.
"""

import csv
import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from benchmark.markup import LATEX, MARKDOWN
from benchmark.pages import sections
from benchmark.rendering import latex as latex_of
from benchmark.rendering import markdown as markdown_of
from benchmark.rendering import show as show_page
from benchmark.rendering import write_tables
from benchmark.tables import Table, tabulate
from tests.benchmark.test_tables import LANGUAGES, SCORES, result, results, table

GOLDEN = Path(__file__).parent / "golden"


def markdown(table: Table) -> str:
    return markdown_of(sections(table, MARKDOWN))


def latex(table: Table) -> str:
    return latex_of(sections(table, LATEX), label="xner-smoke")


def show(table: Table, console: Console) -> None:
    show_page(partial(sections, table), console)


@pytest.mark.parametrize("name", ["xner.md", "xner.tex", "xner.csv", "xner.json"])
def test_files_equal_the_golden_ones(tmp_path: Path, name: str) -> None:
    write_tables(table(("supervised", "de")), tmp_path)
    assert (tmp_path / name).read_text("utf-8") == (GOLDEN / name).read_text("utf-8")


def test_the_order_of_the_results_changes_no_byte(tmp_path: Path) -> None:
    backwards = tabulate(results()[::-1], languages=LANGUAGES, encoder="toy LM")
    write_tables(table(), tmp_path / "a")
    write_tables(backwards, tmp_path / "b")
    names = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")}
    assert len(names) == 5
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_bold_is_the_best_zero_resource_score() -> None:
    lines = markdown(table()).splitlines()
    assert "**84.25**" in next(line for line in lines if line.startswith("| UXLA (ensemble)"))
    assert "**94.25**" in next(line for line in lines if line.startswith("| toy LM (ensemble)"))
    assert not any("**" in line for line in lines if line.startswith("| supervised"))


def test_latex_escapes_what_it_must() -> None:
    page = latex(table(encoder="a_b & 5% #1"))
    assert r"a\_b \& 5\% \#1+con-penalty" in page
    assert not set("±−–") & set(page)


def test_a_terminal_of_100_columns_is_enough() -> None:
    file = io.StringIO()
    show(table(encoder="XLM-R"), Console(file=file, width=100, force_terminal=True, color_system="standard"))
    shown = file.getvalue()
    assert "\x1b[1m84.25\x1b[0m" in shown
    assert "…" not in shown


def test_100_columns_are_enough_for_every_test_of_a_difference() -> None:
    tests = {"p_value": 0, "mcnemar": 0, "interval": {"low": -9.5, "high": 10}}
    tests |= {"difference": 1, "crossed_interval": {"low": -10.5, "high": 16.25}}
    found = [r for r in results() if r.system != "uxla"]
    found += [
        result("uxla", code, comparisons=[{"against": "confidence_penalty", **tests}])
        for code in ("es", "de")
    ]
    file = io.StringIO()
    show(
        tabulate(found, languages=LANGUAGES, encoder="XLM-R"),
        Console(file=file, width=100, force_terminal=True, no_color=True),
    )
    assert "examples and seeds" in file.getvalue()
    assert "[−10.50, +16.25]" in file.getvalue()
    assert "…" not in file.getvalue()


def test_without_a_terminal_the_page_is_plain_markdown() -> None:
    file = io.StringIO()
    show(table(), Console(file=file, width=40))
    assert file.getvalue() == markdown(table())


def test_metrics_are_means_by_system_and_language_without_gaps(tmp_path: Path) -> None:
    write_tables(table(("uxla", "de")), tmp_path)
    found = json.loads((tmp_path / "metrics/xner.json").read_text("utf-8"))
    assert found["uxla"] == {"es": 83.5}
    assert found["uxla_ensemble"] == {"es": 84.25}
    assert found["cross_entropy"] == {"en": 93, "es": 80, "de": 73.5}


def test_json_keeps_every_digit_a_file_holds(tmp_path: Path) -> None:
    write_tables(table(), tmp_path)
    averages = json.loads((tmp_path / "xner.json").read_text("utf-8"))["averages"]
    assert averages[4]["mean"] == 82.166667


def test_a_missing_run_is_a_dash_and_so_is_its_average() -> None:
    page = markdown(table(("uxla", "de")))
    line = next(line for line in page.splitlines() if line.startswith("| UXLA "))
    assert [entry.strip() for entry in line.strip("|").split("|")] == [
        "UXLA",
        "–",
        "83.50 ± 0.50",
        "–",
        "–",
        "source dev",
    ]


def test_csv_has_a_line_for_every_system_and_language_and_empty_fields_for_gaps(tmp_path: Path) -> None:
    write_tables(table(("uxla", "de")), tmp_path)
    rows = list(csv.DictReader((tmp_path / "xner.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == 4 * 3
    gap = next(row for row in rows if (row["system"], row["language"]) == ("uxla", "de"))
    assert (gap["mean"], gap["std"]) == ("", "")


def test_without_lessons_there_is_no_table_of_pseudo_labels() -> None:
    assert "Pseudo labels of UXLA" in markdown(table())
    baselines = [
        result(system, code) for system in ("cross_entropy", "confidence_penalty") for code in SCORES[system]
    ]
    page = markdown(tabulate(baselines, languages=LANGUAGES, encoder="toy LM"))
    assert "Pseudo labels" not in page
    assert "nan" not in page


def test_markdown_keeps_a_bar_in_a_name_out_of_the_grid() -> None:
    lines = [line for line in markdown(table(encoder="a|b")).splitlines() if line.startswith("|")]
    assert r"a\|b+con-penalty" in "\n".join(lines)
    assert len({line.replace(r"\|", "").count("|") for line in lines[:10]}) == 1


def test_an_unlikely_chance_is_below_the_smallest_number_shown() -> None:
    tested = {
        "against": "confidence_penalty",
        "difference": -3,
        "interval": {"low": -6, "high": -1},
        "p_value": 0,
    }
    sure = [r for r in results() if r.system != "uxla"]
    sure += [result("uxla", code, comparisons=[tested]) for code in ("es", "de")]
    page = markdown(tabulate(sure, languages=LANGUAGES, encoder="toy LM"))
    assert page.count("−3.00 |") == 2
    assert page.count("| < 0.0001 |   < 0.0001 |") == 2


def test_models_that_give_all_the_same_class_are_marked_and_named() -> None:
    """They stay in the mean: nothing is dropped."""
    found = [r for r in results() if (r.system, r.language) != ("uxla", "es")]
    found.append(result("uxla", "es", collapsed=[11, 33]))
    page = markdown(tabulate(found, languages=LANGUAGES, encoder="toy LM"))
    line = next(line for line in page.splitlines() if line.startswith("| UXLA  "))
    assert "83.50 ± 0.50†" in line
    assert line.count("†") == 1
    assert "†: collapsed to a single class (UXLA in es, 2 of 3 models)." in page
    assert "†" not in markdown(table())


def test_a_column_that_nobody_runs_has_dashes_and_a_reason() -> None:
    page = markdown(replace(table(), absent={"fi": "the text is licensed"}))
    header, _, *rows = [line for line in page.splitlines() if line.startswith("|")]
    place = [cell.strip() for cell in header.split("|")].index("fi")
    scores = rows[: len(table().rows)]
    assert {line.split("|")[place].strip() for line in scores} == {"–"}
    assert " fi: the text is licensed." in page
