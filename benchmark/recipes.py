"""How task models are trained, from params.yaml to the library."""

from benchmark.building import make, optimisation
from benchmark.sections import RecipeSection
from uxla.descent import Recipe
from uxla.devices import Precision


def recipe(section: RecipeSection, *, confidence_penalty: bool) -> Recipe:
    """How a task model is trained."""
    return make(
        Recipe,
        section,
        optimisation=optimisation(section),
        confidence_penalty=confidence_penalty,
        precision=Precision(section.precision),
    )
