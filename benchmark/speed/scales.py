"""How much is computed, and with models of which shape: enough to measure, or just a try."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Shape of the models, and how much is computed with them.

    `generated` sentences go through the authors' loop, which takes them one mask at a time; so many `times`
    over, or `many` where there is no peer, they go through ours, and `labelled` through every labelling.
    `steps` of `batch` sentences are one run of training; beside the matrix rate it is four times as many, or
    a quarter as many of `large`. `held` are in memory where that is measured; `grown` is the most that the
    growth lines take.
    """

    name: str
    layers: int
    width: int
    heads: int
    feed_forward: int
    vocabulary: int
    generated: int
    times: int
    many: int
    labelled: int
    batch: int
    large: int
    steps: int
    pairs: int
    held: int
    grown: int


SCALES = {
    ("tiny", "cpu"): Scale(
        name="tiny", layers=2, width=64, heads=2, feed_forward=128, vocabulary=1500,
        generated=6, times=2, many=40, labelled=40, batch=8, large=16, steps=3, pairs=1, held=60, grown=24,
    ),
    ("full", "cpu"): Scale(
        name="XLM-R base", layers=12, width=768, heads=12, feed_forward=3072, vocabulary=250_002,
        generated=3, times=32, many=24, labelled=256, batch=16, large=64, steps=8, pairs=5,
        held=10_000, grown=32,
    ),
    ("full", "cuda"): Scale(
        name="XLM-R large", layers=24, width=1024, heads=16, feed_forward=4096, vocabulary=250_002,
        generated=4, times=1024, many=49_152, labelled=2048, batch=16, large=512, steps=100, pairs=3,
        held=10_000, grown=2048,
    ),
}  # fmt: skip
"""By the name of the scale and the kind of device; `tiny` is the same on all."""


def scale_of(name: str, device: torch.device) -> Scale:
    """The numbers of a scale on a device.

    Raises:
        ValueError: there is no such scale.
    """
    key = (name, "cpu" if name == "tiny" else device.type)
    if key not in SCALES:
        raise ValueError(f"--scale must be tiny or full, was: {name}")
    return SCALES[key]
