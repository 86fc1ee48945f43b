"""GEN-LM beside the authors' loop, the `fill-mask` pipeline and the matrix rate of the machine."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from statistics import median

import torch

from benchmark.speed.alternating import Pairs, alternate, matrix_rate, multiplication, seconds
from benchmark.speed.operations import fills_operations
from benchmark.speed.outcome import Finding
from benchmark.speed.peers import AuthorsLoop, Copies, FillMask, copies_of
from benchmark.speed.useful import counted, share
from benchmark.speed.workload import SEED, Workload, first
from uxla.devices import Precision
from uxla.drawing import Schedule
from uxla.examples import Corpus
from uxla.language_model import MaskedLanguageModel
from uxla.vicinity import Fills, Generated, Unit, Vicinity, generate

AUTHORS = Vicinity(
    mask_ratio=0.3,
    diversification_factors=(3,),
    unit=Unit.WORD,
    schedule=Schedule.AUTHORS,
    fills=Fills.ANY,
    min_words=5,
    max_words=150,
    min_characters=3,
    drop_unchanged=False,
)
"""GEN-LM as the authors run it (Table 8 and their code)."""

PAPER = replace(AUTHORS, schedule=Schedule.INDEPENDENT, fills=Fills.WORD_INITIAL, min_words=3)
"""GEN-LM as the paper has it."""

BATCH_SIZES = {"cpu": (1, 4, 8, 16, 32), "cuda": (8, 32, 64, 128)}
"""Of which the pipeline gets the fastest: it keeps scores of all positions, 1 MB each."""

Peer = Callable[..., Copies]


def against_loop(work: Workload, *, precision: Precision, targets: Mapping[str, float]) -> Finding:
    """GEN-LM in a precision beside the authors' loop without gradients; the target is that of the device."""
    few = work.sentences(work.scale.generated)
    finding = _against(work, AuthorsLoop(work.language_model), precision, few, times=work.scale.times)
    against = f"the authors' loop, one mask a pass, without gradients, fp32, on {len(few)} sentences"
    return finding.with_({"against": against, "target": targets.get(work.device.type)})


