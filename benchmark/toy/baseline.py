"""What memorising words achieves: the tagger that a contextual model has to beat."""

from collections import Counter, defaultdict

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
