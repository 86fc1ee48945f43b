"""All labelling of one adaptation beside the authors' schedule, counted in tokens."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from benchmark.layout import Layout
from benchmark.settings import read_parameters
from benchmark.speed.generation import AUTHORS
from benchmark.speed.outcome import Finding
from benchmark.speed.training import MAX_LENGTH
from benchmark.speed.useful import padded_tokens
from benchmark.speed.workload import SEED, Workload
from benchmark.stages.lessons import transfer_paths
from benchmark.variants import task_of
from uxla.batches import length_buckets
from uxla.coteaching import CURRICULUM, ORDERED, Origin
from uxla.devices import default_token_budget
from uxla.encoding import WordEncoder, encode, word_encoder
from uxla.examples import Corpus
from uxla.tasks import Level, Task
from uxla.tokenizer import open_tokenizer
from uxla.vicinity import generate

AUTHORS_LENGTH = 280
"""To which the authors pad every sentence."""

FINDING = Finding(
    what="labelling in one whole adaptation, token-forwards, ours counted with padding",
    against="the authors' schedule: 54 labelling runs, two passes a sentence, padded to 280",
    unit="times",
    target=None,
    equality="none: counted; labels of one state of a model are the same every time",
)


@dataclass(frozen=True)
class Taught:
    """What one lesson did: two peers labelled some corpora, and a student changed or not."""

    peers: tuple[int, int]
    student: int
    origins: tuple[Origin, ...]
    changed: bool


def recorded(_work: Workload, *, target: float) -> Finding:
    """Of adaptations to label words that a stage has run here, the one that labels most beside the authors.

    Their lessons say which of them changed a model, so that it had to be asked anew.
    """
    found = dict(_finished())
    if not found:
        return FINDING.with_({"target": target, "skipped": "no adapted models are here: `make smoke` first"})
    least = min(found, key=lambda name: found[name][0])
    details = {name: f"{times:.1f}x, {n} labelling runs" for name, (times, n) in found.items()}
    what = f"{FINDING.what}: of {len(found)} that were run here the one with most, {least}"
    return FINDING.with_({"what": what, "target": target, "value": found[least][0], "details": details})


def at_worst(work: Workload) -> Finding:
    """The same where every lesson changes its student, on the sentences of the workload."""
    small, n = work.small, work.scale.labelled
    own, source = small.sentences(n), small.sentences(n, list(small.corpora)[:2][-1])
    corpora = {
        Origin.TARGET: own,
        Origin.SOURCE_VICINAL: generate(source, small.language_model, AUTHORS, seed=SEED).corpus,
        Origin.TARGET_VICINAL: generate(own, small.language_model, AUTHORS, seed=SEED).corpus,
    }
    lessons = [
        Taught((k, j), student, tuple(o for o in CURRICULUM[epoch] if o in corpora), changed=True)
        for epoch in CURRICULUM
        for k, j, student in ORDERED
    ]
    encoder = word_encoder(work.tokenizer)
    count = partial(labelling_tokens, task=work.task, encoder=encoder, max_length=MAX_LENGTH)
    times, n_runs = _times(corpora, lessons, count)
    details = {f"sentences, {o.value.replace('_', ' ')}": len(corpus) for o, corpus in corpora.items()}
    what = f"{FINDING.what}: if every lesson changed a model"
    return FINDING.with_({"what": what, "value": times, "details": {"labelling runs": n_runs, **details}})


def runs(lessons: Sequence[Taught]) -> Counter[Origin]:
    """Labelling runs by corpus: each state of a model is asked once.

    >>> lessons = [Taught((k, j), s, (Origin.TARGET,), changed=False) for k, j, s in ORDERED]
    >>> runs(lessons).total()
    3
    """
    known, made = set[tuple[int, Origin]](), Counter[Origin]()
    for lesson in lessons:
        asked = {(peer, origin) for peer in lesson.peers for origin in lesson.origins}
        made.update(origin for _, origin in asked - known)
        known |= asked
        if lesson.changed:
            known = {(model, origin) for model, origin in known if model != lesson.student}
    return made


def authors_tokens(n_target: int, n_target_vicinal: int, n_source_vicinal: int) -> int:
    """Token-forwards of the authors' labelling, three epochs, both peers anew for every lesson.

    In an epoch peer k is labelled three times and j six times on the target's own sentences, and each of
    them six times on what is vicinal; epochs 1 and 3 have the former, 2 and 3 that of the target, 3 that of
    the source. Every run passes a sentence twice.

    >>> authors_tokens(1, 0, 0) // 280, authors_tokens(0, 1, 0) // 280, authors_tokens(0, 0, 1) // 280
    (36, 48, 24)
    """
    own, vicinal = 2 * (3 + 6), 2 * (6 + 6)
    return AUTHORS_LENGTH * (2 * own * n_target + 2 * vicinal * n_target_vicinal + vicinal * n_source_vicinal)


def labelling_tokens(corpus: Corpus, task: Task, encoder: WordEncoder, max_length: int) -> int:
    """Tokens that labelling a corpus on a CPU computes, padding included."""
    lengths = encode(corpus, task, encoder, max_length=max_length).lengths
    budget = default_token_budget(torch.device("cpu"))
    return padded_tokens(lengths, length_buckets(lengths, token_budget=budget))


def _finished() -> Iterator[tuple[str, tuple[float, int]]]:
    """How many times less than the authors each adaptation labels, and in how many runs, by its name."""
    profiles = read_parameters(Path("params.yaml")).profiles
    for profile, task in [(profile, task) for profile, whole in profiles.items() for task in whole.tasks]:
        layout, settings = Layout(profile), profiles[profile].tasks[task]
        for target in settings.languages if task_of(task).level is Level.WORD else ():
            folder = layout.adapted(task, target)
            paths = transfer_paths(layout, task=task, source=settings.source, target=target)
            del paths[Origin.SOURCE]
            if folder.is_dir() and all(path.is_file() for path in paths.values()):
                corpora = {origin: Corpus.load(path) for origin, path in paths.items()}
                encoder = word_encoder(open_tokenizer(folder / str(settings.seeds[0])))
                count = partial(
                    labelling_tokens,
                    task=task_of(task),
                    encoder=encoder,
                    max_length=settings.targets[target].max_length,
                )
                yield f"{profile} {task} {target}", _times(corpora, _lessons(folder), count)


def _lessons(folder: Path) -> list[Taught]:
    """What the lessons of an adaptation did, in their order."""
    abouts = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "lessons").glob("*.json")]
    return [
        Taught(
            tuple(about["peers"]),
            about["student"],
            tuple(map(Origin, about["selections"])),
            changed=bool(about["outcome"] and about["outcome"]["improved"]),
        )
        for about in sorted(abouts, key=lambda about: (about["epoch"], about["number"]))
    ]


def _times(
    corpora: Mapping[Origin, Corpus], lessons: Sequence[Taught], count: Callable[[Corpus], int]
) -> tuple[float, int]:
    """How many times less than the authors is labelled, from the tokens of a run, and in how many runs."""
    made = runs(lessons)
    ours = sum(n * count(corpora[origin]) for origin, n in made.items())
    sizes = (len(corpora[o]) for o in (Origin.TARGET, Origin.TARGET_VICINAL, Origin.SOURCE_VICINAL))
    return authors_tokens(*sizes) / ours, made.total()
