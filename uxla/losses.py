"""Cross-entropy with confidence penalty (UXLA §2.1, Eq. 1)."""

import torch


def cross_entropy(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    confidence_penalty: bool,
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over labelled positions of the cross-entropy, plus the negative entropy if penalised (Eq. 1).

    Shapes: `logits` (n_positions, n_classes), `labels` (n_positions,) as classes, or as distributions
    over them (n_positions, n_classes); `weights` (n_positions,), whose sum is 1, if not all positions
    count alike. Probabilities that underflow give finite losses: only log-probabilities are used.
    """
    log_probabilities = torch.log_softmax(logits.float(), dim=-1)
    if labels.is_floating_point():
        loss = _mean(-(labels * log_probabilities).sum(-1), weights)
    elif weights is None:
        loss = torch.nn.functional.nll_loss(log_probabilities, labels)
    else:
        loss = _mean(torch.nn.functional.nll_loss(log_probabilities, labels, reduction="none"), weights)
    if confidence_penalty:
        loss = loss + _mean((log_probabilities.exp() * log_probabilities).sum(-1), weights)
    return loss


def _mean(values: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    return values.mean() if weights is None else (values * weights).sum()
