"""A trimmed embedding learns what the whole one does, and the rest of it decays as it would have."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from uxla.batches import collate
from uxla.encoding import Rows, encode
from uxla.examples import Corpus
from uxla.losses import cross_entropy
from uxla.models import TaskModel
from uxla.optimisation import Optimisation, Optimiser
from uxla.tasks import TASKS
from uxla.trimming import trimmed

N_STEPS = 20
OPTIMISATION = Optimisation(
    learning_rate=5e-3, lr_warmup=0.1, weight_decay=0.01, adam_epsilon=1e-8, max_gradient_norm=1.0
)


@pytest.fixture(autouse=True)
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embeddings here are small."""
    monkeypatch.setattr("uxla.trimming.WORTH_IT", 1)


def few(corpus: Corpus, model: TaskModel) -> Rows:
    """Rows of a few sentences, which use less than half of the vocabulary."""
    return encode(corpus.select(range(6)), model.task, model.encoder, max_length=40)


def train(model: TaskModel, rows: Rows) -> list[float]:
    """Some updates on all rows at once; the losses."""
    model.network.eval()  # no dropout
    optimiser = Optimiser(model.network, OPTIMISATION, n_steps=N_STEPS)
    losses = []
    for step in range(N_STEPS):
        batch = collate(
            rows,
            np.arange(len(rows)),
            padding=model.encoder.padding,
            device=model.device,
            segments=model.has_segments,
        )
        loss = cross_entropy(model.logits(batch), batch.labels, confidence_penalty=False)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step((step + 1) / (N_STEPS + 1))
        losses.append(float(loss.detach()))
    return losses


@pytest.mark.parametrize("make", ["encoder_folder", "bert_folder"])
def test_training_ends_with_the_weights_that_it_has_without(
    make: str, request: pytest.FixtureRequest, xner: Corpus
) -> None:
    folder: Path = request.getfixturevalue(make)
    whole, model = (TaskModel.build(folder, TASKS["xner"], seed=3) for _ in range(2))
    before = model.network.get_input_embeddings().weight.detach().clone()
    rows = few(xner, model)
    expected = train(whole, few(xner, whole))
    with trimmed(model.network, [rows]) as renumbered:
        embedding = model.network.get_input_embeddings()
        assert embedding.num_embeddings < len(before) / 2
        found = train(model, renumbered(rows))
    # The norm that gradients are clipped by is a sum in another order.
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    weights = dict(model.network.named_parameters())
    for name, weight in whole.network.named_parameters():
        torch.testing.assert_close(weights[name], weight, rtol=1e-3, atol=1e-5)
    unused = np.setdiff1d(np.arange(len(before)), rows.ids)
    after = model.network.get_input_embeddings().weight.detach()
    by_hand = whole.network.get_input_embeddings().weight.detach()
    torch.testing.assert_close(after[unused], by_hand[unused], rtol=1e-6, atol=0)
    assert not torch.equal(after[unused[-1]], before[unused[-1]])


def test_padding_and_the_ids_before_it_keep_their_numbers(tagger: TaskModel, xner: Corpus) -> None:
    rows = few(xner, tagger)
    with trimmed(tagger.network, [rows]) as renumbered:
        special = np.arange(tagger.encoder.padding + 1)
        assert renumbered(_with_ids(rows, special)).ids.tolist() == special.tolist()
        assert tagger.network.get_input_embeddings().padding_idx == tagger.encoder.padding


def test_an_embedding_of_which_little_can_be_spared_stays_whole(
    tagger: TaskModel, xner: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, embedding = few(xner, tagger), tagger.network.get_input_embeddings()
    n_spared = embedding.num_embeddings - len(np.union1d(np.arange(tagger.encoder.padding + 1), rows.ids))
    for least, is_whole in ((n_spared * embedding.embedding_dim, False), (2**22, True)):
        monkeypatch.setattr("uxla.trimming.WORTH_IT", least)
        with trimmed(tagger.network, [rows]) as renumbered:
            assert (tagger.network.get_input_embeddings() is embedding) is is_whole
            assert (renumbered(rows) is rows) is is_whole


def test_rows_of_others_are_refused_and_the_network_is_whole_again_after_an_error(
    tagger: TaskModel, xner: Corpus
) -> None:
    rows, embedding = few(xner, tagger), tagger.network.get_input_embeddings()
    before = embedding.weight.detach().clone()
    (other,) = np.setdiff1d(np.arange(len(before)), rows.ids)[-1:]
    message = f"expected ids of the rows that the network was trimmed to, was: {other}"
    with pytest.raises(ValueError, match=message), trimmed(tagger.network, [rows]) as renumbered:
        renumbered(_with_ids(rows, np.array([other])))
    assert tagger.network.get_input_embeddings() is embedding
    assert torch.equal(embedding.weight, before)


def _with_ids(rows: Rows, ids: Any) -> Rows:
    return Rows(ids, rows.starts, rows.marks, rows.mark_starts, rows.examples, rows.second, rows.labels)
