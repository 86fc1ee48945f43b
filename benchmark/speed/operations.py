"""Floating-point operations of the networks, and how fast the encoder alone does them."""

import torch

from benchmark.speed.alternating import seconds
from benchmark.speed.useful import Tokens
from benchmark.speed.workload import SEED, Workload
from uxla.devices import Precision, autocast

TIMES = 4
"""Batches of one measurement of the encoder."""


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


def fills_operations(work: Workload, tokens: Tokens, n_fills: int) -> float:
    """Those that generation needs: of the last layer, but for keys and values, one position of a row."""
    scale = work.scale
    layer = 4.0 * scale.width**2 + 4.0 * scale.width * scale.feed_forward
    attention = 4.0 * scale.width * (tokens.squares - tokens.useful)
    return tokens_operations(work, tokens, n_fills) - layer * (tokens.useful - n_fills) - attention


def encoder_rate(work: Workload, rows: int, length: int, *, training: bool) -> float:
    """Operations a second of the encoder in bfloat16 on one batch of full rows, again and again, at best.

    There is neither padding nor anything to lay out, so no schedule of the same kernels can do more. With
    `training` there is a pass backward, which has twice the operations of the one forward.
    """
    whole = work.task_model().network
    # Few of its rows are looked up: training leaves the others out, too.
    whole.get_input_embeddings().requires_grad_(False)
    network = whole.base_model
    network.train(training)
    if not training:
        network.to(torch.bfloat16)
    random = torch.Generator(work.device).manual_seed(SEED)
    ids = torch.randint(100, work.scale.vocabulary, (rows, length), device=work.device, generator=random)

    def run() -> None:
        precision = Precision.BF16 if training else Precision.FP32
        with autocast(work.device, precision), torch.set_grad_enabled(training):
            for _ in range(TIMES):
                hidden = network(input_ids=ids).last_hidden_state
                if training:
                    hidden.sum().backward()

    run()
    tokens = Tokens(useful=rows * length, squares=rows * length**2)
    operations = (3 if training else 1) * tokens_operations(work, tokens, 0)
    return TIMES * operations / min(seconds(run, work.device) for _ in range(5))
