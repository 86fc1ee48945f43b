"""Pairs of sentences of which one follows from the other, contradicts it, or neither (as XNLI)."""

from dataclasses import replace

from benchmark.toy.draws import Draws
from benchmark.toy.grammar import Grammar
from benchmark.toy.meaning import Clause, Kind, Sentence
from uxla.tasks import TASKS

_TASK = TASKS["xnli"]
_ENTAILMENT, _NEUTRAL = _TASK.class_of("entailment"), _TASK.class_of("neutral")
FOLLOWS = _ENTAILMENT
"""The class of a hypothesis that goes on as the premise began."""

DETAILS = ("adverb", "place", "time")
_SIZES = ((1, 1), (2, 2), (2, 1))
"""Number of details of premise and hypothesis; the last only where the premise is affirmed."""


def inference(grammar: Grammar, draws: Draws, label: int) -> tuple[Sentence, Sentence]:
    """Premise and hypothesis of a class: of one event, with one or two of three kinds of details each.

    A hypothesis follows if it tells no other details than the premise: what happened somewhere has
    happened. It is neutral if it tells one that the premise leaves open. It contradicts if just one of
    the two is negated. Otherwise both are, or none. So a sentence on its own says nothing about the class,
    nor does any sum over the words of both.
    """
    whole = replace(
        grammar.event(draws),
        adverb=grammar.adverb(draws),
        place=grammar.argument(Kind.PLACE, draws),
        time=grammar.year(draws),
    )
    before = draws.chance(0.5)
    after = before if label in (_ENTAILMENT, _NEUTRAL) else not before
    n_before, n_after = draws.choice(_SIZES[:2] if before else _SIZES)
    details = draws.shuffled(DETAILS)
    told = details[:n_after]
    if label == _NEUTRAL:
        told[0] = details[-1]
    return _sentence(details[:n_before], whole, before, draws), _sentence(told, whole, after, draws)


def _sentence(details: list[str], clause: Clause, is_negated: bool, draws: Draws) -> Sentence:
    """The clause with some of its details, its year first or where it is at home."""
    time = replace(clause.time, fronted=draws.chance(0.5)) if clause.time else None
    told = replace(
        clause,
        adverb=clause.adverb if "adverb" in details else None,
        place=clause.place if "place" in details else None,
        time=time if "time" in details else None,
        is_negated=is_negated,
    )
    return Sentence(told)
