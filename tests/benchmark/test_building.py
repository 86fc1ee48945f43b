"""Sections become the library's dataclasses field by field, and others fill in what they lack."""

from dataclasses import dataclass

import pytest

from benchmark.building import make, optimisation
from benchmark.fields import Section
from benchmark.settings import read_parameters
from tests.benchmark.parameters import PARAMETERS
from uxla.optimisation import Optimisation


class Tree(Section):
    height: float
    leaves: int


@dataclass(frozen=True)
class Growth:
    height: float
    name: str


def test_fields_of_the_same_name_are_taken_and_no_others() -> None:
    assert make(Growth, Tree(height=2.5, leaves=7), name="oak") == Growth(2.5, "oak")


def test_what_is_given_beside_the_section_has_the_last_word() -> None:
    assert make(Growth, Tree(height=2.5, leaves=7), name="oak", height=3.0) == Growth(3.0, "oak")


def test_a_field_that_the_section_lacks_is_an_error_and_never_a_default() -> None:
    with pytest.raises(AttributeError, match="name"):
        make(Growth, Tree(height=2.5, leaves=7))


def test_the_numbers_of_the_optimiser_arrive() -> None:
    section = read_parameters(PARAMETERS).profiles["paper"].tasks["xner"].warmup
    assert optimisation(section) == Optimisation(
        learning_rate=3e-5, lr_warmup=200, weight_decay=0.01, adam_epsilon=1e-8, max_gradient_norm=1.0
    )
