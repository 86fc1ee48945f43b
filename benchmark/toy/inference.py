"""Pairs of sentences of which one follows from the other, contradicts it, or neither (as XNLI)."""

from dataclasses import replace

from benchmark.toy.draws import Draws
from benchmark.toy.grammar import Grammar
from benchmark.toy.meaning import FRAMES, Clause, Kind, Sentence
from uxla.tasks import TASKS

DETAILS = ("adverb", "place", "time")
_TASK = TASKS["xnli"]
_LABELS = range(_TASK.n_classes)
_ENTAILMENT, _NEUTRAL = _TASK.class_of("entailment"), _TASK.class_of("neutral")


def inference(grammar: Grammar, draws: Draws) -> tuple[Sentence, Sentence, int]:
    """Premise, hypothesis and the class of the pair.

    What happened with details happened without them, and what did not happen did not happen in detail
    either. So a statement with more details implies the one with fewer, of negated ones the other way
    round, and the pair contradicts itself if just the conclusion is turned round. Neutral is to
    conclude against that direction, or from other participants. Every label is as likely, and so is
    a negation in premise and hypothesis, whatever the label.
    """
    label = draws.choice(_LABELS)
    whole = replace(
        grammar.event(draws),
        adverb=grammar.adverb(draws),
        place=grammar.argument(Kind.PLACE, draws),
        time=grammar.time(draws),
    )
    many = draws.shuffled(DETAILS)[: 1 + draws.below(len(DETAILS))]
    richer, poorer = (_only(some, whole) for some in (many, many[: draws.below(len(many))]))
    is_negated = draws.chance(0.5)
    premise, conclusion = (poorer, richer) if is_negated else (richer, poorer)
    follows_negated = is_negated
    if label == _NEUTRAL and draws.chance(0.5):
        premise, conclusion = conclusion, premise
    elif label == _NEUTRAL:
        conclusion = _of_others(conclusion, grammar, draws)
        follows_negated = draws.chance(0.5)
    elif label != _ENTAILMENT:
        follows_negated = not is_negated
    return (
        Sentence(replace(premise, is_negated=is_negated)),
        Sentence(replace(conclusion, is_negated=follows_negated)),
        label,
    )


def _only(details: list[str], clause: Clause) -> Clause:
    """The clause with some of its details."""
    return replace(
        clause,
        adverb=clause.adverb if "adverb" in details else None,
        place=clause.place if "place" in details else None,
        time=clause.time if "time" in details else None,
    )


def _of_others(clause: Clause, grammar: Grammar, draws: Draws) -> Clause:
    """The clause with another subject or object of the same kind."""
    frame = FRAMES[clause.verb[0]] if clause.verb else None
    if frame is None or frame.object is None:
        raise ValueError("an event has a verb and two arguments, was: none")
    of_subject = draws.chance(0.5)
    kind, before = (frame.subject, clause.subject) if of_subject else (frame.object, clause.object)
    while (other := grammar.argument(kind, draws)) == before:
        pass
    return replace(clause, subject=other) if of_subject else replace(clause, object=other)
