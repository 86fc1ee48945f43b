"""The sections of params.yaml: what each may hold, and what the library makes of it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, ValidationInfo, field_validator, model_validator

from benchmark.data import HubData, ToyData
from benchmark.fan_out import Run
from benchmark.fields import Code, Labels, NotNegative, Positive, Precision, Section, Share
from benchmark.variants import task_of


class OptimisationSection(Section):
    """AdamW with a linear rise and fall of the learning rate (Table 8)."""

    learning_rate: Positive
    lr_warmup: NotNegative
    """Steps of rising learning rate; below 1, their share of all steps."""
    weight_decay: NotNegative
    adam_epsilon: Positive
    max_gradient_norm: Positive


class MaskedTrainingSection(OptimisationSection):
    """How a masked LM is trained on raw text."""

    corpora: tuple[Annotated[str, Field(pattern=r"^[a-z_]+/[a-z]{2,3}$")], ...]
    """`task/language` of every corpus it is trained on."""
    seed: int
    max_steps: PositiveInt
    max_seconds: Positive | None
    batch_size: PositiveInt
    mask_ratio: Share
    sampling_factor: Share
    save_every_seconds: Positive
    precision: Precision
    threads: PositiveInt | None
    """CPU threads of this training; null: all."""


class LanguageModelSection(MaskedTrainingSection):
    """The masked LM that this project pretrains where no public checkpoint is used."""

    pretrained: None
    vocabulary: Annotated[int, Field(ge=100)]
    layers: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    feed_forward: PositiveInt
    max_length: PositiveInt
    dropout: Share


class PublicModelSection(Section):
    """A public checkpoint, by its name on the hub or as a folder."""

    pretrained: str
    revision: str


class BertSection(LanguageModelSection):
    """The same of BERT's make: WordPiece, and its special tokens."""

    architecture: Literal["bert"]


class ContinuedSection(MaskedTrainingSection):
    """The profile's masked LM, trained on with the text of the task (Table 7)."""

    pretrained: Literal["language_model"]


class RivalSection(Section):
    """Baselines on another encoder: mBERT in Table 1, the finetuned XLM-R of Table 7."""

    display_name: str
    encoder: BertSection | ContinuedSection | PublicModelSection


class RecipeSection(OptimisationSection):
    """How task models are trained (Table 8)."""

    batch_size: PositiveInt
    accumulate: PositiveInt
    max_steps: PositiveInt | None
    train_passes: Positive | None
    dropout: Share
    max_length: Annotated[int, Field(ge=8)]
    validate_every: PositiveInt
    precision: Precision

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.max_steps is None) == (self.train_passes is None):
            values = f"{self.max_steps} and {self.train_passes}"
            raise ValueError(f"one of max_steps and train_passes must be a number, one null, was: {values}")
        return self


class TaggerSection(RecipeSection):
    """The BiLSTM-CRF of Table 1, which is trained on labels alone."""

    word_width: PositiveInt
    character_width: PositiveInt
    hidden: PositiveInt
    unknown_ratio: Share
    """How often a word that occurs once is read as an unknown one."""


class VicinitySection(Section):
    """GEN-LM (§2.2)."""

    seed: int
    mask_ratio: Share
    """P, in 0-1."""
    diversification_factors: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=2)]
    """delta: one number for one text, two for the two texts of a pair."""
    subword_languages: tuple[Code, ...]
    """Languages written without spaces, in which subwords are masked instead of words."""
    schedule: Literal["independent", "authors"]
    fills: Literal["word_initial", "any"]
    min_words: PositiveInt
    max_words: PositiveInt
    min_characters: PositiveInt
    drop_unchanged: bool
    precision: Precision
    token_budget: PositiveInt | None
    """Tokens of a batch, padding included, which bounds memory; None: as many as keep the device busy."""


