"""params.yaml, read and validated: every number of an experiment, no unknown key, no default.

An address in a message is the path through the file: `profiles.smoke.tasks.xner.warmup.batch_size`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from benchmark.sections import Profile, Section


class Parameters(Section):
    """The whole of params.yaml."""

    profiles: dict[str, Profile]


def read_parameters(path: Path) -> Parameters:
    """Read and validate params.yaml.

    Raises:
        ValueError: the file is missing, no YAML, or has an unknown key or a value out of range; the
            message names the address, the expectation and the value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: expected the parameter file, found none; run from the project's root"
        raise ValueError(message) from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return Parameters.model_validate(content)
    except ValidationError as error:
        raise ValueError("; ".join(f"{path}: {_explain(item)}" for item in error.errors())) from None


def _explain(item: Any) -> str:
    address = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{address} is not a known parameter, was: {item['input']!r}; remove it or correct its name"
    if item["type"] == "missing":
        return f"{address} is missing; every parameter is given"
    value = item["input"]
    shown = f", was: {value!r}" if not isinstance(value, dict | BaseModel) else ""
    return f"{address}: {item['msg']}{shown}"


Chosen = TypeVar("Chosen", bound=Section)


def select(
    kind: type[Chosen], parameters: Parameters, *, profile: str, task: str, language: str | None = None
) -> Chosen:
    """The settings that one stage reads, and nothing else.

    A field is a section of the profile, else of the task; `target` is that of the language, None
    for the source language.

    Raises:
        ValueError: params.yaml has no such profile, task or language.
    """
    whole = _entry(parameters.profiles, profile, "profiles")
    section = _entry(whole.tasks, task, f"profiles.{profile}.tasks")
    if language is not None and language not in (section.source, *section.languages):
        _entry(section.targets, language, f"profiles.{profile}.tasks.{task}.targets")
    values: dict[str, Any] = {}
    for name in kind.model_fields:
        if name == "target":
            values[name] = section.targets.get(language or "")
        else:
            values[name] = getattr(whole if name in type(whole).model_fields else section, name)
    return kind.model_construct(**values)


Value = TypeVar("Value")


def _entry(mapping: Mapping[str, Value], key: str, address: str) -> Value:
    if key not in mapping:
        raise ValueError(f"{address} must be one of {', '.join(mapping)}, was: {key}")
    return mapping[key]
