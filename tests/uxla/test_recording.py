"""What a GPU repeats does what it did, and a CPU computes."""

import pytest
import torch

from uxla.recording import Recorded, is_recording, unrecorded


def test_a_cpu_computes_every_time() -> None:
    runs = list[int]()
    recorded = Recorded(lambda: runs.append(1), torch.device("cpu"))
    for _ in range(4):
        recorded()
    assert len(runs) == 4


def test_nothing_is_recorded_in_a_block_without() -> None:
    assert is_recording()
    with unrecorded():
        assert not is_recording()
    assert is_recording()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: nothing is recorded")
def test_what_takes_nothing_is_recorded_after_its_first_run() -> None:
    number, runs = torch.zeros((), device="cuda"), list[int]()

    def add_one() -> None:
        runs.append(1)
        number.add_(1)

    recorded = Recorded(add_one, number.device)
    for _ in range(4):
        recorded()
    # Once computed, once recorded, which computes nothing.
    assert (number.item(), len(runs)) == (4.0, 2)
    with unrecorded():
        recorded()
    assert (number.item(), len(runs)) == (5.0, 3)
