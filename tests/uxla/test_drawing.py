"""How many words are masked, which ones may be, and what the draws depend on."""

from collections import Counter
from itertools import combinations
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxla.drawing import Schedule, draw_masks
from uxla.randomness import generator

BOTH = pytest.mark.parametrize("schedule", Schedule)
ELIGIBLE = st.lists(st.booleans(), min_size=1, max_size=25)


def draw(
    eligible: list[bool],
    *,
    ratio: float = 0.3,
    n_copies: int = 3,
    schedule: Schedule = Schedule.INDEPENDENT,
    seed: int = 5,
) -> list[list[int]]:
    return draw_masks(eligible, ratio=ratio, n_copies=n_copies, schedule=schedule, seed=seed)


@BOTH
@pytest.mark.parametrize(
    ("n_units", "ratio", "n_masks"),
    [(10, 0.3, 3), (9, 0.3, 2), (3, 0.3, 1), (1, 0.3, 1), (100, 0.29, 29), (10, 0.05, 1), (7, 1.0, 7)],
)
def test_the_number_of_masks_is_the_floor_of_the_share_but_at_least_one(
    schedule: Schedule, n_units: int, ratio: float, n_masks: int
) -> None:
    masks = draw([True] * n_units, ratio=ratio, n_copies=1, schedule=schedule)
    assert [len(positions) for positions in masks] == [n_masks]


def test_the_share_is_of_all_words_though_only_eligible_ones_are_drawn() -> None:
    for positions in draw([True, False, False, True, False, True, False, True, False, False], ratio=0.3):
        assert len(positions) == 3
        assert set(positions) < {0, 3, 5, 7}


def test_where_fewer_are_eligible_fewer_are_masked() -> None:
    assert draw([False, True, False, False, False, False, False], ratio=0.5) == [[1], [1], [1]]


@BOTH
def test_ratio_zero_gives_no_copies(schedule: Schedule) -> None:
    assert draw([True] * 10, ratio=0, schedule=schedule) == []


@BOTH
def test_without_an_eligible_word_there_are_no_copies(schedule: Schedule) -> None:
    assert draw([False] * 4, schedule=schedule) == []
    assert draw([], schedule=schedule) == []


@given(ELIGIBLE, st.floats(0.01, 1), st.integers(1, 5), st.integers(0, 2**40))
@settings(deadline=None)
def test_independent_copies_mask_distinct_eligible_words(
    eligible: list[bool], ratio: float, n_copies: int, seed: int
) -> None:
    masks = draw(eligible, ratio=ratio, n_copies=n_copies, seed=seed)
    assert len(masks) == (n_copies if any(eligible) else 0)
    for positions in masks:
        assert len(set(positions)) == len(positions) <= sum(eligible)
        assert all(eligible[position] for position in positions)


@BOTH
def test_the_same_seed_draws_the_same_masks_and_another_seed_others(schedule: Schedule) -> None:
    eligible = [True] * 20
    assert draw(eligible, schedule=schedule) == draw(eligible, schedule=schedule)
    assert draw(eligible, schedule=schedule) != draw(eligible, schedule=schedule, seed=6)


@BOTH
def test_more_copies_leave_the_first_ones_as_they_were(schedule: Schedule) -> None:
    eligible = [True] * 20
    more = draw(eligible, n_copies=6, schedule=schedule)
    assert draw(eligible, n_copies=2, schedule=schedule) == more[:2]


def test_every_eligible_word_is_masked_equally_often() -> None:
    eligible = [True, True, False, True, True, True]
    counts = Counter(p for seed in range(2000) for m in draw(eligible, n_copies=1, seed=seed) for p in m)
    # One of five each time: 400 apiece, with a standard deviation of 18.
    assert set(counts) == {0, 1, 3, 4, 5}
    assert all(abs(count - 400) < 72 for count in counts.values())


def test_the_order_of_the_fills_is_not_from_left_to_right() -> None:
    orders = Counter(
        tuple(positions) for seed in range(200) for positions in draw([True] * 3, ratio=1.0, seed=seed)
    )
    assert len(orders) == 6


def test_one_permutation_gives_copies_that_share_no_word_until_it_is_used_up() -> None:
    masks = draw([True] * 10, n_copies=3, schedule=Schedule.AUTHORS)
    assert [len(positions) for positions in masks] == [3, 3, 3]
    assert all(not set(a) & set(b) for a, b in combinations(masks, 2))


def test_one_permutation_leaves_out_a_copy_with_the_same_words_again() -> None:
    assert draw([True, False, False], schedule=Schedule.AUTHORS) == [[0]]
    masks = draw([True, True], ratio=0.5, n_copies=5, schedule=Schedule.AUTHORS)
    assert sorted(masks) == [[0], [1]]


def test_one_permutation_draws_what_the_naive_loop_draws(naive: ModuleType) -> None:
    for seed in range(300):
        shape = generator(seed, "shape")
        eligible = [bool(flag) for flag in shape.random(int(shape.integers(1, 30))) < 0.7]
        words = ["word" if flag else "a" for flag in eligible]
        fills: list[str] = []

        def keep(text: str, fills: list[str] = fills) -> str:
            fills.append(text)
            return text.replace("<mask>", "word")

        copies = naive.successive_max(words, 30, 4, keep, generator(seed, "authors"))
        expected = [positions for _, positions in copies or []]
        assert draw(eligible, n_copies=4, schedule=Schedule.AUTHORS, seed=seed) == expected
        assert len(fills) == sum(map(len, expected))


def test_a_copy_is_drawn_by_the_generator_of_its_seed_and_number() -> None:
    eligible = [True] * 20
    for seed in range(50):
        expected = [
            generator(seed, "copy", copy).choice(20, size=6, replace=False).tolist() for copy in range(3)
        ]
        assert draw(eligible, seed=seed) == expected
