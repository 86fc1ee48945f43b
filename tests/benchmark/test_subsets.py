"""Source and target take other shares of one permutation of the pairs."""

import pytest

from benchmark.subsets import shares
from uxla.examples import Corpus, Example


def corpus(language: str, numbers: list[int]) -> Corpus:
    return Corpus.of(
        Example(f"{language}-train-{n:05d}", language, ((f"text{n}",), ("x",)), (0,)) for n in numbers
    )


def numbers(corpus: Corpus) -> set[int]:
    return {int(name.rsplit("-", 1)[1]) for name in corpus.ids}


@pytest.fixture(scope="module")
def parallel() -> dict[str, Corpus]:
    """A thousand pairs in three languages, some of which one language lacks and one has in another order."""
    every = list(range(1000))
    return {
        "en": corpus("en", every),
        "es": corpus("es", [n for n in every if n % 100]),
        "de": corpus("de", every[::-1]),
    }


def taken(parallel: dict[str, Corpus], fraction: float, seed: int = 1) -> dict[str, Corpus]:
    return shares(parallel, source="en", fraction=fraction, seed=seed)


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.3, 0.49])
def test_source_and_targets_are_never_parallel(parallel: dict[str, Corpus], fraction: float) -> None:
    some = taken(parallel, fraction)
    assert [len(some[code]) for code in ("en", "es", "de")] == [
        int(1000 * fraction),
        int(990 * fraction),
        int(1000 * fraction),
    ]
    for target in ("es", "de"):
        assert numbers(some["en"]).isdisjoint(numbers(some[target]))


def test_half_and_half_are_still_disjoint(parallel: dict[str, Corpus]) -> None:
    some = taken(parallel, 0.5)
    assert numbers(some["en"]) | numbers(some["de"]) == set(range(1000))


def test_larger_shares_overlap_as_little_as_they_must(parallel: dict[str, Corpus]) -> None:
    some = taken(parallel, 0.7)
    assert len(numbers(some["en"]) & numbers(some["de"])) == 400


def test_targets_take_the_same_pairs(parallel: dict[str, Corpus]) -> None:
    some = taken(parallel, 0.05)
    assert len(numbers(some["es"]) - numbers(some["de"])) <= 2


def test_a_share_is_drawn_by_its_seed_and_keeps_the_order_of_the_rows(parallel: dict[str, Corpus]) -> None:
    first, again, other = (taken(parallel, 0.05, seed) for seed in (1, 1, 2))
    assert [first[code].digest for code in first] == [again[code].digest for code in again]
    assert numbers(first["en"]) != numbers(other["en"])
    assert first["en"].ids == sorted(first["en"].ids)
    assert first["de"].ids == sorted(first["de"].ids, reverse=True)


def test_a_larger_share_of_the_source_holds_the_smaller(parallel: dict[str, Corpus]) -> None:
    five, ten = (numbers(taken(parallel, share)["en"]) for share in (0.05, 0.1))
    assert five < ten


def test_all_of_it_is_all_of_it(parallel: dict[str, Corpus]) -> None:
    assert taken(parallel, 1) == parallel


def test_a_share_is_not_one_row_short() -> None:
    both = {code: corpus(code, list(range(100))) for code in ("en", "de")}
    assert [len(share) for share in taken(both, 0.29).values()] == [29, 29]


def test_a_share_of_no_row_is_refused(parallel: dict[str, Corpus]) -> None:
    small = {**parallel, "my": corpus("my", list(range(10)))}
    with pytest.raises(ValueError, match=r"^train_fraction must leave one of 10 rows of my, was: 0\.05$"):
        taken(small, 0.05)