def against_pipeline(work: Workload, *, target: float) -> Finding:
    """GEN-LM in bfloat16 beside the `fill-mask` pipeline with its best batch size."""
    corpus = work.sentences(work.scale.generated)
    times = {}
    sizes = BATCH_SIZES[work.device.type]
    for size in sizes:
        peer = FillMask(work.language_model, batch_size=size)
        # Of a part, twice: the first run warms up.
        part = corpus.select(range(max(1, len(corpus) // 4)))
        peer(part, AUTHORS, seed=SEED)
        times[size] = seconds(partial(peer, part, AUTHORS, seed=SEED), work.device)
    best = min(times, key=lambda size: times[size])
    peer = FillMask(work.language_model, batch_size=best)
    finding = _against(work, peer, Precision.BF16, corpus, times=1)
    against = f"fill-mask pipeline of transformers, fp32, batches of {best}, the fastest of {sizes}"
    return finding.with_({"against": against, "target": target})


def against_matrices(work: Workload, *, target: float) -> Finding:
    """Share of the machine's bfloat16 matrix rate that GEN-LM in bfloat16 reaches, on useful tokens alone."""
    _, shares, (size, details) = _beside_matrices(work, work.sentences(16 * work.scale.generated), AUTHORS)
    finding = Finding(
        what="GEN-LM, bf16: matrix operations on useful tokens a second",
        against=f"a product of {size} in bf16, in turn",
        unit="share",
        target=target,
        equality="none: a product of matrices has no sentences",
        details=details,
    )
    return finding.with_(shares.numbers())


def a_million(work: Workload, *, target: float) -> Finding:
    """Seconds for a million vicinal sentences of CoNLL's English, from the time of some of them; on a GPU."""
    finding = Finding(
        what="GEN-LM as in the paper, bf16: a million vicinal sentences of CoNLL's English",
        against="",
        unit="seconds",
        target=target if work.device.type == "cuda" else None,
        at_most=True,
        equality="none: only we are timed",
    )
    if work.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    corpus = work.english_sentences(work.scale.many)
    n_copies, shares, (size, details) = _beside_matrices(work, corpus, PAPER)
    if work.device.type == "cuda":
        details["peak GB of the GPU"] = torch.cuda.max_memory_allocated() / 1e9
    operations = float(details["operations a copy"])
    times = [1e6 * operations * each for each in shares.ours]
    share = dict(zip(("share", "least", "greatest"), shares.numbers().values(), strict=True))
    details |= {f"{name} of the rate of {size}": value for name, value in share.items()}
    details |= {"sentences": len(corpus), "copies": n_copies}
    return finding.with_({"value": median(times), "low": min(times), "high": max(times), "details": details})


def _beside_matrices(
    work: Workload, corpus: Corpus, how: Vicinity
) -> tuple[int, Pairs, tuple[str, dict[str, float | str]]]:
    """The number of copies, seconds an operation of both sides, and the size of the product with details."""
    scale, model = work.scale, work.language_model

    def run() -> Generated:
        return generate(corpus, model, how, seed=SEED, precision=Precision.BF16)

    tokens, generated = counted(model.network, run)
    operations = fills_operations(work, tokens)
    # On a CPU the product that takes most of the time, at the size of a full batch.
    size = (tokens.computed // max(1, tokens.passes), scale.width, scale.feed_forward)
    if work.device.type == "cuda":
        size = (8192, 8192, 8192)
    multiply, done = multiplication(*size, dtype=torch.bfloat16, device=work.device, times=50)
    # The run that was counted has warmed up.
    pairs = alternate(run, multiply, n_pairs=scale.pairs, device=work.device, is_warm=True)
    shares = Pairs(
        tuple(seconds / operations for seconds in pairs.ours),
        tuple(seconds / done for seconds in pairs.theirs),
    )
    details: dict[str, float | str] = {
        "our GFLOP/s": 1e-9 / min(shares.ours),
        "matrix GFLOP/s in bf16": 1e-9 / min(shares.theirs),
        "in fp32": 1e-9 * matrix_rate(*size, dtype=torch.float32, device=work.device),
        "useful share of tokens": tokens.share,
        "fills": generated.n_fills,
        "fills predicted": tokens.rows,
        "tokens a fill predicted": tokens.useful / max(1, tokens.rows),
        "operations a copy": operations / max(1, len(generated.corpus)),
    }
    return len(generated.corpus), shares, (f"{size[0]} x {size[1]} by {size[1]} x {size[2]}", details)


def useful_share(work: Workload, *, target: float) -> Finding:
    """The useful share of the tokens of generation from as many sentences as are labelled."""
    corpus, model = work.sentences(work.scale.labelled), work.small.language_model
    return share("generation", model.network, lambda: _ours(corpus, model, Precision.FP32), target=target)


def _against(work: Workload, peer: Peer, precision: Precision, few: Corpus, *, times: int) -> Finding:
    """Equal sentences first, then seconds a copy in turn, ours of the same sentences so many times over."""
    model = work.language_model
    expected = peer(few, AUTHORS, seed=SEED)
    generated = _ours(few, model, Precision.FP32)
    found = copies_of(generated, few)
    if found != expected:
        differing = sum(found[name] != expected[name] for name in expected)
        raise ValueError(
            f"GEN-LM and its peer must generate equal sentences, "
            f"was: others for {differing} of {len(expected)}"
        )
    n_copies = sum(map(len, expected.values()))
    details: dict[str, float | str] = {"sentences": len(few), "copies": n_copies, "ours, times over": times}
    if precision is not Precision.FP32:
        again = _ours(few, model, precision)
        details[f"share of equal words in {precision.value}"] = equal_words(again.corpus, generated.corpus)
    many = first(times * len(few), few)
    n_ours = len(_ours(many, model, precision).corpus)
    pairs = alternate(
        lambda: _ours(many, model, precision),
        lambda: peer(few, AUTHORS, seed=SEED),
        n_pairs=work.scale.pairs,
        device=work.device,
    )
    each = Pairs(tuple(s / n_ours for s in pairs.ours), tuple(s / n_copies for s in pairs.theirs))
    finding = Finding(
        what=f"GEN-LM, {precision.value}: generation of identical sentences",
        against="",
        unit="times",
        target=None,
        equality=f"all {n_copies} copies are word for word those of the peer, in fp32",
        details=details | each.details(),
    )
    return finding.with_(each.numbers())


def equal_words(found: Corpus, expected: Corpus) -> float:
    """Share of the words of copies that are the same in both; a copy that one lacks is not the same."""
    ours = {example.id: example.texts[0] for example in found}
    words = [
        pair
        for e in expected
        for pair in zip(ours.get(e.id, ("",) * len(e.texts[0])), e.texts[0], strict=True)
    ]
    return sum(first == second for first, second in words) / max(1, len(words))


def _ours(corpus: Corpus, model: MaskedLanguageModel, precision: Precision) -> Generated:
    return generate(corpus, model, AUTHORS, seed=SEED, precision=precision)
