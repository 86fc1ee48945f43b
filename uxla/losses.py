"""Cross-entropy with confidence penalty (UXLA §2.1, Eq. 1)."""

import torch


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, *, confidence_penalty: bool) -> torch.Tensor:
    """Mean over labelled positions of the cross-entropy, plus the negative entropy if penalised (Eq. 1).

    Shapes: `logits` (n_positions, n_classes), `labels` (n_positions,) as classes, or as distributions
    over them (n_positions, n_classes). Probabilities that underflow give finite losses: only
    log-probabilities are used.
    """
    log_probabilities = torch.log_softmax(logits.float(), dim=-1)
    if labels.is_floating_point():
        loss = -(labels * log_probabilities).sum(-1).mean()
    else:
        loss = torch.nn.functional.nll_loss(log_probabilities, labels)
    if confidence_penalty:
        loss = loss + (log_probabilities.exp() * log_probabilities).sum(-1).mean()
    return loss
