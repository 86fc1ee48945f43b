"""Putting a meaning into the words of one language: order, function words, endings, capitals."""

from collections.abc import Iterable

from benchmark.toy.lexicon import Lexicon
from benchmark.toy.meaning import (
    TYPES,
    Clause,
    Coordination,
    Entity,
    Fragment,
    Kind,
    Noun,
    Particle,
    Phrase,
    Sentence,
    Time,
)
from benchmark.toy.world import Language
from uxla.tasks import TASKS

Tokens = list[tuple[str, int]]
"""Words, each with its class of the XNER task."""

_TASK = TASKS["xner"]
OUTSIDE = _TASK.class_of("O")
_BEGINS = {kind: _TASK.class_of(f"B-{name}") for kind, name in TYPES.items()}
_INSIDE = {kind: _TASK.class_of(f"I-{name}") for kind, name in TYPES.items()}

_COMMA, _STOP = (",", OUTSIDE), (".", OUTSIDE)
_SUBORDINATING = (Particle.BECAUSE, Particle.WHEN)


class Surface:
    """The rules of one language."""

    def __init__(self, language: Language, lexicon: Lexicon) -> None:
        """Fix the order of every construction, and the endings in use."""
        self._language, self._lexicon = language, lexicon
        self._head_last = language.adpositions == "after"
        self._modifier_first = language.adjectives == "before"
        light, rich = language.morphology != "none", language.morphology == "rich"
        in_use = {"plural": light, "past": light, "agreement": rich}
        in_use |= {"subject": rich, "oblique": rich, "": False}
        self._endings = {name: lexicon.suffixes[name] if used else "" for name, used in in_use.items()}

    def tokens(self, sentence: Sentence) -> Tokens:
        """The words of a sentence with their classes."""
        main = sentence.main
        words = self._clause(main) if isinstance(main, Clause) else self._row(main)
        if sentence.link is not None and sentence.second is not None:
            second, link = self._clause(sentence.second), self._particle(sentence.link)
            if not self._head_last:
                words += [_COMMA, link, *second]
            elif sentence.link in _SUBORDINATING:
                words = [*second, link, _COMMA, *words]
            else:
                words += [link, _COMMA, *second]
        first, label = words[0]
        return [(self._lexicon.script.capital(first), label), *words[1:], _STOP]

    # Clauses.

    def _clause(self, clause: Clause) -> Tokens:
        subject = self._subject(clause)
        extras, front = self._adjuncts(clause)
        complement: Tokens = []
        if clause.complement is not None:
            complement = self._joined(self._clause(clause.complement), Particle.THAT)
        adverb: Tokens = []
        if clause.adverb is not None:
            adverb = [(self._lexicon.adverbs[clause.adverb], OUTSIDE)]
        verb, object_ = self._verb(clause), self._object(clause)
        orders: dict[str, tuple[Tokens, ...]] = {
            "SVO": (front, subject, adverb, verb, object_, extras, complement),
            "SOV": (front, subject, extras, object_, complement, adverb, verb),
            "VSO": (front, verb, adverb, subject, object_, extras, complement),
        }
        return [token for part in orders[self._language.word_order] for token in part]

    def _subject(self, clause: Clause) -> Tokens:
        """The subject; its case, which a copula does not ask for, tells where the object starts."""
        if clause.subject is None:
            return []
        return self._phrase(clause.subject, "" if clause.verb is None else "subject")

    def _verb(self, clause: Clause) -> Tokens:
        if clause.verb is None:
            stem = self._lexicon.particles[Particle.IS]
        else:
            stem = self._lexicon.verbs[clause.verb[0]][clause.verb[1]]
        if clause.past:
            stem += self._endings["past"]
        subject = clause.subject
        if isinstance(subject, Coordination) or (isinstance(subject, Noun) and subject.plural):
            stem += self._endings["agreement"]
        verb = [(stem, OUTSIDE)]
        if not clause.is_negated:
            return verb
        negation = [(self._lexicon.negation, OUTSIDE)]
        return [*verb, *negation] if self._head_last else [*negation, *verb]

    def _object(self, clause: Clause) -> Tokens:
        """What follows from the verb: an object, or a predicate of the copula."""
        if clause.adjective is not None:
            return [(self._lexicon.adjectives[clause.adjective], OUTSIDE)]
        if clause.object is None:
            return []
        if clause.adposition is not None:
            return self._joined(self._phrase(clause.object, "oblique"), clause.adposition)
        words = self._phrase(clause.object)
        if clause.verb is None or not self._language.object_particle:
            return words
        return self._joined(words, Particle.OBJECT)

    def _adjuncts(self, clause: Clause) -> tuple[Tokens, Tokens]:
        """The phrases of place and time, and apart from them what stands first."""
        place: Tokens = []
        if clause.place is not None:
            place = self._joined(self._phrase(clause.place, "oblique"), Particle.IN)
        if clause.time is None:
            return place, []
        time = self._time(clause.time)
        return (place, [*time, _COMMA]) if clause.time.fronted else (place + time, [])

    def _time(self, time: Time) -> Tokens:
        day = self._lexicon.calendar[time.day] if time.year is None else str(time.year)
        return self._joined([(day, OUTSIDE)], Particle.IN)

    def _row(self, fragment: Fragment) -> Tokens:
        return self._listed(self._entity(member, "") for member in fragment.members)

    # Phrases.

    def _phrase(self, phrase: Phrase, case: str = "") -> Tokens:
        if isinstance(phrase, Entity):
            return self._entity(phrase, case)
        if isinstance(phrase, Noun):
            return self._noun(phrase, case)
        *first, last = [self._entity(member, case) for member in phrase.members]
        return [*self._listed(first), self._particle(Particle.AND), *last]

    def _listed(self, members: Iterable[Tokens]) -> Tokens:
        return [token for member in members for token in (_COMMA, *member)][1:]

    def _entity(self, entity: Entity, case: str) -> Tokens:
        words = [self._lexicon.names[name] for name in entity.names]
        if entity.designator is not None:
            noun = self._lexicon.nouns[entity.kind][entity.designator]
            # Places go against the rest, as in `Lake Erie` and `Erie Bank`.
            first = self._modifier_first == (entity.kind is Kind.PLACE)
            words.insert(0 if first else len(words), self._lexicon.script.capital(noun))
        words[-1] += self._endings[case]
        inside = [(word, _INSIDE[entity.kind]) for word in words[1:]]
        tokens = [(words[0], _BEGINS[entity.kind]), *inside]
        return tokens if entity.title is None else self._titled(tokens, entity, entity.title)

    def _titled(self, tokens: Tokens, entity: Entity, title: int) -> Tokens:
        if entity.kind is Kind.PERSON:
            noun = (self._lexicon.titles[title], OUTSIDE)
        else:
            noun = (self._lexicon.nouns[entity.kind][title], OUTSIDE)
        if entity.kind is Kind.PLACE:
            of_place = self._joined(tokens, Particle.OF)
            return [*of_place, noun] if self._head_last else [noun, *of_place]
        return [noun, *tokens] if self._modifier_first else [*tokens, noun]

    def _noun(self, noun: Noun, case: str) -> Tokens:
        plural = self._endings["plural"] if noun.plural else ""
        head = self._lexicon.nouns[noun.kind][noun.index] + plural + self._endings[case]
        tokens = [(head, OUTSIDE)]
        if noun.adjective is not None:
            adjective = (self._lexicon.adjectives[noun.adjective], OUTSIDE)
            tokens.insert(0 if self._modifier_first else 1, adjective)
        if noun.count is not None:
            tokens.insert(0, (str(noun.count), OUTSIDE))
        tokens = self._with_article(tokens, noun)
        if noun.relative is None:
            return tokens
        relative = self._joined(self._clause(noun.relative), Particle.WHO)
        return [*relative, *tokens] if self._head_last else [*tokens, *relative]

    def _with_article(self, tokens: Tokens, noun: Noun) -> Tokens:
        if self._language.articles == "none" or (noun.plural and not noun.definite):
            return tokens
        article = self._particle(Particle.THE if noun.definite else Particle.A)
        return [article, *tokens] if self._language.articles == "before" else [*tokens, article]

    def _joined(self, tokens: Tokens, particle: Particle) -> Tokens:
        """A phrase or clause with the word that links it, on the side of the adpositions."""
        link = self._particle(particle)
        return [*tokens, link] if self._head_last else [link, *tokens]

    def _particle(self, particle: Particle) -> tuple[str, int]:
        return self._lexicon.particles[particle], OUTSIDE
