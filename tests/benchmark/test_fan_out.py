"""What stages fan out over names a task and what else an instance is called by."""

import pytest
from pydantic import ValidationError

from benchmark.fan_out import RivalModels, Run
from benchmark.settings import read_parameters
from tests.benchmark.parameters import PARAMETERS


@pytest.mark.parametrize("profile", ["smoke", "mini", "paper"])
def test_what_a_further_baseline_is_made_of_is_of_the_same_profile(profile: str) -> None:
    run: Run = read_parameters(PARAMETERS).profiles[profile].run
    bases = {entry.base for entry in run.rivals.values()}
    assert bases <= {f"data/{profile}/text", f"models/{profile}/language_model"}


def test_an_objective_is_with_or_without_the_penalty() -> None:
    with pytest.raises(ValidationError, match="confidence_penalty"):
        RivalModels.model_validate({"task": "xner", "rival": "mbert", "objective": "hinge"})
