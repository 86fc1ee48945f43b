"""GEN-LM: vicinal examples from the masked language model (UXLA §2.2).

Masks are drawn beforehand and filled one at a time, each fill seeing the earlier ones. Thousands of
copies advance together, and one that is done makes room for the next. Draws are keyed by
(seed, example id, copy), so neither batch size nor order nor a restart changes a sentence.
"""

from collections import Counter, deque
from collections.abc import Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from enum import Enum
from itertools import chain, product

import torch

from uxla import flat
from uxla.allocation import uncollected
from uxla.crew import Copy
from uxla.devices import Precision, in_bf16
from uxla.drawing import Schedule, draw_masks
from uxla.examples import Corpus, Example, Words
from uxla.filling import fill_copies
from uxla.language_model import MaskedLanguageModel
from uxla.packing import packed
from uxla.randomness import derive_seed
from uxla.units import Units, joined


class Unit(Enum):
    """What is masked: whole words, each filled by one piece, or single subwords."""

    WORD = "word"
    SUBWORD = "subword"


class Fills(Enum):
    """Which pieces may fill a masked word: those that begin a word, or any.

    With any piece, one that does not begin a word changes the number of words, and the copy is
    dropped (the authors' reading).
    """

    WORD_INITIAL = "word_initial"
    ANY = "any"


