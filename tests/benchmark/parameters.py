"""The project's params.yaml for tests that change a copy of it, and where reference material may lie."""

from pathlib import Path
from typing import Any

import yaml

PARAMETERS = Path(__file__).parents[2] / "params.yaml"
RUN = PARAMETERS.with_name("run.yaml")
SHARED = PARAMETERS.parents[1] / "shared"
"""Tables of the paper, published data, a hub on loopback: beside the project, or not there."""


def content() -> Any:
    """What params.yaml and run.yaml hold, and those of the pipelines, each section a copy of its own."""
    merged = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    for other in sorted(PARAMETERS.parent.glob("pipelines/*/params.yaml")):
        merged["profiles"] |= yaml.safe_load(other.read_text(encoding="utf-8"))["profiles"]
    for file in [RUN, *PARAMETERS.parent.glob("pipelines/*/run.yaml")]:
        for name, section in yaml.safe_load(file.read_text(encoding="utf-8"))["profiles"].items():
            merged["profiles"][name] |= section
    return yaml.safe_load(yaml.dump(merged, Dumper=_Plain, sort_keys=False))


def put(whole: Any, address: str, value: object) -> None:
    """Set the value at an address such as `profiles.smoke.display_name`."""
    *path, last = address.split(".")
    for part in path:
        whole = whole[int(part) if isinstance(whole, list) else part]
    whole[last] = value


def remove(whole: Any, address: str) -> None:
    """Remove what is at an address."""
    *path, last = address.split(".")
    for part in path:
        whole = whole[part]
    del whole[last]


def write(path: Path, whole: object) -> Path:
    """Write a params.yaml without anchors; it may hold what else is in run.yaml."""
    path.write_text(yaml.dump(whole, Dumper=_Plain, sort_keys=False), encoding="utf-8")
    return path


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True
