"""Recipes of params.yaml arrive in the library whole."""

import pytest

from benchmark.building import optimisation
from benchmark.recipes import recipe
from benchmark.settings import read_parameters
from tests.benchmark.parameters import PARAMETERS
from uxla.descent import Recipe
from uxla.devices import Precision

TASK = read_parameters(PARAMETERS).profiles["paper"].tasks["xner"]


@pytest.mark.parametrize("confidence_penalty", [False, True])
def test_a_recipe_has_the_numbers_of_its_section(confidence_penalty: bool) -> None:
    assert recipe(TASK.warmup, confidence_penalty=confidence_penalty) == Recipe(
        optimisation=optimisation(TASK.warmup),
        batch_size=4,
        accumulate=5,
        max_steps=3000,
        train_passes=None,
        max_length=280,
        validate_every=50,
        confidence_penalty=confidence_penalty,
        precision=Precision.FP32,
    )


def test_an_adaptation_is_a_recipe_with_numbers_of_its_own() -> None:
    made = recipe(TASK.targets["es"], confidence_penalty=False)
    assert (made.accumulate, made.max_steps, made.train_passes) == (4, None, 1)
    assert made.optimisation.learning_rate == 5e-6


@pytest.mark.parametrize(("name", "member"), [("bf16", Precision.BF16), ("auto", Precision.AUTO)])
def test_a_precision_is_known_by_its_name(name: str, member: Precision) -> None:
    section = TASK.warmup.model_copy(update={"precision": name})
    assert recipe(section, confidence_penalty=False).precision is member
