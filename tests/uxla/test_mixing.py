"""Eq. 2 by hand, and batches that go through each corpus fairly."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxla.mixing import mixed_batches, mixing_weights

SIZES = st.lists(st.integers(1, 10**6), min_size=1, max_size=5)


def test_sizes_are_raised_to_the_sampling_factor() -> None:
    # 0.1 ** 0.5 : 0.9 ** 0.5 is 1 : 3.
    assert mixing_weights([100, 900], 0.5) == pytest.approx([0.25, 0.75])
    # 0.1 ** 0.7 = 0.19953 and 0.9 ** 0.7 = 0.92890, the setting of Table 8.
    assert mixing_weights([100, 900], 0.7) == pytest.approx([0.17681, 0.82319], abs=1e-5)


def test_a_factor_of_zero_ignores_sizes_and_one_follows_them() -> None:
    assert mixing_weights([100, 900], 0.0) == pytest.approx([0.5, 0.5])
    assert mixing_weights([100, 900], 1.0) == pytest.approx([0.1, 0.9])


@given(SIZES, st.floats(0, 1))
def test_weights_sum_to_one_and_order_as_sizes_do(sizes: list[int], sampling_factor: float) -> None:
    weights = mixing_weights(sizes, sampling_factor)
    assert weights.sum() == pytest.approx(1)
    order = np.argsort(sizes, kind="stable")
    assert all(np.diff(weights[order]) >= -1e-12)


@pytest.mark.parametrize("sizes", [[], [0], [3, 0]])
def test_an_empty_corpus_is_refused(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="every corpus needs at least one example, was: "):
        mixing_weights(sizes, 1.0)


def batches(
    sizes: list[int], n_batches: int, *, batch_size: int = 4, seed: int = 1
) -> list[tuple[int, list[int]]]:
    lengths = [np.arange(size) * 7 % 13 for size in sizes]
    drawn = mixed_batches(lengths, sampling_factor=0.7, batch_size=batch_size, n_batches=n_batches, seed=seed)
    return [(corpus, rows.tolist()) for corpus, rows in drawn]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=3), st.integers(1, 8), st.integers(0, 5))
def test_each_batch_takes_rows_of_one_corpus(sizes: list[int], batch_size: int, seed: int) -> None:
    drawn = batches(sizes, 20, batch_size=batch_size, seed=seed)
    assert len(drawn) == 20
    for corpus, rows in drawn:
        assert len(rows) == min(batch_size, sizes[corpus])
        assert all(0 <= row < sizes[corpus] for row in rows)


def test_an_exhausted_corpus_starts_again_in_a_new_order() -> None:
    rows = [row for _, batch in batches([42], 21) for row in batch]
    first, second = rows[:42], rows[42:]
    assert sorted(first) == sorted(second) == list(range(42))
    assert first != second


def test_a_corpus_is_gone_through_evenly_beside_others() -> None:
    taken: dict[int, Counter[int]] = {0: Counter(), 1: Counter()}
    for corpus, rows in batches([7, 40], 100):
        taken[corpus].update(rows)
    for counts in taken.values():
        assert max(counts.values()) - min(counts.values()) <= 1


def test_corpora_are_drawn_by_their_weights() -> None:
    drawn = Counter(corpus for corpus, _ in batches([100, 900], 4000))
    assert drawn[0] / 4000 == pytest.approx(mixing_weights([100, 900], 0.7)[0], abs=0.02)


def test_the_same_seed_gives_the_same_batches() -> None:
    assert batches([7, 40], 30, seed=1) == batches([7, 40], 30, seed=1) != batches([7, 40], 30, seed=2)


def test_rows_of_a_batch_are_of_like_length() -> None:
    lengths = np.random.default_rng(1).integers(1, 100, size=640)
    drawn = mixed_batches([lengths], sampling_factor=1.0, batch_size=10, n_batches=64, seed=1)
    widest = [int(np.ptp(lengths[rows])) for _, rows in drawn]
    assert np.mean(widest) < 15
