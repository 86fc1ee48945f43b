"""Tokens that a network computes, and how many of them are none of the padding."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from transformers import PreTrainedModel

from benchmark.speed.outcome import Finding
from uxla.encoding import Ints
from uxla.recording import unrecorded

T = TypeVar("T")


@dataclass
class Tokens:
    """Of some passes: tokens in all, those attended to, the sum of the squared lengths of rows, and these."""

    computed: int = 0
    useful: int = 0
    squares: int = 0
    rows: int = 0
    passes: int = 0

    @property
    def share(self) -> float:
        """The useful share of what is computed."""
        return self.useful / max(1, self.computed)


def counted(network: PreTrainedModel, run: Callable[[], T]) -> tuple[Tokens, T]:
    """Count the tokens that a network computes in a run, also in training, and hand on what it returns."""
    useful, squares, rows = list[torch.Tensor](), list[torch.Tensor](), list[torch.Tensor]()
    computed = list[int]()

    def count(_module: torch.nn.Module, _arguments: tuple[Any, ...], inputs: dict[str, Any]) -> None:
        ids, places = inputs["input_ids"], inputs.get("position_ids")
        if places is None:
            # The mask may be missing where nothing is padded.
            lengths = (ids != network.config.pad_token_id).sum(dim=1)
            useful.append(lengths.sum())
            squares.append((lengths**2).sum())
            rows.append(torch.tensor(len(ids)))
        else:
            # Rows end to end: the square of a length is the sum of as many odd numbers.
            useful.append(torch.tensor(ids.numel()))
            squares.append((2 * (places - places.min()) + 1).sum())
            rows.append((places == places.min()).sum())
        computed.append(ids.numel())

    hook = network.base_model.get_submodule("embeddings").register_forward_pre_hook(count, with_kwargs=True)
    try:
        with unrecorded():
            result = run()
    finally:
        hook.remove()
    # Only now: a GPU is not waited for after every batch.
    tokens = Tokens(
        computed=sum(computed),
        useful=sum(map(int, useful)),
        squares=sum(map(int, squares)),
        rows=sum(map(int, rows)),
        passes=len(computed),
    )
    return tokens, result


def padded_tokens(lengths: Ints, batches: Iterable[Ints]) -> int:
    """Tokens that batches of rows compute, each padded to its longest row."""
    return sum(len(chosen) * int(lengths[chosen].max()) for chosen in batches)


def share(what: str, network: PreTrainedModel, run: Callable[[], object], *, target: float) -> Finding:
    """The useful share of the tokens that a run puts through a network."""
    tokens, _ = counted(network, run)
    return Finding(
        what=f"useful (non-padding) share of the tokens computed, {what}",
        against="",
        unit="share",
        target=target,
        value=tokens.share,
        equality="none: counted, on small models of the same tokenizer",
        details={"tokens computed": tokens.computed, "passes": tokens.passes},
    )
