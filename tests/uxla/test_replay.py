"""What a GPU replays is what it would have computed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from uxla.batches import Batch
from uxla.descent import Recipe
from uxla.examples import Corpus
from uxla.models import TaskModel
from uxla.recording import unrecorded
from uxla.replay import WORTH_IT, Replayed
from uxla.tasks import TASKS
from uxla.training import fit

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: nothing is replayed"),
]


class Line:
    """A weight, and the gradient of weight times the ids of a batch; it counts how often it is computed."""

    def __init__(self) -> None:
        self.weight = torch.nn.Parameter(torch.full((2, 8), 3.0, device="cuda"))
        self.n_computed = 0

    def __call__(self, batch: Batch) -> torch.Tensor:
        self.n_computed += 1
        ids = batch.inputs["input_ids"]
        assert ids is not None
        loss = (self.weight[:, : ids.shape[1]] * ids).sum()
        loss.backward()
        return loss.detach()


def batch(*ids: int) -> Batch:
    numbers = torch.tensor([ids, ids], device="cuda")
    return Batch({"input_ids": numbers, "attention_mask": None}, numbers[0], numbers[0], numbers[0])


def test_a_replay_gives_the_loss_and_adds_the_gradients_of_its_own_batch() -> None:
    line = Line()
    compute = Replayed(line)
    for number in range(1, WORTH_IT + 4):
        if line.weight.grad is not None:
            line.weight.grad.zero_()
        assert compute(batch(number, 0)).item() == 6.0 * number
        assert line.weight.grad is not None
        assert line.weight.grad[:, 0].tolist() == [float(number)] * 2
    assert line.n_computed == WORTH_IT + 1


def test_every_shape_is_recorded_on_its_own_and_only_if_it_comes_often() -> None:
    line = Line()
    compute = Replayed(line)
    for number in range(WORTH_IT + 3):
        assert compute(batch(number)).item() == 6.0 * number
        assert compute(batch(number, 1)).item() == 6.0 * number + 6.0
    compute(batch(1, 2, 3))
    assert line.n_computed == 2 * (WORTH_IT + 1) + 1


def test_what_watches_a_network_sees_every_computation() -> None:
    line = Line()
    compute = Replayed(line)
    with unrecorded():
        for _ in range(WORTH_IT + 3):
            compute(batch(1))
    assert line.n_computed == WORTH_IT + 3


def learnt(folder: Path, corpus: Corpus, recipe: Recipe) -> tuple[list[float], torch.Tensor]:
    model = TaskModel.build(folder, TASKS["xner"], seed=1, dropout=0.0).to(torch.device("cuda"))
    losses: list[float] = []
    fit(
        model,
        [corpus],
        replace(recipe, max_steps=60, validate_every=60),
        validation=None,
        seed=1,
        log=lambda _, metrics: losses.append(metrics["loss"]),
    )
    return losses, torch.cat([weight.detach().flatten() for weight in model.network.parameters()]).cpu()


def test_training_learns_the_same_where_steps_are_replayed(
    encoder_folder: Path, xner: Corpus, recipe: Recipe
) -> None:
    losses, weights = learnt(encoder_folder, xner, recipe)
    with unrecorded():
        expected_losses, expected = learnt(encoder_folder, xner, recipe)
    assert losses == pytest.approx(expected_losses, rel=1e-3)
    assert (weights - expected).norm() < 1e-2 * expected.norm()
