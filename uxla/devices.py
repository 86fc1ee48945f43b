"""Where and in which precision models run."""

import contextlib
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    # It takes seconds to import, and not everything that has a device has a model.
    from transformers import PreTrainedModel


class Precision(Enum):
    """Arithmetic of the matrix products: full, bfloat16, or bfloat16 where the hardware has it."""

    FP32 = "fp32"
    BF16 = "bf16"
    AUTO = "auto"


def default_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are done by the hardware rather than emulated."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        and torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    )


def in_bf16(device: torch.device, precision: Precision) -> bool:
    """Whether matrix products of this precision run in bfloat16 on a device."""
    return precision is Precision.BF16 or (precision is Precision.AUTO and has_bf16(device))


def default_token_budget(device: torch.device) -> int:
    """Tokens of a batch, padding included, that keep a device busy; results do not depend on it.

    On a CPU what a layer hands to the next should stay in the cache; a GPU wants many rows at once.
    """
    return 1024 if device.type == "cpu" else 32768


def scores_at_once(device: torch.device) -> int:
    """Scores of an output layer that are in memory at a time; results do not depend on it."""
    return 2**24 if device.type == "cpu" else 2**29


def send(array: "np.ndarray[Any, np.dtype[Any]]", device: torch.device) -> torch.Tensor:
    """The array as a tensor on a device, which is not waited for."""
    tensor = torch.from_numpy(array)
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)


def fetch(tensor: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Begin to bring a tensor to the host; what is returned waits for that, and for nothing later."""
    if tensor.device.type == "cpu":
        return lambda: tensor
    here, event = tensor.to("cpu", non_blocking=True), torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(tensor.device))

    def wait() -> torch.Tensor:
        event.synchronize()
        return here

    return wait


def place(network: "PreTrainedModel", device: torch.device) -> None:
    """Move a network to a device, with the attention that is fastest there.

    On a CPU that is the plain one: in bfloat16 the fused one is slower there. On a GPU it is not that of
    cuDNN, which plans anew, for up to seconds, whenever rows of another length come.
    """
    torch.backends.cuda.enable_cudnn_sdp(False)
    network.set_attn_implementation("eager" if device.type == "cpu" else "sdpa")
    network.to(device)  # type: ignore[arg-type]


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[object]:
    """A block in which matrix products run in the given precision."""
    if in_bf16(device, precision):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def use_threads(n: int | None) -> None:
    """Compute on so many CPU threads from here on; None: on as many as torch takes by itself.

    Sums in another order end in other bits, so a fixed number gives the same bytes on any number of cores.
    """
    torch.set_num_threads(_BY_ITSELF if n is None else n)


_BY_ITSELF = torch.get_num_threads()
