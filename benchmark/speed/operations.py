"""Floating-point operations of the networks, and how fast a part of training alone does them."""

import torch

from benchmark.speed.alternating import seconds
from benchmark.speed.useful import Tokens
from benchmark.speed.workload import SEED, Workload
from uxla.devices import Precision, autocast
from uxla.optimisation import Optimisation, Optimiser

TIMES = 4
"""Batches, or updates, of one measurement."""


def tokens_operations(work: Workload, tokens: Tokens, n_fills: int) -> float:
    """Floating-point operations of the matrix products that so many tokens and fills need.

    Of every layer the four projections, the two of the feed-forward, and the two products of attention;
    of every fill the two of the output layer.
    """
    scale = work.scale
    layer = 8.0 * scale.width**2 + 4.0 * scale.width * scale.feed_forward
    attention = 4.0 * scale.width * tokens.squares
    head = 2.0 * scale.width * (scale.width + scale.vocabulary)
    return scale.layers * (layer * tokens.useful + attention) + head * n_fills


def fills_operations(work: Workload, tokens: Tokens) -> float:
    """Those that generation needs: a fill a row; in the last layer keys and values, else one position."""
    scale = work.scale
    layer = 4.0 * scale.width**2 + 4.0 * scale.width * scale.feed_forward
    attention = 4.0 * scale.width * (tokens.squares - tokens.useful)
    return tokens_operations(work, tokens, tokens.rows) - layer * (tokens.useful - tokens.rows) - attention


def encoder_rate(work: Workload, rows: int, length: int) -> float:
    """Operations a second of training the encoder in bfloat16 on one batch of full rows, at best.

    There is neither padding nor anything to lay out or to update, so no schedule of the same kernels can do
    more, if batches are so large that the host launches them in time.
    """
    whole = work.task_model().network
    # Few of its rows are looked up: training leaves the others out, too.
    whole.get_input_embeddings().requires_grad_(False)
    network = whole.base_model
    network.train()
    random = torch.Generator(work.device).manual_seed(SEED)
    ids = torch.randint(100, work.scale.vocabulary, (rows, length), device=work.device, generator=random)

    def run() -> None:
        with autocast(work.device, Precision.BF16):
            for _ in range(TIMES):
                network(input_ids=ids).last_hidden_state.sum().backward()

    run()
    tokens = Tokens(useful=rows * length, squares=rows * length**2)
    # A pass backward has twice the operations of the one forward.
    operations = 3 * tokens_operations(work, tokens, 0)
    return TIMES * operations / min(seconds(run, work.device) for _ in range(5))


def update_seconds(work: Workload, how: Optimisation) -> float:
    """Seconds of an update of all weights of the encoder's layers, at best: it reads and writes them."""
    layers = work.task_model().network.base_model.get_submodule("encoder")
    optimiser = Optimiser(layers, how, n_steps=1)
    for weight in layers.parameters():
        weight.grad = torch.ones_like(weight)

    def run() -> None:
        for _ in range(TIMES):
            optimiser.step(0.5)

    run()
    return min(seconds(run, work.device) for _ in range(5)) / TIMES
