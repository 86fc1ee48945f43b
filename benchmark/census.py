"""What a corpus holds, in numbers: size, lengths, labels, repetitions, and what was passed over."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from benchmark.sources import Reading
from uxla.examples import Corpus
from uxla.tasks import Task

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)
LONG = 150
"""Words beyond which GEN-LM leaves a text alone in the authors' code."""


def census(splits: Mapping[str, Reading], task: Task) -> dict[str, dict[str, Any]]:
    """The numbers of every split of one language.

    `lost` counts the rows that are neither in the corpus nor passed over for a reason nor outside what
    was asked for: none may be. `in_train` counts texts that stand in the training split too.
    """
    texts = {split: _fingerprints(reading.corpus) for split, reading in splits.items()}
    known = set(texts["train"])
    return {
        split: {
            **_numbers(reading.corpus, task),
            "rows": reading.passed.rows,
            "empty": reading.passed.empty,
            "placeholders": reading.passed.placeholders,
            "outside_share": reading.n_outside,
            "lost": reading.passed.rows
            - (len(reading.corpus) + reading.n_outside + reading.passed.empty + reading.passed.placeholders),
            "repeated": len(texts[split]) - len(set(texts[split])),
            "in_train": 0 if split == "train" else sum(text in known for text in texts[split]),
            "revision": reading.revision,
            "sha256": reading.corpus.digest,
        }
        for split, reading in splits.items()
    }


def _fingerprints(corpus: Corpus) -> list[bytes]:
    """What tells the texts of an example from others, in a tenth of their memory."""
    return [blake2b(repr(example.texts).encode(), digest_size=16).digest() for example in corpus]


def _numbers(corpus: Corpus, task: Task) -> dict[str, Any]:
    lengths = pc.list_value_length(corpus.table["texts"].combine_chunks().flatten()).to_numpy()
    return {
        "sentences": len(corpus),
        "words": int(lengths.sum()),
        "words_by_quantile": dict(
            zip(map(str, QUANTILES), np.quantile(lengths, QUANTILES).tolist(), strict=True)
        ),
        "longer": int((lengths > LONG).sum()),
        "labels": _labels(corpus, task),
    }


def _labels(corpus: Corpus, task: Task) -> dict[str, int]:
    """How many spans of each type there are, or examples of each label."""
    counts = np.bincount(np.concatenate(corpus.classes), minlength=task.n_classes).tolist()
    named = zip(task.labels, counts, strict=True)
    spans_or_labels = ((name, n) for name, n in named if n and name != "O" and not name.startswith("I-"))
    return {name.removeprefix("B-"): n for name, n in sorted(spans_or_labels)}


def as_table(languages: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The censuses of all languages as a table in Markdown, a line a split."""
    lines = [
        {
            "language": language,
            "split": split,
            "sentences": entry["sentences"],
            "words": entry["words"],
            "median": f"{entry['words_by_quantile']['0.5']:.0f}",
            "95 %": f"{entry['words_by_quantile']['0.95']:.0f}",
            "longest": f"{entry['words_by_quantile']['1.0']:.0f}",
            f"> {LONG}": entry["longer"],
            "labels": ", ".join(f"{name} {n}" for name, n in entry["labels"].items()),
            "repeated": entry["repeated"],
            "also in train": entry["in_train"],
            "empty": entry["empty"],
            "placeholder": entry["placeholders"],
            "lost": entry["lost"],
        }
        for language, splits in languages.items()
        for split, entry in splits.items()
    ]
    table: str = pd.DataFrame(lines).to_markdown(index=False)
    return table
