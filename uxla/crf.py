"""A linear-chain conditional random field over the scores of classes (Lample et al. 2016, section 2.2)."""

import torch


class Crf(torch.nn.Module):
    """Scores of the first and the last class of a sentence, and of each class after another.

    Throughout, `emissions` (n_rows, length, n_classes) are the scores of the classes at each position, and
    `attended` (n_rows, length) is true where a row has a position: from the first on, at least once.
    New parameters are zero: the positions are then independent of each other.
    """

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.first = torch.nn.Parameter(torch.zeros(n_classes))
        self.last = torch.nn.Parameter(torch.zeros(n_classes))
        self.transitions = torch.nn.Parameter(torch.zeros(n_classes, n_classes))

    def log_partition(self, emissions: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """Log of the sum over all sequences of classes of their exponentiated scores: (n_rows,)."""
        ending = self.first + emissions[:, 0]
        for position in range(1, emissions.shape[1]):
            longer = torch.logsumexp(ending[:, :, None] + self.transitions, dim=1) + emissions[:, position]
            ending = torch.where(attended[:, position, None], longer, ending)
        return torch.logsumexp(ending + self.last, dim=1)

    def score(self, emissions: torch.Tensor, attended: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Score of one sequence of classes a row: (n_rows,).

        `classes` (n_rows, length) are any of the task's where nothing is attended.
        """
        emitted = emissions.gather(2, classes[:, :, None]).squeeze(2)
        moved = self.transitions[classes[:, :-1], classes[:, 1:]]
        last = classes.gather(1, attended.sum(1, keepdim=True) - 1).squeeze(1)
        ends = self.first[classes[:, 0]] + self.last[last]
        return ends + (emitted * attended).sum(1) + (moved * attended[:, 1:]).sum(1)

    def marginals(self, emissions: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """Probability of each class at each position: (n_rows, length, n_classes), 0 where not attended.

        It is the derivative of the log-partition with respect to the emission. No gradient flows through it.
        """
        # Inside inference_mode nothing can be differentiated; its tensors must be copied to leave it.
        with torch.inference_mode(mode=False), torch.enable_grad():
            emissions = emissions.detach().clone().requires_grad_()
            total = self.log_partition(emissions, attended.clone()).sum()
            (derivative,) = torch.autograd.grad(total, emissions)
        return derivative
