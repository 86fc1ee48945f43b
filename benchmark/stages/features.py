"""Columns beside the loss for DISTIL by clustering (App. C)."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmark.sections import AdaptationSection
from uxla.coteaching import Origin
from uxla.devices import default_device
from uxla.distillation import Floats
from uxla.examples import Corpus
from uxla.fluency import fluency
from uxla.language_model import MaskedLanguageModel


def clustering_features(
    corpora: Mapping[Origin, Corpus], section: AdaptationSection, language_model: Path
) -> dict[Origin, Floats]:
    """The features a target asks for, (n_examples, n_features) for each unlabelled origin."""
    if not section.clustering_features:
        return {}
    makers: Mapping[str, Callable[[Corpus], Floats]] = {
        "length": _lengths,
        "fluency": lambda corpus: _fluencies(corpus, language_model),
    }
    return {
        origin: np.column_stack([makers[name](corpus) for name in section.clustering_features])
        for origin, corpus in corpora.items()
        if origin is not Origin.SOURCE
    }


def _lengths(corpus: Corpus) -> Floats:
    return np.array([sum(map(len, example.texts)) for example in corpus], np.float64)


def _fluencies(corpus: Corpus, path: Path) -> Floats:
    model = MaskedLanguageModel.load(path)
    model.to(default_device())
    texts = [tuple(word for text in example.texts for word in text) for example in corpus]
    return fluency(model, texts)
