"""The words of one language: the concepts and names of the family in a spelling of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.toy.draws import Draws, spread
from benchmark.toy.meaning import MENTION, Kind, Particle
from benchmark.toy.names import KNOWN, Inventory
from benchmark.toy.spelling import Phonotactics, Script, coined, sound_change
from benchmark.toy.world import Language, ToyWorld, Words
from uxla.randomness import generator

SUFFIXES = ("plural", "past", "agreement", "subject", "oblique")
"""The suffixes there are; the morphology of a language decides which it uses."""


@dataclass(frozen=True)
class Lexicon:
    """The spellings of one language, by class and concept; names carry their capitals."""

    script: Script
    nouns: dict[Kind, Sequence[str]]
    titles: Sequence[str]
    verbs: Sequence[Sequence[str]]
    adjectives: Sequence[str]
    adverbs: Sequence[str]
    calendar: Sequence[str]
    particles: dict[Particle, str]
    suffixes: dict[str, str]
    names: Sequence[str]
    negation: str


def lexicon(world: ToyWorld, language: Language, *, inventory: Inventory, seed: int) -> Lexicon:
    """The lexicon of a language: cognates of the family's stems, and stems of its own."""
    draws = Draws(generator(seed, "toy", "lexicon", language.code))
    coinage = _Coinage(
        draws,
        sounds=Phonotactics.drawn(draws),
        change=sound_change(language.sound_changes, draws),
        taken=set(inventory.spellings),
    )
    script = Script(language)
    common = _common_names(world, language, inventory=inventory, seed=seed)
    names = _names(inventory, common, coinage)
    stems = _stems(world, language, coinage=coinage, seed=seed)
    for name, (kind, index) in _homographs(world, inventory, seed).items():
        # A name kept in Latin letters matches no word of a language in other letters.
        if script.is_latin or not common[name]:
            stems[f"noun {kind}"][index] = names[name]
    words = {group: [script.native(stem) for stem in some] for group, some in stems.items()}
    return Lexicon(
        script=script,
        nouns={kind: words[f"noun {kind}"] for kind in Kind},
        titles=words["title"],
        verbs=[words[f"verb {frame}"] for frame in range(MENTION + 1)],
        adjectives=words["adjective"],
        adverbs=words["adverb"],
        calendar=[script.capital(word) for word in words["calendar"]],
        particles=dict(zip(Particle, words["particle"], strict=True)),
        suffixes={suffix: script.native(coinage.suffix()) for suffix in SUFFIXES},
        names=[
            _written(name, acronym, is_common, script)
            for name, acronym, is_common in zip(names, inventory.acronyms, common, strict=True)
        ],
        negation=script.native(coinage.stem(1)),  # drawn last
    )


class _Coinage:
    """The word formation of one language, which gives every concept a spelling of its own."""

    def __init__(
        self,
        draws: Draws,
        *,
        sounds: Phonotactics,
        change: Callable[[str], str],
        taken: set[str],
    ) -> None:
        self.draws, self._sounds, self._change, self._taken = draws, sounds, change, taken

    def stem(self, n_syllables: int) -> str:
        return coined(lambda: self._sounds.stem(self.draws, n_syllables), self._taken)

    def suffix(self) -> str:
        return coined(lambda: self._sounds.suffix(self.draws), self._taken)

    def inherited(self, stem: str, n_syllables: int) -> str:
        """The stem after the sound changes, or a new one where that is taken."""
        changed = self._change(stem)
        if changed in self._taken:
            return self.stem(n_syllables)
        self._taken.add(changed)
        return changed


def _common_names(world: ToyWorld, language: Language, *, inventory: Inventory, seed: int) -> list[bool]:
    """Whether the language spells each name as the family does; acronyms come first."""
    draws = Draws(generator(seed, "toy", "common names", language.code))
    acronyms = world.names.acronym_share
    share = max(0.0, language.common_names - acronyms) / max(1.0 - acronyms, 1e-9)
    keys = [key for pool in inventory.pools.values() for key in spread(len(pool), draws)]
    return [acronym or key < share for acronym, key in zip(inventory.acronyms, keys, strict=True)]


def _names(inventory: Inventory, common: Sequence[bool], coinage: _Coinage) -> list[str]:
    # All family spellings are taken, so an adapted name is never the family's own.
    return [
        name if is_common else coinage.inherited(name, 2 + coinage.draws.below(2))
        for name, is_common in zip(inventory.spellings, common, strict=True)
    ]


def _stems(world: ToyWorld, language: Language, *, coinage: _Coinage, seed: int) -> dict[str, list[str]]:
    draws = Draws(generator(seed, "toy", "cognates", language.code))
    return {
        group: [
            coinage.inherited(stem, n_syllables) if key < language.cognates else coinage.stem(n_syllables)
            for stem, key in zip(stems, spread(len(stems), draws), strict=True)
        ]
        for (group, stems), (_, n_syllables) in zip(
            _family_stems(world, seed).items(), _classes(world.words).values(), strict=True
        )
    }


def _family_stems(world: ToyWorld, seed: int) -> dict[str, list[str]]:
    draws, taken = Draws(generator(seed, "toy", "family stems")), set[str]()
    sounds = Phonotactics.drawn(draws)

    def stem(n_syllables: int) -> str:
        return coined(lambda: sounds.stem(draws, n_syllables), taken)

    return {
        group: [stem(n_syllables) for _ in range(n)]
        for group, (n, n_syllables) in _classes(world.words).items()
    }


def _classes(words: Words) -> dict[str, tuple[int, int]]:
    """Number of concepts of each word class, and of syllables of their stems."""
    return {
        "particle": (len(Particle), 1),
        **{f"noun {kind}": (words.nouns, 2) for kind in Kind},
        "title": (words.titles, 2),
        **{f"verb {frame}": (words.verbs, 2) for frame in range(MENTION + 1)},
        "adjective": (words.adjectives, 2),
        "adverb": (words.adverbs, 3),
        "calendar": (words.calendar, 3),
    }


def _homographs(world: ToyWorld, inventory: Inventory, seed: int) -> dict[int, tuple[Kind, int]]:
    """Known names, each with the common noun that is the same word without the capital."""
    draws = Draws(generator(seed, "toy", "homographs"))
    indices = range(world.words.designators, world.words.nouns)
    nouns = draws.shuffled([(kind, index) for index in indices for kind in Kind])
    known = inventory.pools[KNOWN]
    keys = spread(len(known), draws)
    chosen = [
        name
        for name, key in zip(known, keys, strict=True)
        if key < world.names.homograph_share and not inventory.acronyms[name]
    ]
    return dict(zip(chosen, nouns, strict=False))


def _written(name: str, acronym: bool, common: bool, script: Script) -> str:
    if acronym:
        return name.upper()
    if common:
        return name.capitalize()
    return script.capital(script.native(name))
