"""Text is printed as it is meant in every format."""

import pytest

from benchmark.markup import LATEX, MARKDOWN, TERMINAL, Markup


@pytest.mark.parametrize(
    ("style", "expected"),
    [(MARKDOWN, r"a_b [c] \| 5 %"), (LATEX, r"a\_b [c] | 5 \%"), (TERMINAL, r"a_b \[c] | 5 %")],
)
def test_what_a_format_takes_for_its_own_is_escaped(style: Markup, expected: str) -> None:
    assert style.escape("a_b [c] | 5 %") == expected


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (MARKDOWN, "**1.00** ± 0.10"),
        (LATEX, r"\textbf{1.00}\,{\scriptsize$\pm$\,0.10}"),
        (TERMINAL, "[bold]1.00[/bold]\n[dim]±0.10[/dim]"),
    ],
)
def test_a_mean_stands_before_its_spread(style: Markup, expected: str) -> None:
    assert style.spread.format(style.bold.format("1.00"), "0.10") == expected


def test_signs_that_latex_lacks_are_spelt_out() -> None:
    assert LATEX.escape("–3 ± 1 †") == r"--3 $\pm$ 1 \dag{}"