class AdaptationSection(RecipeSection):
    """Algorithm 1 for one target (§2.3, §2.4, Table 8)."""

    seed: int
    repeats: PositiveInt
    """Runs of Algorithm 1, each with a seed of its own: the tables show the first, and how far all spread."""
    select_on: Literal["target dev", "source dev", "none"]
    """Whose labelled dev set chooses the weights; the paper takes the target's."""
    keep_fractions: tuple[Share, Share, Share]
    """eta of the three epochs."""
    posterior_threshold: Share | None
    """DISTIL by clustering above this posterior instead of by confidence."""
    clustering_features: tuple[Literal["length", "fluency"], ...]
    """Columns beside the loss, for clustering."""
    agreement: bool
    soft_labels: bool
    """Learn the mean of the peers' probabilities in place of their classes; not in the paper."""
    sampling_factor: Share
    """alpha of Eq. 2."""
    sequential: bool
    """Ordered pairs of peers, students at work as peers at once; else three lessons side by side."""
    watched: bool
    """Keep what the models say after every epoch, of dev sets and test text, for the analysis."""


class EvaluationSection(Section):
    """Intervals and paired tests over the test sentences."""

    seed: int
    resamples: Annotated[int, Field(ge=99)]


class TaskSection(Section):
    """One task in a profile."""

    data: Annotated[ToyData | HubData, Field(discriminator="kind")]
    source: Code
    languages: tuple[Code, ...]
    """The targets, in the order of the table."""
    absent: dict[Code, str]
    """Languages of the paper's table that are not run, each with the reason its column gives."""
    seeds: tuple[int, int, int]
    """Of the three models."""
    warmup: RecipeSection
    supervision: RecipeSection
    supervised_on: Labels
    """`all` is TRANSLATE-TRAIN-ALL (Tables 3 and 4)."""
    vicinity: VicinitySection
    adaptation: AdaptationSection
    """What targets and ablations begin with; each says only in what it differs."""
    targets: dict[Code, AdaptationSection]
    ablations: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]*$")], AdaptationSection]
    """Rows of Table 5 by their names, for the first epoch alone."""
    ablated: tuple[Code, ...]
    """The targets that these are tried in."""
    rivals: dict[Literal["mbert", "continued"], RivalSection]
    """Further baselines of Tables 1 and 7."""
    tagger: TaggerSection | None
    """The LSTM-CRF of Table 1, where there are words to label."""
    evaluation: EvaluationSection

    @field_validator("targets", "ablations", mode="before")
    @classmethod
    def _filled_up(cls, entries: Any, others: ValidationInfo) -> Any:
        """What entries do not name is as `adaptation` has it; if that is wrong, it alone is reported."""
        shared: AdaptationSection | None = others.data.get("adaptation")
        if shared is None or not isinstance(entries, dict):
            return entries if shared else {}
        filled = shared.model_dump()
        return {name: filled | own if isinstance(own, dict) else own for name, own in entries.items()}

    @model_validator(mode="after")
    def _known_languages(self) -> Self:
        if set(self.languages) != set(self.targets):
            names = f"{list(self.languages)} and {list(self.targets)}"
            raise ValueError(f"languages and targets must name the same, was: {names}")
        if both := {self.source, *self.languages} & set(self.absent):
            raise ValueError(f"absent must name languages that are not run, was: {', '.join(sorted(both))}")
        for language in (self.source, *self.languages):
            if language not in self.data.codes:
                known = ", ".join(self.data.codes)
                raise ValueError(f"source and languages must be among {known}, was: {language}")
        return self


class Profile(Section):
    """Language model and tasks of one profile."""

    display_name: str
    """What the tables call the encoder."""
    language_model: LanguageModelSection | PublicModelSection
    threads: PositiveInt | None
    """CPU threads of every stage after pretraining; null: all. Small models gain little from a second."""
    tracking: dict[Literal["weights"], bool]
    """`weights`: whether MLflow keeps the weights of every model, or only their place."""
    tasks: dict[str, TaskSection]
    run: Run

    @model_validator(mode="after")
    def _known_tasks(self) -> Self:
        for name in self.tasks:
            task_of(name)
        return self

    @model_validator(mode="after")
    def _watched_where_analysed(self) -> Self:
        for cell in self.run.analysed.cells.values():
            section = self.tasks[cell.task].targets.get(cell.target) if cell.task in self.tasks else None
            if section is not None and not section.watched:
                address = f"tasks.{cell.task}.targets.{cell.target}.watched"
                raise ValueError(f"{address} must be true of a target that is analysed, was: false")
        return self
