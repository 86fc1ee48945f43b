"""What words alone achieve, without their context: what a contextual model has to beat."""

from collections import Counter, defaultdict

import numpy as np

from uxla.examples import Corpus
from uxla.tasks import TASKS

_OUTSIDE = TASKS["xner"].class_of("O")


def majority_tagger(train: Corpus, test: Corpus) -> list[tuple[int, ...]]:
    """Give every word of `test` its most frequent class in `train`, and unknown words O."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for example in train:
        for word, label in zip(example.texts[0], example.classes or (), strict=True):
            counts[word][label] += 1
    # Of two classes equally frequent the lower wins, whatever the order of the examples.
    best = {word: min(seen, key=lambda c: (-seen[c], c)) for word, seen in counts.items()}
    return [tuple(best.get(word, _OUTSIDE) for word in example.texts[0]) for example in test]


def bag_of_words(train: Corpus, test: Corpus, sides: tuple[int, ...] = (0, 1)) -> list[tuple[int, ...]]:
    """Give every pair of `test` the class that a linear model of the words on the given sides predicts."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    text = {corpus: [[" ".join(e.texts[side]) for e in corpus] for side in sides] for corpus in (train, test)}
    counters = [CountVectorizer(token_pattern=r"\S+").fit(column) for column in text[train]]
    features = {
        corpus: hstack([counter.transform(column) for counter, column in zip(counters, columns, strict=True)])
        for corpus, columns in text.items()
    }
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit(features[train], np.concatenate(train.classes))
    return [(int(label),) for label in model.predict(features[test])]
