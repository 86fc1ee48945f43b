"""Drawing what a sentence says: the same distribution in every language of the family."""

from benchmark.toy.draws import Draws, zipf
from benchmark.toy.meaning import (
    FRAMES,
    MENTION,
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
from benchmark.toy.names import KNOWN, Inventory
from benchmark.toy.world import ToyWorld

_KINDS = tuple(Kind)
_OTHERS = {kind: tuple(other for other in Kind if other is not kind) for kind in Kind}
_LINKS = (Particle.AND, Particle.BUT, Particle.BECAUSE, Particle.WHEN)

_NAMING = tuple(i for i, frame in enumerate(FRAMES) if frame.names)
_BARE = tuple(i for i, frame in enumerate(FRAMES) if not frame.names)
_SIMPLE = tuple(i for i in _NAMING if not FRAMES[i].clause)
_OF_TWO = tuple(i for i in _SIMPLE if FRAMES[i].object is not None)
_WITH_SUBJECT = {kind: tuple(i for i in (*_SIMPLE, *_BARE) if FRAMES[i].subject is kind) for kind in Kind}
"""Verb classes for relative clauses on a noun of each kind."""

_FIRST_YEAR, _N_YEARS, _MOST_COUNTED = 1900, 130, 99


class Grammar:
    """The distribution of meanings in one split."""

    def __init__(self, world: ToyWorld, inventory: Inventory, split: str) -> None:
        """Prepare the frequencies of words and names."""
        words = world.words
        self._syntax, self._names = world.syntax, world.names
        self._inventory, self._split = inventory, split

        def ranks(n: int) -> list[float]:
            return zipf(n, exponent=words.zipf_exponent, shift=words.zipf_shift)

        self._nouns, self._designators = ranks(words.nouns), ranks(words.designators)
        self._titles, self._verbs = ranks(words.titles), ranks(words.verbs)
        self._adjectives, self._adverbs = ranks(words.adjectives), ranks(words.adverbs)
        self._days = ranks(words.calendar)

    def sentence(self, draws: Draws) -> Sentence:
        """One sentence."""
        if draws.chance(self._syntax.neutral_share):
            main = self._neutral(draws)
            if isinstance(main, Fragment):
                return Sentence(main)
        else:
            main = self._clause(draws, embedded=False)
        if not draws.chance(self._syntax.second_clause_share):
            return Sentence(main)
        return Sentence(main, draws.choice(_LINKS), self._clause(draws, embedded=True))

    # Parts of pairs.

    def event(self, draws: Draws) -> Clause:
        """A clause of two arguments and nothing else."""
        index = draws.choice(_OF_TWO)
        frame = FRAMES[index]
        return Clause(
            (index, draws.index(self._verbs)),
            self.argument(frame.subject, draws),
            self.argument(frame.object, draws) if frame.object is not None else None,
            frame.adposition,
            past=self._past(draws),
        )

    def mention(self, draws: Draws) -> Clause:
        """A clause of a person and something else, either of which may be the one who acts."""
        both = draws.shuffled((Kind.PERSON, draws.choice(_OTHERS[Kind.PERSON])))
        subject, object_ = (self.argument(kind, draws) for kind in both)
        return Clause((MENTION, draws.index(self._verbs)), subject, object_, past=self._past(draws))

    def argument(self, kind: Kind, draws: Draws) -> Entity | Noun:
        """One name, or one common noun without a clause."""
        if draws.chance(self._syntax.entity_share):
            return self._entity(kind, draws)
        return self._noun(kind, draws, relative=False)

    def adverb(self, draws: Draws) -> int:
        """An adverb."""
        return draws.index(self._adverbs)

    def time(self, draws: Draws) -> Time:
        """A year or a day."""
        return self._time(draws)

    def year(self, draws: Draws) -> Time:
        """A year."""
        return Time(self._year(draws), 0, draws.chance(self._syntax.fronted_share))

    # Clauses.

    def _neutral(self, draws: Draws) -> Clause | Fragment:
        """Names in a context that fits every type: in a row, with an adjective, or mentioned."""
        form = draws.below(3)
        first = self._entity(draws.choice(_KINDS), draws)
        if form == 0:
            return Fragment((first, self._entity(draws.choice(_KINDS), draws)))
        if form == 1:
            return Clause(None, first, adjective=draws.index(self._adjectives))
        second = self._phrase(draws.choice(_KINDS), draws, names=True)
        return Clause((MENTION, draws.index(self._verbs)), first, second, past=self._past(draws))

    def _clause(self, draws: Draws, *, embedded: bool) -> Clause:
        """A clause that tells the types of its names; an embedded one has no clause inside."""
        if draws.chance(self._syntax.copula_share):
            kind = draws.choice(_KINDS)
            subject = self._phrase(kind, draws, names=True)
            return Clause(None, subject, self._noun(kind, draws, relative=not embedded))
        if draws.chance(self._syntax.bare_share):
            return self._framed(draws.choice(_BARE), draws, embedded=embedded, relative=False)
        frames = _SIMPLE if embedded else _NAMING
        return self._framed(draws.choice(frames), draws, embedded=embedded, relative=False)

    def _framed(self, index: int, draws: Draws, *, embedded: bool, relative: bool) -> Clause:
        """A clause of one verb class; a relative clause lacks its subject."""
        syntax, frame = self._syntax, FRAMES[index]
        subject = None if relative else self._phrase(frame.subject, draws, names=frame.names)
        object_ = None
        if frame.object is not None:
            object_ = self._phrase(frame.object, draws, names=frame.names)
        place, time = None, None
        if not embedded and not frame.clause:
            if frame.adposition is None and draws.chance(syntax.place_share):
                place = self._phrase(Kind.PLACE, draws, names=frame.names)
            if draws.chance(syntax.time_share):
                time = self._time(draws)
        adverb = draws.index(self._adverbs) if draws.chance(syntax.adverb_share) else None
        return Clause(
            (index, draws.index(self._verbs)),
            subject,
            object_,
            frame.adposition,
            adverb=adverb,
            place=place,
            time=time,
            complement=self._clause(draws, embedded=True) if frame.clause else None,
            past=self._past(draws),
        )

    def _past(self, draws: Draws) -> bool:
        return draws.chance(self._syntax.past_share)

    def _time(self, draws: Draws) -> Time:
        year = self._year(draws) if draws.chance(0.5) else None
        fronted = draws.chance(self._syntax.fronted_share)
        return Time(year, draws.index(self._days), fronted)

    def _year(self, draws: Draws) -> int:
        return _FIRST_YEAR + draws.below(_N_YEARS)

    # Phrases.

    def _phrase(self, kind: Kind, draws: Draws, *, names: bool) -> Phrase:
        if not names or not draws.chance(self._syntax.entity_share):
            return self._noun(kind, draws, relative=names)
        if draws.chance(self._syntax.noise_share):
            kind = draws.choice(_OTHERS[kind])
        members = [self._entity(kind, draws)]
        while len(members) < 3 and draws.chance(self._syntax.coordination_share):
            members.append(self._entity(kind, draws))
        return members[0] if len(members) == 1 else Coordination(tuple(members))

    def _entity(self, kind: Kind, draws: Draws) -> Entity:
        syntax = self._syntax
        names = [self._name(kind, draws)]
        while len(names) < 3 and draws.chance(syntax.second_name_share):
            names.append(self._name(kind, draws))
        designator, title = None, None
        if kind is not Kind.PERSON and draws.chance(syntax.designator_share):
            designator = draws.index(self._designators)
        elif draws.chance(syntax.title_share):
            title = draws.index(self._titles if kind is Kind.PERSON else self._designators)
        return Entity(kind, tuple(names), designator, title)

    def _name(self, kind: Kind, draws: Draws) -> int:
        pool = self._split if draws.chance(self._names.unseen_share) else KNOWN
        ambiguous = draws.chance(self._names.ambiguous_share)
        return self._inventory.draw(kind, draws, pool=pool, ambiguous=ambiguous)

    def _noun(self, kind: Kind, draws: Draws, *, relative: bool) -> Noun:
        syntax = self._syntax
        index = draws.index(self._nouns)
        adjective = None
        if draws.chance(syntax.adjective_share):
            adjective = draws.index(self._adjectives)
        count, clause = None, None
        if draws.chance(syntax.count_share):
            count = 2 + draws.below(_MOST_COUNTED - 1)
        plural = count is not None or draws.chance(syntax.plural_share)
        definite = draws.chance(syntax.definite_share)
        if relative and draws.chance(syntax.relative_share):
            frame = draws.choice(_WITH_SUBJECT[kind])
            clause = self._framed(frame, draws, embedded=True, relative=True)
        return Noun(kind, index, adjective, count, plural, definite, clause)
