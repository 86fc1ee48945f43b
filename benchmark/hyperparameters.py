"""Table 8 of one task, in the paper's rows: what params.yaml says of warm-up and adaptation."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmark.data import HubData, ToyData
from benchmark.sections import AdaptationSection, RecipeSection, VicinitySection

Value = str | None


class Hyperparameter(NamedTuple):
    """A row of Table 8; None where it has no meaning."""

    name: str
    warmup: Value
    adaptation: Value


def hyperparameters(
    encoder: str,
    *,
    data: ToyData | HubData,
    warmup: RecipeSection,
    vicinity: VicinitySection,
    targets: Mapping[str, AdaptationSection],
) -> list[Hyperparameter]:
    """The rows of Table 8, and below them what the paper only writes of; targets that differ are named."""

    def of_targets(value: Callable[[AdaptationSection], Value]) -> Value:
        values = {target: value(section) for target, section in targets.items()}
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        return "; ".join(f"{target} {value or 'none'}" for target, value in values.items())

    share = data.train_fraction
    return [
        Hyperparameter("model", encoder, "warmed-up models"),
        Hyperparameter("sampling factor alpha", None, of_targets(lambda s: _number(s.sampling_factor))),
        *(
            Hyperparameter(name, _number(getattr(warmup, key)), of_targets(_reading(key)))
            for key, name in RECIPE.items()
        ),
        Hyperparameter("epochs of UXLA", None, of_targets(lambda s: str(len(s.keep_fractions)))),
        Hyperparameter("training data", _percent(share), _percent(share)),
        Hyperparameter("confidence penalty", "without and with", "without"),
        Hyperparameter("distillation", None, of_targets(_distillation)),
        Hyperparameter("distillation factor eta", None, of_targets(_eta)),
        Hyperparameter("agreement", None, of_targets(lambda s: "yes" if s.agreement else "no")),
        Hyperparameter("pseudo labels", None, of_targets(lambda s: "soft" if s.soft_labels else "hard")),
        Hyperparameter("augmentation", None, _augmentation(vicinity)),
        Hyperparameter("augmentation percentage P", None, _percent(vicinity.mask_ratio)),
        Hyperparameter("diversification delta", None, _delta(vicinity)),
        Hyperparameter("masks drawn", None, "by the authors' schedule" if _by_authors(vicinity) else "anew"),
        Hyperparameter("lessons", None, of_targets(lambda s: "in turn" if s.sequential else "side by side")),
        Hyperparameter("checkpoint selected on", "source dev", of_targets(lambda s: s.select_on)),
    ]


RECIPE = {
    "dropout": "dropout",
    "max_length": "maximum length",
    "batch_size": "batch size",
    "accumulate": "gradient accumulation",
    "validate_every": "validation every ... steps",
    "learning_rate": "learning rate",
    "lr_warmup": "learning-rate warm-up (share or steps)",
    "weight_decay": "weight decay",
    "adam_epsilon": "Adam epsilon",
    "max_gradient_norm": "maximum gradient norm",
    "max_steps": "steps",
    "train_passes": "passes over the data",
}
"""Keys of a recipe, and what the rows are called."""


def _reading(key: str) -> Callable[[AdaptationSection], Value]:
    return lambda section: _number(getattr(section, key))


def _number(value: Any) -> Value:
    return None if value is None else f"{value:g}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _distillation(section: AdaptationSection) -> str:
    if section.posterior_threshold is None:
        return "by confidence"
    features = ", ".join(["loss", *section.clustering_features])
    return f"by 2 full-covariance clusters of {features}, posterior {section.posterior_threshold:g}"


def _eta(section: AdaptationSection) -> Value:
    if section.posterior_threshold is not None:
        return None
    return ", ".join(_percent(fraction) for fraction in section.keep_fractions)


def _augmentation(vicinity: VicinitySection) -> str:
    return "successive cross" if len(vicinity.diversification_factors) == 2 else "successive max"


def _delta(vicinity: VicinitySection) -> str:
    return " x ".join(map(str, vicinity.diversification_factors))


def _by_authors(vicinity: VicinitySection) -> bool:
    return vicinity.schedule == "authors"
