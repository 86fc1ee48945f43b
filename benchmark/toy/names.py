"""The names of the family: which there are, what they can stand for, and how often they occur."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from benchmark.toy.draws import Draws, spread, zipf
from benchmark.toy.meaning import Kind
from benchmark.toy.spelling import CONSONANTS, Phonotactics, coined
from benchmark.toy.world import Names, ToyWorld
from uxla.randomness import generator

SPLITS = ("text", "train", "dev", "test")
"""The streams of sentences; each also has names of its own."""

KNOWN = "known"
"""The pool of names that every split draws on."""

_ACRONYM_KINDS = ((Kind.GROUP,), (Kind.GROUP, Kind.THING))


@dataclass(frozen=True)
class Group:
    """Names that compete for a slot: indices by falling frequency, and cumulative probabilities."""

    indices: tuple[int, ...]
    cumulative: tuple[float, ...]


@dataclass(frozen=True)
class Inventory:
    """All name tokens, spelled as in the family and without capitals; a pool is a range of them."""

    spellings: tuple[str, ...]
    kinds: tuple[tuple[Kind, ...], ...]
    acronyms: tuple[bool, ...]
    pools: dict[str, range]
    groups: dict[tuple[str, Kind, bool], Group]

    @classmethod
    def drawn(cls, world: ToyWorld, seed: int) -> "Inventory":
        """The inventory of one family."""
        draws = Draws(generator(seed, "toy", "names"))
        names, taken = world.names, set[str]()
        sounds = Phonotactics.drawn(draws)
        spellings: list[str] = []
        kinds: list[tuple[Kind, ...]] = []
        acronyms: list[bool] = []
        pools: dict[str, range] = {}
        for pool, n in ((KNOWN, names.known), *((split, names.fresh) for split in SPLITS)):
            pools[pool] = range(len(spellings), len(spellings) + n)
            is_acronym = [key < names.acronym_share for key in spread(n, draws)]
            acronyms += is_acronym
            kinds += _kinds(is_acronym, names, draws)
            spellings += [_spelling(acronym, sounds, draws, taken) for acronym in is_acronym]
        groups = _groups(pools, kinds, world)
        return cls(tuple(spellings), tuple(kinds), tuple(acronyms), pools, groups)

    def draw(self, kind: Kind, draws: Draws, *, pool: str, ambiguous: bool) -> int:
        """A name of a kind, from a pool, that has other kinds as well or has none.

        Raises:
            ValueError: there is none.
        """
        group = self.groups[pool, kind, ambiguous]
        if not group.indices:
            raise ValueError(
                f"names must leave some for every kind: there is none of {kind.name.lower()} with "
                f"{'other kinds as well' if ambiguous else 'no other kind'}; lower names.acronym_share"
            )
        return group.indices[draws.index(group.cumulative)]


def _spelling(acronym: bool, sounds: Phonotactics, draws: Draws, taken: set[str]) -> str:
    if acronym:
        return coined(lambda: "".join(draws.shuffled(CONSONANTS)[: 2 + draws.below(3)]), taken)
    return coined(lambda: sounds.stem(draws, 2 + draws.below(2)), taken)


def _kinds(acronyms: Sequence[bool], names: Names, draws: Draws) -> list[tuple[Kind, ...]]:
    """Half of the names get one kind and half get more, each combination about as often.

    How often they are *used* is another matter, which `Names.ambiguous_share` settles.
    """
    n = len(acronyms)
    ambiguous, three_way, turn = spread(n, draws), spread(n, draws), spread(n, draws)
    kinds: list[tuple[Kind, ...]] = []
    for i, acronym in enumerate(acronyms):
        if acronym:
            kinds.append(_ACRONYM_KINDS[ambiguous[i] < 0.5])
            continue
        n_kinds = 1 if ambiguous[i] >= 0.5 else 2 + (three_way[i] < names.three_way_share)
        options: list[tuple[Kind, ...]] = list(combinations(Kind, n_kinds))
        kinds.append(options[int(turn[i] * len(options))])
    return kinds


def _groups(
    pools: dict[str, range], kinds: Sequence[tuple[Kind, ...]], world: ToyWorld
) -> dict[tuple[str, Kind, bool], Group]:
    groups = {}
    for pool, members in pools.items():
        for kind in Kind:
            for ambiguous in (False, True):
                indices = tuple(i for i in members if kind in kinds[i] and (len(kinds[i]) > 1) == ambiguous)
                cumulative = zipf(
                    len(indices),
                    exponent=world.names.zipf_exponent,
                    shift=world.words.zipf_shift,
                )
                groups[pool, kind, ambiguous] = Group(indices, tuple(cumulative))
    return groups