@dataclass(frozen=True, kw_only=True)
class Vicinity:
    """How vicinal examples are generated.

    `mask_ratio` is P of §2.2 in 0-1. `diversification_factors` is delta: one number for
    one text (successive max), one for each text of a pair (successive cross). Texts of fewer than
    `min_words` or more than `max_words` units (words, or subwords where these are masked) are left
    alone, and so are words of fewer than `min_characters` characters.
    """

    mask_ratio: float
    diversification_factors: tuple[int, ...]
    unit: Unit
    schedule: Schedule
    fills: Fills
    min_words: int
    max_words: int
    min_characters: int
    drop_unchanged: bool

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: a number out of its range.
        """
        if not 0 <= self.mask_ratio <= 1:
            raise ValueError(f"mask_ratio must lie in [0, 1], was: {self.mask_ratio}")
        factors = self.diversification_factors
        if len(factors) not in (1, 2) or min(factors) < 1:
            raise ValueError(f"diversification_factors must be one or two positive counts, was: {factors}")


@dataclass(frozen=True)
class Generated:
    """Vicinal examples, unlabelled, with the counts of how they came about.

    The id of a vicinal example is that of its origin, `#`, and the number of the copy. `n_eligible`
    counts texts that could be masked, `n_fills` predictions of the language model, `n_dropped` copies
    lost to a changed number of words, `n_unchanged` copies equal to their origin.
    """

    corpus: Corpus
    n_eligible: int
    n_fills: int
    n_dropped: int
    n_unchanged: int


def generate(
    corpus: Corpus,
    language_model: MaskedLanguageModel,
    vicinity: Vicinity,
    *,
    seed: int,
    token_budget: int | None = None,
    precision: Precision = Precision.FP32,
) -> Generated:
    """Vicinal examples of every example of a corpus, by successive max or, for pairs, successive cross.

    In bfloat16 pieces of nearly equal score may change places, also from one batch size to another.

    Raises:
        ValueError: as many diversification factors as texts are needed.
    """
    counts, model = Counter[str](), _cast(language_model, precision)
    begun, units = deque[_Parts](), Units(model, of_words=vicinity.unit is Unit.WORD)

    def copies() -> Iterator[Copy]:
        for example in corpus:
            parts = [_draw(example, n, units, vicinity, seed) for n in range(len(example.texts))]
            counts["eligible"] += sum(map(bool, parts))
            begun.append((example, parts))
            yield from chain.from_iterable(parts)

    def vicinal() -> Iterator[Example]:
        any_piece, is_bf16 = vicinity.fills is Fills.ANY, model.network.dtype is torch.bfloat16
        budget = token_budget or flat.default_token_budget(model, in_bf16=is_bf16)
        for n_fills in fill_copies(copies(), model, units, any_piece=any_piece, token_budget=budget):
            counts["fills"] += n_fills
            while begun and all(copy.is_done for part in begun[0][1] for copy in part):
                yield from _combined(*begun.popleft(), units, vicinity, counts)
        for example, parts in begun:
            yield from _combined(example, parts, units, vicinity, counts)

    # Python would look through millions of copies for cycles again and again: there are none.
    with packed(model.network, model.device, precision), uncollected():
        made = Corpus.of(vicinal())
    return Generated(
        made,
        n_eligible=counts["eligible"],
        n_fills=counts["fills"],
        n_dropped=counts["dropped"],
        n_unchanged=counts["unchanged"],
    )


_Parts = tuple[Example, list[list[Copy]]]
"""An example with the copies of each of its texts."""


def _cast(language_model: MaskedLanguageModel, precision: Precision) -> MaskedLanguageModel:
    """The same model, or in bfloat16 one whose weights are cast once, not again for every batch."""
    if not in_bf16(language_model.device, precision):
        return language_model
    weights = {
        id(weight): torch.nn.Parameter(weight.detach().bfloat16(), requires_grad=False)
        for weight in language_model.network.parameters()
    }
    model = copy(language_model)
    model.network = deepcopy(language_model.network, weights)
    if model.device.type == "cuda":
        flat.align(model.network.get_output_embeddings())  # type: ignore[no-untyped-call]
    return model


def _combined(
    example: Example, parts: list[list[Copy]], units: Units, vicinity: Vicinity, counts: Counter[str]
) -> Iterator[Example]:
    """The vicinal examples of an example whose copies are done."""
    counts["dropped"] += sum(copy.is_dropped for part in parts for copy in part)
    for name, texts in _combine(example, parts, units):
        is_same = texts == example.texts
        counts["unchanged"] += is_same
        if not (is_same and vicinity.drop_unchanged):
            yield Example(f"{example.id}#{name}", example.language, texts)


def _draw(example: Example, part: int, units: Units, vicinity: Vicinity, seed: int) -> list[Copy]:
    """The copies of one text with the masks drawn for them; none if the text is left alone."""
    if len(vicinity.diversification_factors) != len(example.texts):
        raise ValueError(
            f"example {example.id} has {len(example.texts)} texts and needs as many diversification_factors, "
            f"was: {vicinity.diversification_factors}"
        )
    text = units.split(example.texts[part])
    if not vicinity.min_words <= len(text.units) <= vicinity.max_words:
        return []
    of_words, shortest = vicinity.unit is Unit.WORD, vicinity.min_characters
    masks = draw_masks(
        # Of subwords, one may stand for nothing but the beginning of a word: a fill would be a word more.
        [len(spelling) >= (shortest if of_words else 1) for spelling in units.spelt(text.units)],
        ratio=vicinity.mask_ratio,
        n_copies=vicinity.diversification_factors[part],
        schedule=vicinity.schedule,
        seed=derive_seed(seed, example.id, part),
    )
    return [Copy(text, positions) for positions in masks]


def _combine(
    example: Example, parts: list[list[Copy]], units: Units
) -> Iterator[tuple[str, tuple[Words, ...]]]:
    """Successive max for one text; for two, every copy of the first with every copy of the second."""
    texts = [
        [
            (str(number), joined(units.spelt(copy.units), copy.text.opens))
            for number, copy in enumerate(part)
            if not copy.is_dropped
        ]
        for part in parts
    ]
    if not any(texts):
        return
    # A text of a pair that could not be masked stands as it is beside the copies of the other.
    choices = [part or [("-", original)] for part, original in zip(texts, example.texts, strict=True)]
    for chosen in product(*choices):
        yield "x".join(name for name, _ in chosen), tuple(words for _, words in chosen)
