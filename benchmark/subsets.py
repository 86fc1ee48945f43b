"""Shares of the training data: one permutation of the pairs, of which source and targets take other parts."""

from collections.abc import Mapping

from uxla.examples import Corpus
from uxla.randomness import generator


def shares(corpora: Mapping[str, Corpus], *, source: str, fraction: float, seed: int) -> dict[str, Corpus]:
    """A share of every language's training corpus.

    The numbers of all pairs are permuted once. The source takes the first of them, every target the
    first of the rest, so that source and target are never parallel; where the share is so large that
    they must overlap, targets take the source's last ones in addition. At 1, everybody takes all.

    Raises:
        ValueError: a share is of no example.
    """
    if fraction == 1:
        return dict(corpora)
    rows = {language: _rows(corpus) for language, corpus in corpora.items()}
    # The small term keeps 0.29 * 100 from rounding down to 28.
    counts = {language: int(len(corpus) * fraction + 1e-9) for language, corpus in corpora.items()}
    for language, count in counts.items():
        if not count:
            size = len(corpora[language])
            raise ValueError(f"train_fraction must leave one of {size} rows of {language}, was: {fraction}")
    numbers = sorted(set().union(*rows.values()))
    order = [numbers[i] for i in generator(seed, "subset").permutation(len(numbers))]
    first = [number for number in order if number in rows[source]][: counts[source]]
    taken = set(first)
    rest = [number for number in order if number not in taken] + first[::-1]
    chosen = {}
    for language, corpus in corpora.items():
        available = first if language == source else [n for n in rest if n in rows[language]]
        chosen[language] = corpus.select(
            sorted(rows[language][number] for number in available[: counts[language]])
        )
    return chosen


def _rows(corpus: Corpus) -> dict[int, int]:
    """The row of every pair, by the number at the end of its id."""
    return {int(name.rsplit("-", 1)[1]): row for row, name in enumerate(corpus.ids)}
