"""Sentences of a toy language as labelled corpora of XNER, pairs of them as those of XNLI and PAWS-X."""

from benchmark.toy import inference, paraphrase
from benchmark.toy.draws import Draws
from benchmark.toy.grammar import Grammar
from benchmark.toy.lexicon import Lexicon, lexicon
from benchmark.toy.names import SPLITS, Inventory
from benchmark.toy.surface import Surface, Tokens
from benchmark.toy.world import Language, ToyWorld
from uxla.examples import Corpus, Example
from uxla.randomness import generator
from uxla.tasks import Task

PAIRS = {
    "xnli": (inference.inference, inference.FOLLOWS),
    "pawsx": (paraphrase.paraphrase, paraphrase.FOLLOWS),
}
"""How the pairs of each task come about, and the class of those that hang together."""


class Family:
    """One family of languages: a world and a seed, with the names its languages share."""

    def __init__(self, world: ToyWorld, seed: int) -> None:
        """Draw the inventory of names."""
        self.world, self.seed = world, seed
        self.inventory = Inventory.drawn(world, seed)

    def lexicon(self, language: Language | str) -> Lexicon:
        """The words of one language."""
        language = self._language(language)
        return lexicon(self.world, language, inventory=self.inventory, seed=self.seed)

    def sentences(self, language: Language | str, *, split: str, count: int) -> Corpus:
        """The first `count` labelled sentences of a split, the same whatever the count.

        Raises:
            ValueError: an unknown language or split, or more sentences than the language has.
        """
        language = self._language(language)
        _check(language, split, count)
        surface = Surface(language, self.lexicon(language))
        grammar = Grammar(self.world, self.inventory, split)
        return Corpus.of(self._example(i, language.code, split, grammar, surface) for i in range(count))

    def pairs(self, language: Language | str, *, task: Task, split: str, count: int) -> Corpus:
        """The first `count` labelled pairs of a split; languages have other pairs, so none are parallel.

        Raises:
            ValueError: an unknown language or split, or more pairs than the language has sentences.
        """
        language = self._language(language)
        _check(language, split, count)
        surface = Surface(language, self.lexicon(language))
        grammar = Grammar(self.world, self.inventory, split)

        make, follows = PAIRS[task.name]

        def example(index: int) -> Example:
            draws = Draws(generator(self.seed, "toy", task.name, language.code, split, index))
            label = draws.choice(range(task.n_classes))
            if split == "text" and draws.chance(self.world.syntax.coherent_share):
                label = follows
            both = make(grammar, draws, label)
            texts = tuple(tuple(word for word, _ in surface.tokens(sentence)) for sentence in both)
            return Example(f"{language.code}-{split}-{index:05d}", language.code, texts, (label,))

        return Corpus.of(example(i) for i in range(count))

    def _example(self, index: int, code: str, split: str, grammar: Grammar, surface: Surface) -> Example:
        draws = Draws(generator(self.seed, "toy", code, split, index))
        words, classes = zip(*self._fitting(draws, grammar, surface), strict=True)
        return Example(f"{code}-{split}-{index:05d}", code, (words,), classes)

    def _fitting(self, draws: Draws, grammar: Grammar, surface: Surface) -> Tokens:
        shortest, longest = self.world.syntax.shortest, self.world.syntax.longest
        while True:
            tokens = surface.tokens(grammar.sentence(draws))
            if shortest <= len(tokens) <= longest:
                return tokens

    def _language(self, language: Language | str) -> Language:
        if isinstance(language, Language):
            return language
        if language not in self.world.languages:
            known = ", ".join(self.world.languages)
            raise ValueError(f"a language of the toy world must be one of {known}, was: {language!r}")
        return self.world.languages[language]


def _check(language: Language, split: str, count: int) -> None:
    if split not in SPLITS:
        raise ValueError(f"a split must be one of {', '.join(SPLITS)}, was: {split!r}")
    if count < 1:
        raise ValueError(f"the number of sentences must be at least 1, was: {count}")
    limits = {"text": language.text_sentences, "train": language.train_sentences}
    if count > limits.get(split, count):
        raise ValueError(f"{language.code} has {limits[split]} {split} sentences, was: {count}")
