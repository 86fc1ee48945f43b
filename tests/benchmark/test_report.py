"""The page in a browser: it opens, is as wide as a phone, searches, and has a text for every picture."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.report import Content, as_html, path_of
from benchmark.tracking.overview import CellRun
from tests.benchmark.test_analysis_pages import study
from tests.benchmark.test_figures import ADAPTED, ANALYSES, samples
from tests.benchmark.test_tables import table
from tests.browsing import BROWSER, dom

MEASURE = """<script>
window.addEventListener("load", () => {
const wide = document.documentElement.scrollWidth <= window.innerWidth;
const search = document.getElementById("search");
search.value = "supervised"; search.dispatchEvent(new Event("input"));
const shown = [...document.querySelectorAll("tbody tr:not(.hidden)")];
const fits = shown.length > 0 && shown.every(row => row.textContent.includes("supervised"));
const pictures = [...document.images].every(image => image.complete && image.naturalWidth > 0 && image.alt);
document.title = `${wide} ${fits} ${pictures} ${document.images.length}`;
});
</script>"""


def content(complaints: tuple[str, ...] = ()) -> Content:
    from benchmark.figures import figures

    run = CellRun(
        "xner", "uxla", "es", "abc", "1", "FINISHED", {"adapt": "c" * 40}, frozenset(), {"adapt": 9}, {}
    )
    entry = {"sentences": 1517, "revision": "main", "sha256": "ab" * 32}
    return Content(
        profile="smoke",
        tables={"xner": table(encoder="<LM> & co")},
        studies={"xner": study()},
        figures={"xner": figures(ANALYSES, samples(), ADAPTED)},
        manifests={"xner": {"es": {"test": entry}}},
        runs=[run],
        complaints=complaints,
    )


@pytest.fixture(scope="module")
def page() -> str:
    """The page of the hand-written results."""
    return as_html(content(), mlflow="http://127.0.0.1:5000")


def test_a_score_leads_to_its_run(page: str) -> None:
    link = '<a href="http://127.0.0.1:5000/#/experiments/1/runs/abc">83.50 <small>± 0.50</small></a>'
    assert f'data-task="xner" data-system="uxla" data-language="es">{link}' in page


def test_names_are_escaped_once(page: str) -> None:
    assert "&lt;LM&gt; &amp; co+con-penalty" in page
    assert "<LM>" not in page
    assert "&amp;lt;" not in page


def test_cost_data_and_environment_are_there(page: str) -> None:
    for text in ("adapt 9.0", "1,517", "<code>abababababab</code>", "torch", "Commit cccccccccccc"):
        assert text in page


def test_the_figure_of_costs_stands_before_their_table_with_a_text_for_it(page: str) -> None:
    cost = page.partition('<h2 id="cost">')[2].partition("</section>")[0]
    figure, table = cost.index("<figure>"), cost.index("<table>")
    assert figure < table
    assert 'alt="Seconds by stage for every language of every task' in cost[figure:table]
    assert "XNER es took longest: 9 s, of which adapt 9 s." in cost[figure:table]


def test_without_runs_there_is_no_figure_of_costs() -> None:
    page = as_html(replace(content(), runs=[]), mlflow="http://127.0.0.1:5000")
    assert "<figure>" not in page.partition('<h2 id="cost">')[2]


def test_complaints_stand_first(page: str) -> None:
    assert "Every cell is there" in page
    wrong = as_html(content(("stale: adapt@xner-es",)), mlflow="http://127.0.0.1:5000")
    assert "<li>stale: adapt@xner-es</li>" in wrong
    assert "Every cell is there" not in wrong


def test_pages_of_profiles_lie_side_by_side() -> None:
    assert path_of("mini") == Path("report/mini.html")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser_it_fits_searches_and_shows_its_pictures(page: str, tmp_path: Path, width: int) -> None:
    (tmp_path / "page.html").write_text(page.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    html = dom(f"file://{tmp_path / 'page.html'}", tmp_path / "browser", width=width)
    title = html.partition("<title>")[2].partition("</title>")[0]
    assert title == "true true true 7"
