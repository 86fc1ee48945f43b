"""A masked LM that says what it is told."""

from collections.abc import Callable, Sequence

import pytest
import torch
from transformers import PreTrainedModel, XLMRobertaTokenizer

from uxla.language_model import MaskedLanguageModel
from uxla.pretraining import Shape, new_language_model

PIECES = (
    *("▁the", "▁old", "▁sun", "▁sees", "▁my", "▁town", "▁moon", "▁in", "▁a", "▁big", "▁new▁town", "▁"),
    *("s", "ly", "東", "京", "大", "学", "▁東", "▁大", "▁suns"),
)
"""Pieces after the four special tokens; `<mask>` comes last."""

Fill = Callable[[Sequence[str], int], Sequence[str]]
"""From the pieces of a row and the position of the mask to the pieces that fill it, the best first."""


class Scripted(MaskedLanguageModel):
    """A masked LM whose fills follow a rule; it keeps every row it was shown, pieces between spaces."""

    def __init__(self, network: PreTrainedModel, tokenizer: XLMRobertaTokenizer, fill: Fill) -> None:
        super().__init__(network, tokenizer)
        self._fill = fill
        self.seen: list[str] = []
        self.n_passes = 0

    def hidden(
        self, ids: torch.Tensor, attended: torch.Tensor | None, position: torch.Tensor
    ) -> torch.Tensor:
        assert attended is not None
        self.n_passes += 1
        scores = torch.full((len(ids), len(self.words)), -100.0)
        for row, at in enumerate(position.tolist()):
            pieces = self.tokenizer.convert_ids_to_tokens(ids[row][attended[row].bool()].tolist())
            assert pieces[at] == "<mask>"
            self.seen.append(" ".join(pieces[1:-1]))
            for rank, piece in enumerate(self._fill(pieces, at)):
                scores[row, self.tokenizer.convert_tokens_to_ids(piece)] = -rank
        return scores

    def _head(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden


@pytest.fixture(scope="session")
def spelt() -> MaskedLanguageModel:
    """An XLM-R of random weights whose pieces are written out above; rows of 24 subwords at most."""
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    # The longer a piece the likelier: words are cut no further than they must be, but for `suns`.
    vocabulary = special + [(piece, -90.0 if piece == "▁suns" else len(piece) - 20.0) for piece in PIECES]
    tokenizer = XLMRobertaTokenizer(vocab=vocabulary, model_max_length=24)
    shape = Shape(vocabulary=26, layers=1, width=8, heads=1, feed_forward=8, max_length=24, dropout=0.0)
    return new_language_model(tokenizer, shape, seed=1)


@pytest.fixture
def scripted(spelt: MaskedLanguageModel) -> Callable[[Fill], Scripted]:
    """A masked LM over the pieces above that fills by a rule."""
    return lambda fill: Scripted(spelt.network, spelt.tokenizer, fill)
