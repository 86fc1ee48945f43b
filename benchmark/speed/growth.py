"""How the time of generation and labelling grows with sentences, their length, and languages."""

from collections.abc import Callable, Mapping
from itertools import cycle, islice

import numpy as np

from benchmark.speed.alternating import seconds
from benchmark.speed.generation import AUTHORS
from benchmark.speed.outcome import Finding, Point
from benchmark.speed.workload import SEED, Workload
from uxla.devices import Precision
from uxla.examples import Corpus, Example
from uxla.inference import predict
from uxla.vicinity import generate

WORDS = (10, 20, 40, 80)
"""Lengths of sentences."""


def with_sentences(work: Workload) -> Finding:
    """More sentences of one language."""
    sizes = [work.scale.grown >> shift for shift in (3, 2, 1, 0)]
    return _grown(work, "sentences", {n: [work.sentences(n)] for n in sizes}, expected="1")


def with_length(work: Workload) -> Finding:
    """Longer sentences, as many: of generation each has more masks, too."""
    n = max(2, work.scale.grown // 4)
    corpora = {length: [_cut(work.corpus, n, length)] for length in WORDS}
    return _grown(work, "words a sentence", corpora, expected="2 of generation, 1 of labelling")


def with_languages(work: Workload) -> Finding:
    """More languages, one after the other, with as many sentences each."""
    n, known = max(2, work.scale.grown // 4), list(work.corpora)
    corpora = {k: [work.sentences(n, language) for language in known[:k]] for k in range(1, len(known) + 1)}
    return _grown(work, "languages", corpora, expected="1, where languages are alike")


def _grown(work: Workload, axis: str, corpora: Mapping[int, list[Corpus]], *, expected: str) -> Finding:
    """Best of two seconds of both series at every place, and the slope of their logarithms."""
    model, tagger = work.language_model, work.task_model()
    series: dict[str, Callable[[Corpus], object]] = {
        "generation": lambda corpus: generate(corpus, model, AUTHORS, seed=SEED, precision=Precision.BF16),
        "labelling": lambda corpus: predict(tagger, corpus, precision=Precision.BF16),
    }
    points = []
    for name, run in series.items():
        for x, several in corpora.items():

            def whole(run: Callable[[Corpus], object] = run, several: list[Corpus] = several) -> None:
                for corpus in several:
                    run(corpus)

            taken = min(seconds(whole, work.device) for _ in range(2))
            points.append(Point(series=name, x=x, seconds=taken))
    return Finding(
        what=f"seconds by {axis}, bf16",
        against=f"seconds ~ {axis} to the power of {expected}",
        unit="points",
        target=None,
        points=tuple(points),
        details={f"power, {name}": _power([p for p in points if p.series == name]) for name in series},
    )


def _power(points: list[Point]) -> float:
    """The slope of the logarithm of seconds over that of the axis."""
    if len(points) < 2:
        return float("nan")
    x, y = np.log([p.x for p in points]), np.log([p.seconds for p in points])
    return float(np.polyfit(x, y, 1)[0])


def _cut(corpus: Corpus, n: int, length: int) -> Corpus:
    """Sentences of just so many words, cut from the text."""
    words = cycle(word for example in corpus for word in example.texts[0])
    return Corpus.of(Example(f"{i}", "x", (tuple(islice(words, length)),)) for i in range(n))
