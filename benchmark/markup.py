"""How Markdown, LaTeX, HTML and the terminal print bold, a mean with its spread, and any other text."""

import html
from collections.abc import Callable
from dataclasses import dataclass

from rich import markup


@dataclass(frozen=True)
class Markup:
    """How a format prints bold, a mean with its spread, and any other text."""

    bold: str
    spread: str
    escape: Callable[[str], str]


_LATEX = {character: f"\\{character}" for character in "%_&#$"} | {
    "{": r"\{",
    "}": r"\}",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "†": r"\dag{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}
MARKDOWN = Markup("**{}**", "{} ± {}", lambda text: text.replace("|", r"\|"))
LATEX = Markup(
    r"\textbf{{{}}}", r"{}\,{{\scriptsize$\pm$\,{}}}", lambda text: "".join(_LATEX.get(c, c) for c in text)
)
HTML = Markup("<strong>{}</strong>", "{} <small>± {}</small>", html.escape)
TERMINAL = Markup("[bold]{}[/bold]", "{}\n[dim]±{}[/dim]", markup.escape)
