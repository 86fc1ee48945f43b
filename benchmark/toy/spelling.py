"""How words are spelled: syllables of a language, regular sound changes and scripts."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.toy.draws import Draws
from benchmark.toy.world import Language

VOWELS = "aeiou"
CONSONANTS = "bcdfghjklmnpqrstvxz"
_LIQUIDS = "lr"
_MOST_TRIES = 10_000

_LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyz",
    "cyrillic": "абцдефгхийклмнопщрстувшжыз",
    "georgian": "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ",
}
_HAS_CAPITALS = {"latin": True, "cyrillic": True, "georgian": False}


@dataclass(frozen=True)
class Phonotactics:
    """The syllables of a language: a consonant or cluster, a vowel, at times a final consonant."""

    onsets: tuple[str, ...]
    vowels: tuple[str, ...]
    codas: tuple[str, ...]

    @classmethod
    def drawn(cls, draws: Draws) -> "Phonotactics":
        """A random choice of sounds, some of them more frequent than others."""
        single = draws.shuffled(CONSONANTS)[:12]
        clusters = [first + draws.choice(_LIQUIDS) for first in single[:3] if first not in _LIQUIDS]
        vowels = draws.shuffled(VOWELS)[:4]
        codas = draws.shuffled("lmnrstkx")[:4]
        silence = [""] * len(codas)
        return cls((*single, *single[:6], *clusters), (*vowels, *vowels[:2]), (*codas, *silence))

    def stem(self, draws: Draws, n_syllables: int) -> str:
        """A random stem; inner syllables are open."""
        syllables = [draws.choice(self.onsets) + draws.choice(self.vowels) for _ in range(n_syllables)]
        return "".join(syllables) + draws.choice(self.codas)

    def suffix(self, draws: Draws) -> str:
        """A random suffix of one syllable."""
        return draws.choice(self.vowels) + draws.choice(CONSONANTS) + draws.choice(self.vowels)


def sound_change(n_changes: int, draws: Draws) -> Callable[[str], str]:
    """A regular sound change: `n_changes` consonants move round a ring, half as many vowels too.

    Different words stay different, as the change can be undone.
    """
    mapping: dict[int, int] = {}
    for letters, n in ((CONSONANTS, n_changes), (VOWELS, min(n_changes // 2, len(VOWELS)))):
        ring = draws.shuffled(letters)[:n]
        mapping |= {ord(a): ord(b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)}
    return lambda word: word.translate(mapping)


class Script:
    """The letters that a language is written in."""

    def __init__(self, language: Language) -> None:
        """Look up the script of a language."""
        latin = _LETTERS["latin"]
        self.is_latin = language.script == "latin"
        self.has_capitals = _HAS_CAPITALS[language.script]
        self._mapping = str.maketrans(latin, _LETTERS[language.script])

    def native(self, word: str) -> str:
        """A lower-case Latin word in this script."""
        return word.translate(self._mapping)

    def capital(self, word: str) -> str:
        """The word with a capital, where the script has any; words in Latin letters keep theirs."""
        return word[0].upper() + word[1:] if self.has_capitals else word


def coined(draw: Callable[[], str], taken: set[str]) -> str:
    """A word that is not yet taken, and is from then on."""
    for _ in range(_MOST_TRIES):
        word = draw()
        if word not in taken:
            taken.add(word)
            return word
    raise ValueError(
        f"a language has sounds for some {len(taken)} words, was: more; lower the sizes in words"
    )
