"""Choosing which pseudo-labelled examples to trust: DISTIL and AGREEMENT (UXLA §2.3, App. C).

Distillation here is a selection of examples; that students learn soft labels is another setting,
`AdaptationPlan.soft_labels`.
"""

from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture

from uxla.predictions import Predictions

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]


def distill_by_confidence(predictions: Predictions, keep_fraction: float) -> Ints:
    """Rows of the `floor(n * keep_fraction)` most confident examples, ascending (eta of §2.3 (i)).

    Of equally confident examples the earlier is kept.

    Raises:
        ValueError: `keep_fraction` outside [0, 1].
    """
    if not 0 <= keep_fraction <= 1:
        raise ValueError(f"keep_fraction must lie in [0, 1], was: {keep_fraction}")
    # The small term keeps 0.29 * 100 from rounding down to 28.
    n_kept = int(len(predictions) * keep_fraction + 1e-9)
    order = np.argsort(-predictions.confidence, kind="stable")
    return np.sort(order[:n_kept]).astype(np.int64)


def distill_by_clustering(
    predictions: Predictions, posterior_threshold: float, *, seed: int, features: Floats | None = None
) -> Ints:
    """Rows whose posterior of belonging to the low-loss cluster exceeds a threshold, ascending (§2.3 (ii)).

    Args:
        predictions: their loss, with respect to the model's own classes, is what is clustered.
        posterior_threshold: eta of App. C, strict.
        seed: of the mixture's initialisation.
        features: further columns (n_examples, n_features), such as length or fluency.

    Raises:
        ValueError: `posterior_threshold` outside [0, 1].
    """
    if not 0 <= posterior_threshold <= 1:
        raise ValueError(f"posterior_threshold must lie in [0, 1], was: {posterior_threshold}")
    posterior = low_loss_posterior(predictions, seed=seed, features=features)
    return np.flatnonzero(posterior > posterior_threshold).astype(np.int64)


def low_loss_posterior(predictions: Predictions, *, seed: int, features: Floats | None = None) -> Floats:
    """Probability that each example belongs to the mixture component of lower mean loss: (n_examples,).

    Fewer than two different losses have no two clusters: all examples then count as good.
    """
    columns = predictions.loss.astype(np.float64)[:, None]
    if len(np.unique(columns)) < 2:
        return np.ones(len(columns))
    if features is not None:
        columns = np.hstack([columns, features])
    # The mixture starts from random rows: sorted, they are the same whatever the order of the corpus.
    order = np.lexsort(columns.T)
    columns = columns[order]
    if features is not None:
        # One scale for all, or the widest feature decides alone; a single column keeps its own.
        columns = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-12)
    mixture = GaussianMixture(2, covariance_type="full", tol=1e-5, reg_covar=1e-5, random_state=seed % 2**32)
    posterior = np.empty(len(columns))
    posterior[order] = mixture.fit(columns).predict_proba(columns)[:, int(mixture.means_[:, 0].argmin())]
    return posterior


def agreement(first: Predictions, first_rows: Ints, second: Predictions, second_rows: Ints) -> Ints:
    """Rows that both peers selected and label alike from the first word to the last, ascending.

    Both predictions are of the same corpus.

    Raises:
        ValueError: they cover different positions.
    """
    if not np.array_equal(first.starts, second.starts):
        raise ValueError(f"peers must label one corpus, was: {len(first)} and {len(second)} examples")
    differs = np.concatenate([[0], np.cumsum(first.flat_classes != second.flat_classes)])
    is_equal = differs[first.starts[1:]] == differs[first.starts[:-1]]
    common = np.intersect1d(first_rows, second_rows)
    agreed: Ints = common[is_equal[common]].astype(np.int64)
    return agreed
