"""Pairs of sentences of the same words that say the same, or do not (as PAWS-X)."""

from dataclasses import replace

from benchmark.toy.draws import Draws
from benchmark.toy.grammar import Grammar
from benchmark.toy.meaning import Clause, Particle, Sentence
from uxla.tasks import TASKS

_TASK = TASKS["pawsx"]
_PARAPHRASE, _DIFFERENT = _TASK.class_of("paraphrase"), _TASK.class_of("different")


def paraphrase(grammar: Grammar, draws: Draws) -> tuple[Sentence, Sentence, int]:
    """Two sentences and the class of the pair.

    The second says it in another order: its time stands on the other side, or its clauses do. In half
    of the pairs, whatever that order, the one who acts and the one who is acted on change places: the
    words stay, the meaning does not.
    """
    main = replace(grammar.event(draws, is_symmetric=True), time=grammar.time(draws))
    while main.subject == main.object:
        main = replace(main, subject=grammar.event(draws, is_symmetric=True).subject)
    second = grammar.event(draws, is_symmetric=True) if draws.chance(0.5) else None
    first = Sentence(main, None if second is None else Particle.AND, second)
    label = draws.choice((_PARAPHRASE, _DIFFERENT))
    told = main if label == _PARAPHRASE else replace(main, subject=main.object, object=main.subject)
    if second is not None and draws.chance(0.5):
        return first, Sentence(second, Particle.AND, told), label
    return first, Sentence(_moved(told), first.link, second), label


def _moved(clause: Clause) -> Clause:
    """The clause with its time on the other side."""
    if clause.time is None:
        raise ValueError("a clause to be moved about has a time, was: none")
    return replace(clause, time=replace(clause.time, fronted=not clause.time.fronted))
