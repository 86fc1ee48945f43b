"""What a sentence says, before any language puts it into words."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What a noun or name stands for; names of each kind are the entities of one type of XNER."""

    PERSON = 0
    GROUP = 1
    PLACE = 2
    THING = 3


TYPES = {Kind.PERSON: "PER", Kind.GROUP: "ORG", Kind.PLACE: "LOC", Kind.THING: "MISC"}
"""The entity type of each kind of name."""


class Particle(Enum):
    """The function words of every language."""

    THE = "the"
    A = "a"
    AND = "and"
    BUT = "but"
    BECAUSE = "because"
    WHEN = "when"
    THAT = "that"
    WHO = "who"
    IS = "is"
    IN = "in"
    TO = "to"
    OF = "of"
    OBJECT = "(object)"


class Frame(NamedTuple):
    """The arguments that a class of verbs selects; the gloss names a typical verb."""

    gloss: str
    subject: Kind
    object: Kind | None = None
    adposition: Particle | None = None
    clause: bool = False
    names: bool = True


FRAMES = (
    Frame("say", Kind.PERSON, clause=True),
    Frame("meet", Kind.PERSON, Kind.PERSON),
    Frame("join", Kind.PERSON, Kind.GROUP),
    Frame("visit", Kind.PERSON, Kind.PLACE),
    Frame("win", Kind.PERSON, Kind.THING),
    Frame("travel", Kind.PERSON, Kind.PLACE, Particle.TO),
    Frame("hire", Kind.GROUP, Kind.PERSON),
    Frame("buy", Kind.GROUP, Kind.GROUP),
    Frame("open", Kind.GROUP, Kind.PLACE, Particle.IN),
    Frame("launch", Kind.GROUP, Kind.THING),
    Frame("lie", Kind.PLACE, Kind.PLACE, Particle.IN),
    Frame("host", Kind.PLACE, Kind.THING),
    Frame("begin", Kind.THING, Kind.PLACE, Particle.IN),
    Frame("make", Kind.PERSON, Kind.THING, names=False),
    Frame("sleep", Kind.PERSON, names=False),
    Frame("grow", Kind.THING, names=False),
)
"""The verb classes that tell the types of their arguments, or take no names."""

MENTION = len(FRAMES)
"""The class of verbs after those: they take arguments of every kind."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A name: tokens of the inventory, maybe with a noun inside (designator) or beside (title)."""

    kind: Kind
    names: tuple[int, ...]
    designator: int | None
    title: int | None


@dataclass(frozen=True, slots=True)
class Noun:
    """A common noun with its modifiers."""

    kind: Kind
    index: int
    adjective: int | None
    count: int | None
    plural: bool
    definite: bool
    relative: "Clause | None"


@dataclass(frozen=True, slots=True)
class Coordination:
    """Entities joined by commas and a conjunction."""

    members: tuple[Entity, ...]


Phrase = Entity | Noun | Coordination


@dataclass(frozen=True, slots=True)
class Time:
    """A year, or a day of the calendar."""

    year: int | None
    day: int
    fronted: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause; without a verb it is a copula, and then `object` or `adjective` is predicated.

    `is_negated` says that the opposite holds; sentences of XNER are never negated.
    """

    verb: tuple[int, int] | None
    subject: Phrase | None
    object: Phrase | None = None
    adposition: Particle | None = None
    adjective: int | None = None
    adverb: int | None = None
    place: Phrase | None = None
    time: Time | None = None
    complement: "Clause | None" = None
    past: bool = False
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """A sentence without a verb: names in a row, which nothing tells apart."""

    members: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A main clause or a fragment, at times with a second clause."""

    main: Clause | Fragment
    link: Particle | None = None
    second: Clause | None = None
