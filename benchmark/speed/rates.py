"""Training beside the matrix rate of the machine."""

from dataclasses import replace
from functools import partial

import torch

from benchmark.speed.alternating import Pairs, alternate, multiplication
from benchmark.speed.operations import encoder_rate, tokens_operations, update_seconds
from benchmark.speed.outcome import Finding
from benchmark.speed.training import recipe
from benchmark.speed.useful import counted
from benchmark.speed.workload import SEED, Workload
from uxla.descent import Recipe
from uxla.devices import Precision
from uxla.training import fit


def training(work: Workload, *, in_large: bool, target: float) -> Finding:
    """Share of the bfloat16 matrix rate that training reaches on useful tokens; the target is that of a GPU.

    A pass backward has twice the operations of one forward. Small batches are many, as in a whole training:
    a GPU records each shape of them once.
    """
    scale, model, is_gpu = work.scale, work.task_model(), work.device.type == "cuda"
    n_steps, batch = (max(1, scale.steps // 4), scale.large) if in_large else (4 * scale.steps, scale.batch)
    how = replace(recipe(work, Precision.BF16, n_steps=n_steps), batch_size=batch)
    corpus = work.english_sentences(batch * n_steps)
    run = partial(fit, model, [corpus], how, validation=None, seed=SEED)
    if is_gpu:
        torch.cuda.reset_peak_memory_stats()
    tokens, _ = counted(model.network, run)
    size = (tokens.computed // max(1, tokens.passes), scale.width, scale.feed_forward)
    if is_gpu:
        size = (8192, 8192, 8192)
    multiply, done = multiplication(*size, dtype=torch.bfloat16, device=work.device, times=20)
    pairs = alternate(run, multiply, n_pairs=scale.pairs, device=work.device, is_warm=True)
    operations = 3 * tokens_operations(work, tokens, 0)
    shares = Pairs(tuple(s / operations for s in pairs.ours), tuple(s / done for s in pairs.theirs))
    details: dict[str, float | str] = {
        "steps a second": n_steps / min(pairs.ours),
        "our GFLOP/s": 1e-9 / min(shares.ours),
        "matrix GFLOP/s in bf16": 1e-9 / min(shares.theirs),
        "useful share of tokens": tokens.share,
        "tokens a step": tokens.computed / n_steps,
        "weights": sum(weight.numel() for weight in model.network.parameters()),
    }
    if is_gpu:
        products = operations / n_steps * min(shares.theirs)
        details |= _limits(work, how, length=tokens.computed // tokens.rows, products=products)
    finding = Finding(
        what=f"training, bf16, {batch} sentences a step: matrix operations on useful tokens",
        against=f"a product of {size[0]} x {size[1]} by {size[1]} x {size[2]} in bf16, in turn",
        unit="share",
        target=target if is_gpu else None,
        equality="none: a product of matrices learns nothing",
        details=details,
    )
    return finding.with_(shares.numbers())


def _limits(work: Workload, how: Recipe, *, length: int, products: float) -> dict[str, float | str]:
    """What a share of the matrix rate is limited by, of steps whose matrix products take so many seconds."""
    peak = torch.cuda.max_memory_allocated() / 1e9
    update = update_seconds(work, how.optimisation)
    alone = {}
    if how.batch_size == work.scale.large:
        # In small batches it is the host that limits it, which replays ours.
        alone = {"GFLOP/s of the encoder alone": 1e-9 * encoder_rate(work, how.batch_size, length)}
    return {
        "peak GB of the GPU": peak,
        **alone,
        "seconds of an update alone": update,
        "greatest share, of products and updates alone": products / (products + update),
    }
