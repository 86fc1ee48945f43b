"""Sections of params.yaml as the library takes them: nothing of pydantic goes further."""

from dataclasses import fields
from typing import Any, TypeVar

from benchmark.fields import Section
from benchmark.sections import OptimisationSection
from uxla.optimisation import Optimisation

Made = TypeVar("Made")


def make(kind: type[Made], section: Section, **others: Any) -> Made:
    """A frozen dataclass of the library from the fields of a section that have its names."""
    names = {field.name for field in fields(kind)} - set(others)  # type: ignore[arg-type]
    return kind(**{name: getattr(section, name) for name in names}, **others)


def optimisation(section: OptimisationSection) -> Optimisation:
    """How weights are updated."""
    return make(Optimisation, section)
