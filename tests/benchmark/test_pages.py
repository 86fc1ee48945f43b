"""What the page of a task shows beside its scores; `test_rendering` looks at the whole of it."""

from dataclasses import replace

from benchmark.hyperparameters import Hyperparameter
from benchmark.markup import MARKDOWN
from benchmark.pages import Section, sections
from benchmark.published import read_published
from benchmark.results import System
from benchmark.tables import Table, tabulate
from tests.benchmark.test_tables import LANGUAGES, result, results, table

MINUS = ["minus-confidence_penalty", "minus-cross_entropy"]
PAPER = ["published-Table 1", "published-Table 7"]


def named(table: Table, name: str) -> Section:
    return next(section for section in sections(table, MARKDOWN) if section.name == name)


def test_parts_stand_in_one_order() -> None:
    whole = replace(table(), hyperparameters=[Hyperparameter("dropout", "0.1", None)])
    names = [section.name for section in sections(whole, MARKDOWN)]
    assert names == ["scores", *MINUS, *PAPER, "pseudo-labels", "hyperparameters"]
    assert named(whole, "hyperparameters").cells.to_numpy().tolist() == [["dropout", "0.1", "–"]]


def test_toy_languages_have_nothing_published() -> None:
    toy = replace(table(), languages=("qaa", "qab"))
    assert not set(PAPER) & {section.name for section in sections(toy, MARKDOWN)}


def test_the_paper_s_score_stands_before_our_distance_from_it() -> None:
    section = named(replace(table(), checkpoint=read_published().encoder), PAPER[0])
    rows = section.cells.set_index("system")
    assert list(rows.columns) == ["en", "es", "nl", "de", "ar", "fi"]
    assert rows.loc["UXLA"].tolist() == ["–", "83.05 (+0.45 =)", "85.21", "80.33 (+0.50 =)", "57.35", "79.75"]
    assert "95 % interval" in section.legend


def test_another_encoder_gives_distances_without_a_verdict() -> None:
    section = named(table(), PAPER[0])
    assert section.cells.set_index("system").loc["UXLA", "es"] == "83.05 (+0.45)"
    assert "Not comparable: toy LM is not the paper's encoder" in section.legend


def test_a_difference_has_both_intervals_and_says_how_rough_the_wider_is() -> None:
    section = named(table(), MINUS[0])
    rows = section.cells.set_index("target")
    assert rows.loc["es", "95 % interval"] == "[−0.25, +6.50]"
    assert rows.loc["es", "95 % interval, examples and seeds"] == "[−10.50, +16.25]"
    assert (
        "each with UXLA's model and the one that it began as; with 3 of them this is rough" in section.legend
    )


def test_models_without_the_penalty_have_their_seeds_drawn_for_themselves() -> None:
    section = named(table(), MINUS[1])
    assert section.caption == "UXLA minus toy LM"
    assert section.cells["difference"].tolist() == ["+4.00", "+4.00"]
    assert "seeds are drawn too, for each system alone" in section.legend


def test_runs_with_other_seeds_stand_beside_the_first() -> None:
    uxla = result("uxla", "es", repeats=((60.0, 62.0), (64.0, 66.0)))
    section = named(replace(table(), results=table().results | {(System.UXLA, "es"): uxla}), "repeats")
    first = sum(uxla.scores) / len(uxla.scores)
    mean, lowest, highest = (first + 61 + 65) / 3, min(first, 61), max(first, 65)
    row = section.cells.iloc[0].tolist()
    assert row[:4] == ["es", "3", f"{first:.2f}", f"{mean:.2f}"]
    assert row[5:] == [f"{lowest:.2f}", f"{highest:.2f}"]
    assert "repeats" not in {section.name for section in sections(table(), MARKDOWN)}


def test_results_without_an_interval_over_seeds_have_a_dash_there() -> None:
    before = [
        r.model_copy(
            update={
                "comparisons": tuple(c.model_copy(update={"crossed_interval": None}) for c in r.comparisons)
            }
        )
        for r in results()
    ]
    section = named(tabulate(before, languages=LANGUAGES, encoder="toy LM"), MINUS[0])
    assert section.cells["95 % interval, examples and seeds"].tolist() == ["–", "–"]
