"""Pairs of sentences of the same words that say the same, or do not (as PAWS-X)."""

from dataclasses import replace

from benchmark.toy.draws import Draws
from benchmark.toy.grammar import Grammar
from benchmark.toy.meaning import Clause, Sentence
from uxla.tasks import TASKS

_PARAPHRASE = TASKS["pawsx"].class_of("paraphrase")
FOLLOWS = _PARAPHRASE
"""The class of a second sentence that says what the first says."""


def paraphrase(grammar: Grammar, draws: Draws, label: int) -> tuple[Sentence, Sentence]:
    """Two sentences of a class.

    The second says it in another order: its time stands on the other side. If it is no paraphrase, the
    one who acts and the one who is acted on change places as well: the words stay, the meaning does not.
    """
    main = replace(grammar.mention(draws), time=grammar.time(draws))
    told = main if label == _PARAPHRASE else replace(main, subject=main.object, object=main.subject)
    return Sentence(main), Sentence(_moved(told))


def _moved(clause: Clause) -> Clause:
    """The clause with its time on the other side."""
    if clause.time is None:
        raise ValueError("a clause to be moved about has a time, was: none")
    return replace(clause, time=replace(clause.time, fronted=not clause.time.fronted))
