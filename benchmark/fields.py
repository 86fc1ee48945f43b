"""What the sections of params.yaml are made of: their base class, and the kinds of numbers in them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Precision = Literal["fp32", "bf16", "auto"]
Code = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Objective = Literal["cross_entropy", "confidence_penalty"]
Labels = Literal["target", "all"]
"""Whose labels the upper bound learns from: the target's own, or those of all languages of the task."""


class Section(BaseModel):
    """A part of params.yaml: fixed once read, and without keys of its own invention."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
