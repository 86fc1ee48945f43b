"""A seed and a purpose give the same numbers everywhere, and other purposes give other numbers."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from uxla.randomness import derive_seed, generator, torch_seed


def test_derived_seeds_are_the_same_in_every_process_and_release() -> None:
    assert derive_seed(11, "warmup", 3) == 929_258_233_218_913_080


@given(st.integers(-(2**70), 2**70), st.lists(st.text() | st.integers(), max_size=3))
def test_derived_seeds_fit_63_bits(seed: int, purpose: list[str | int]) -> None:
    assert 0 <= derive_seed(seed, *purpose) < 2**63


def test_purposes_are_told_apart() -> None:
    purposes = [(1,), (1, "a"), (1, "b"), (2, "a"), (1, "a", "b"), (1, "ab"), (1, "a", 1), (11,), (1, 1)]
    assert len({derive_seed(*purpose) for purpose in purposes}) == len(purposes)


def test_a_generator_repeats_itself_and_no_other() -> None:
    first, same, other = (generator(5, purpose).random(4).tolist() for purpose in ("x", "x", "y"))
    assert first == same != other


def test_a_block_under_one_seed_draws_the_same_numbers() -> None:
    draws = []
    for purpose in ("x", "x", "y"):
        with torch_seed(5, purpose):
            draws.append(torch.rand(4).tolist())
    assert draws[0] == draws[1] != draws[2]


def test_a_seeded_block_leaves_the_generator_outside_as_it_was() -> None:
    before = torch.get_rng_state()
    with torch_seed(5, "x"):
        torch.rand(4)
    assert torch.equal(torch.get_rng_state(), before)
