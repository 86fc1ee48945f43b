"""How true pseudo labels were: they against the gold that training never saw."""

import json
from pathlib import Path

import numpy as np

from benchmark.results import PseudoLabels
from uxla.examples import Corpus
from uxla.metrics import evaluate, span_counts
from uxla.tasks import Task


def pseudo_labels(lessons: Path, *, gold: Corpus, task: Task) -> list[PseudoLabels]:
    """What every lesson learnt from, in order; accuracy is the task's score of the labels kept.

    Only the target's own sentences have a gold; vicinal ones have none. Sentences without any name, in the
    gold and in the labels, have no score either: that there is nothing to find is no failure to find it.
    """
    rows = {example_id: row for row, example_id in enumerate(gold.ids)}
    found = []
    for path in sorted(lessons.glob("*.json")):
        lesson = json.loads(path.read_text(encoding="utf-8"))
        for origin, selection in lesson["selections"].items():
            accuracy = None
            if origin == "target" and selection["n"]:
                labelled = Corpus.load(path.with_name(f"{path.stem}-{origin}.parquet"))
                truth = gold.select(np.array([rows[i] for i in labelled.ids]))
                if span_counts(task, truth, labelled.classes)[:, 1:].any():
                    accuracy = evaluate(task, truth, labelled.classes)[task.metric]
            found.append(
                PseudoLabels(
                    epoch=lesson["epoch"],
                    student=lesson["student"],
                    origin=origin,
                    n=selection["n"],
                    share_kept=selection["n"] / max(1, selection["n_corpus"]),
                    agreement=selection["agreement"],
                    accuracy=accuracy,
                )
            )
    return found
