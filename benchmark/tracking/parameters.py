"""Parameters as MLflow wants them: flat, short, and never changed."""

import hashlib
import json
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

# MLflow cuts longer values without a trace.
LONGEST = 6000


def flattened(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The parameters with dotted keys and values as text.

    >>> flattened({"warmup": {"max_steps": 20}, "seeds": [11, 22]})
    {'warmup.max_steps': '20', 'seeds': '[11, 22]'}
    """
    flat: dict[str, str] = {}
    for key, value in parameters.items():
        name = prefix + re.sub(r"[^\w.\-: /]", "_", str(key))
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, name + ".")
        elif isinstance(value, Mapping | list | tuple):
            flat[name] = json.dumps(value, default=str, ensure_ascii=False)
        else:
            flat[name] = str(value)
    return flat


def shortened(key: str, text: str) -> str:
    """The text, or its beginning and where the whole of it is."""
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    note = f"… ({len(text)} characters, SHA-256 {digest}, see parameters/{key}.txt)"
    return text[: LONGEST - len(note)] + note


def unclashing(wanted: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What is yet to be noted: under its own key or, where that has another value, a numbered one.

    >>> unclashing({"seed": "2", "size": "8"}, known={"seed": "1", "size": "8"})
    {'seed:2': '2'}
    """
    fresh: dict[str, str] = {}
    for key, value in wanted.items():
        for number in count(1):
            name = key if number == 1 else f"{key}:{number}"
            if name not in known:
                fresh[name] = value
            if known.get(name, value) == value:
                break
    return fresh
