"""params.yaml, read and validated: every number of an experiment, no unknown key, no default.

The smoke profile is in the file at the root, each other one in that of `pipelines/<profile>/`, since DVC
reads a whole file anew for every stage. So what the stages of a profile fan out over is in the `run.yaml`
beside its file, which DVC reads once. An address in a message is the path through the file:
`profiles.smoke.tasks.xner.warmup.batch_size`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from types import NoneType
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import ValidationError

from benchmark.fan_out import Run
from benchmark.fields import Section
from benchmark.sections import Profile

Chosen = TypeVar("Chosen", bound=Section)


class Preset(Section):
    """A reading of GEN-LM: how masks are drawn, and what may fill them."""

    schedule: Literal["independent", "authors"]
    fills: Literal["word_initial", "any"]


class Parameters(Section):
    """The whole of params.yaml; stages read profiles, which have taken a preset over."""

    presets: dict[Literal["paper", "authors"], Preset]
    profiles: dict[str, Profile]


class Instances(Section):
    """What run.yaml says of one profile."""

    run: Run


class Runs(Section):
    """The whole of run.yaml."""

    profiles: dict[str, Instances]


def parameter_file(profile: str) -> Path:
    """Where the numbers of a profile are, below the root."""
    return Path("params.yaml" if profile == "smoke" else f"pipelines/{profile}/params.yaml")


def run_file(parameters: Path) -> Path:
    """Where what the stages fan out over is, beside a file of parameters."""
    return parameters.with_name("run.yaml")


def read_parameters(path: Path) -> Parameters:
    """Read and validate params.yaml and run.yaml beside it, and those of the pipelines below its folder.

    Raises:
        ValueError: the file is missing, one is no YAML, has an unknown key or a value out of range, or a
            profile of another; the message names the address, the expectation and the value.
    """
    whole = _read(path)
    for other in sorted(path.parent.glob(str(parameter_file("*")))):
        added = _read(other)
        if twice := added.profiles.keys() & whole.profiles.keys():
            raise ValueError(f"{other}: profiles.{min(twice)} is in another params.yaml, too; remove one")
        whole = Parameters(presets=whole.presets, profiles=whole.profiles | added.profiles)
    return whole


def _read(path: Path) -> Parameters:
    """Read and validate one file, with the run of every profile in it, which may be in a file of its own."""
    content, beside = _load(path), run_file(path)
    if beside.is_file() and isinstance(content, dict) and isinstance(content.get("profiles"), dict):
        sections = content["profiles"]
        for name, instances in _validated(Runs, _load(beside), beside).profiles.items():
            if name not in sections:
                raise ValueError(f"{beside}: profiles.{name} is not in {path}; remove it or correct its name")
            if not isinstance(sections[name], dict):
                continue  # which is said of the parameters
            if "run" in sections[name]:
                raise ValueError(f"{beside}: profiles.{name}.run is in {path}, too; remove one")
            sections[name]["run"] = instances.run
    return _validated(Parameters, content, path)


def _load(path: Path) -> Any:
    """What is in a file of YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        # PyYAML's own loader, in C where it was built: a fraction of a second for every stage.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        message = f"{path}: expected the parameter file, found none; run from the project's root"
        raise ValueError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML: {' '.join(str(error).split())}") from error


def _validated(kind: type[Chosen], content: Any, path: Path) -> Chosen:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{path}: {_first(error, content)}") from None


Part = str | int


def _first(error: ValidationError, content: Any) -> str:
    """The first mistake, and how many more there are."""
    by_branch: dict[tuple[Part, ...], dict[Part, list[str]]] = {}
    for item in error.errors(include_url=False):
        address, branch = _address(item, content)
        alternatives = by_branch.setdefault(branch[:-1], {})
        alternatives.setdefault(branch[-1], []).append(_explain(item, ".".join(map(str, address))))
    # Of alternatives, pydantic reports each; meant is what fits best.
    mistakes = [line for lines in by_branch.values() for line in min(lines.values(), key=len)]
    return mistakes[0] + (f" (and {len(mistakes) - 1} more)" if mistakes[1:] else "")


def _address(item: Any, content: Any) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The path through the file, and the last alternative that pydantic names, with the path before it."""
    address: tuple[Part, ...] = ()
    branch: tuple[Part, ...] = ("",)
    for number, part in enumerate(item["loc"], start=1):
        if (isinstance(content, dict) and part in content) or (
            isinstance(content, list) and isinstance(part, int) and part < len(content)
        ):
            address, content = (*address, part), content[part]
        elif item["type"] == "missing" and number == len(item["loc"]):
            address = (*address, part)
        else:
            branch = (*address, part)
    return address, branch


def _explain(item: Any, address: str) -> str:
    """Address, expectation, value."""
    value = shorten(repr(item["input"]), width=100, placeholder=" ...")
    context = item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"{address} is not a known parameter, was: {value}; remove it or correct its name"
        case "missing":
            return f"{address} is missing; every parameter is given"
        case "value_error":
            return f"{address}: {context['error']}"
        case "union_tag_not_found":
            name = context["discriminator"].strip("'")
            return f"{address}.{name} is missing; every parameter is given"
        case "union_tag_invalid":
            name, known = context["discriminator"].strip("'"), context["expected_tags"]
            return f"{address}.{name} must be one of {known}, was: {context['tag']!r}"
        case "model_type" | "dict_type":
            return f"{address or 'the file'} must be a mapping, was: {value}"
    return f"{address} {_EXPECTATION.sub('must ', item['msg'])}, was: {value}"


_EXPECTATION = re.compile(r"^\w+ should ")


def select(
    kind: type[Chosen],
    parameters: Parameters,
    *,
    profile: str,
    task: str | None = None,
    language: str | None = None,
    rival: str | None = None,
) -> Chosen:
    """The settings that one stage reads, and nothing else.

    A field is a section of the profile, else of the task; `target` is that of the language, None
    for the source language where the stage takes that; `rival` is that of its name. Without a task, all
    are of the profile.

    Raises:
        ValueError: params.yaml has no such profile, task or language, or the stage needs a target.
    """
    whole = _entry(parameters.profiles, profile, "profiles")
    if task is None:
        return kind.model_construct(**{name: getattr(whole, name) for name in kind.model_fields})
    section = _entry(whole.tasks, task, f"profiles.{profile}.tasks")
    targets = f"profiles.{profile}.tasks.{task}.targets"
    if language is not None and language not in (section.source, *section.languages):
        _entry(section.targets, language, targets)
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if name == "target" and language == section.source and NoneType in get_args(field.annotation):
            values[name] = None
        elif name == "target":
            values[name] = _entry(section.targets, str(language), targets)
        elif name == "rival":
            values[name] = _entry(section.rivals, str(rival), f"profiles.{profile}.tasks.{task}.rivals")
        else:
            values[name] = getattr(whole if name in type(whole).model_fields else section, name)
    return kind.model_construct(**values)


Value = TypeVar("Value")


def _entry(mapping: Mapping[Any, Value], key: str, address: str) -> Value:
    if key not in mapping:
        raise ValueError(f"{address} must be one of {', '.join(mapping)}, was: {key}")
    return mapping[key]
