"""What models say while they change: classes for the text of the test set, scores on the dev sets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from benchmark.layout import Layout
from uxla.examples import Corpus
from uxla.files import replacing, write_text
from uxla.inference import predict
from uxla.metrics import evaluate
from uxla.models import TaskModel
from uxla.predictions import Predictions

Classes = list[np.ndarray[Any, np.dtype[np.int16]]]


@dataclass(frozen=True)
class Watch:
    """What is looked at: the labelled dev sets, by name, and the test set without its labels."""

    dev: Mapping[str, Corpus]
    text: Corpus


class DevScores(BaseModel):
    """Percent of every model on every dev set, by the name of the set and the seed of the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scores: dict[str, dict[int, float]]


def open_watch(layout: Layout, *, task: str, source: str, target: str) -> Watch:
    """What is looked at on the way from a source to a target."""
    dev = {
        "source dev": Corpus.load(layout.corpus(task, source, "dev")),
        "target dev": Corpus.load(layout.corpus(task, target, "dev")),
    }
    return Watch(dev, Corpus.load(layout.corpus(task, target, "test_text")))


def observe(models: Sequence[TaskModel], seeds: Sequence[int], watch: Watch, path: Path) -> None:
    """Write `<path>.parquet`, as `observe_text`, and `<path>.json`, the `DevScores`."""
    task = models[0].task
    scores = {
        name: {
            seed: evaluate(task, corpus, predict(model, corpus.unlabelled()).classes)[task.metric]
            for seed, model in zip(seeds, models, strict=True)
        }
        for name, corpus in watch.dev.items()
    }
    observe_text(models, seeds, watch.text, path)
    write_text(path.with_suffix(".json"), DevScores(scores=scores).model_dump_json() + "\n")


def observe_text(models: Sequence[TaskModel], seeds: Sequence[int], text: Corpus, path: Path) -> None:
    """Write `<path>.parquet`, as `write_predictions`: a column for every model."""
    found = [predict(model, text) for model in models]
    write_predictions(path.with_suffix(".parquet"), text, dict(zip(names(seeds), found, strict=True)))


def names(seeds: Sequence[int]) -> list[str]:
    """The columns of the models in a file of predictions."""
    return [f"model {seed}" for seed in seeds]


def write_predictions(path: Path, corpus: Corpus, predictions: Mapping[str, Predictions]) -> None:
    """Write Parquet: the ids of a corpus, and in a column each the classes that somebody predicts."""
    columns = {name: pa.array(p.classes) for name, p in predictions.items()}
    with replacing(path) as temporary:
        pq.write_table(pa.table({"id": corpus.table["id"], **columns}), temporary, compression="zstd")


def read_observed(path: Path, seeds: Sequence[int], gold: Corpus) -> list[Classes]:
    """The classes that every model predicts for a test set.

    Raises:
        ValueError: the predictions are of other examples.
    """
    table = pq.read_table(path.with_suffix(".parquet"))
    if table["id"].to_pylist() != gold.ids:
        raise ValueError(f"{path}.parquet: expected predictions for the {len(gold)} examples of the test set")
    return [[np.array(c, np.int16) for c in table[name].to_pylist()] for name in names(seeds)]


def read_dev_scores(path: Path) -> DevScores:
    """The scores on the dev sets that `observe` wrote."""
    return DevScores.model_validate(json.loads(path.with_suffix(".json").read_text("utf-8")))
