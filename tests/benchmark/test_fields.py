"""A section holds what it was given, no more, and for good."""

import pytest
from pydantic import TypeAdapter, ValidationError

from benchmark.fields import Code, Positive, Section, Share


class Example(Section):
    size: Positive
    share: Share


def test_a_section_takes_no_unknown_key_and_does_not_change() -> None:
    section = Example(size=1.0, share=0.5)
    with pytest.raises(ValidationError, match="frozen"):
        section.size = 2.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Example.model_validate({"size": 1.0, "share": 0.5, "sice": 2.0})


@pytest.mark.parametrize(
    "values", [{"size": 0.0, "share": 0.5}, {"size": 1.0, "share": 1.5}, {"size": float("nan"), "share": 0}]
)
def test_numbers_lie_in_their_range(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate(values)


@pytest.mark.parametrize(("code", "is_good"), [("es", True), ("qaa", True), ("ES", False), ("../x", False)])
def test_a_language_is_named_by_its_code(code: str, is_good: bool) -> None:
    adapter = TypeAdapter(Code)
    if is_good:
        assert adapter.validate_python(code) == code
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(code)
