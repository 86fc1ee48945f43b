"""What runs are called, and the sentence at the top of their page: comparing them takes no manual."""

from collections.abc import Mapping

NOTE = "mlflow.note.content"
"""The tag that MLflow shows as the description of a run or an experiment."""
# A task or language of a run that belongs to none in particular.
ALL = "all"

SYSTEMS: Mapping[str, str] = {
    "data": "Every split, labels and text kept apart; what was read is in the artifact `manifest.md`.",
    "masked LM": "The encoder that all models begin from, and that makes the vicinal sentences.",
    "vicinity": "Sentences that the masked LM made of those of {language} (§2.2): `sample.txt` has some.",
    "cross_entropy": "Models that learnt from the source's labels alone, by cross entropy, in {language}.",
    "confidence_penalty": "Models that learnt from the source's labels alone, with confidence penalty "
    "(Eq. 1), in {language}. UXLA begins with them.",
    "uxla": "Models adapted to {language} without labels of it (Algorithm 1). Metrics such as `dev` and "
    "`target/pseudo labels` are by lesson, six an epoch; losses are in the nested runs, by step.",
    "supervised": "Models that learnt from labels of the target: the upper bound, in {language}.",
    "report": "All of the profile on one page, its tables and its figures: see Artifacts. Scores on the page "
    "lead to their runs where it is opened as `report/<profile>.html`, not inside MLflow.",
}
"""What every system is, by its tag `uxla.system`."""


def name_of(task: str, system: str, language: str) -> str:
    """The name of a run: its address, then its system.

    >>> name_of("xner", "confidence_penalty", "qab")
    'xner qab: confidence penalty'
    >>> name_of("all", "masked LM", "all")
    'masked LM'
    """
    words = system.replace("_", " ")
    return words if task == language == ALL else f"{task} {language}: {words}"


def child_name(parent: str, part: str) -> str:
    """The name of a nested run, whole: charts show it without its parent.

    >>> child_name(child_name("xner qab: uxla", "model 11"), "epoch 2")
    'xner qab: uxla, model 11, epoch 2'
    """
    return f"{parent}, {part}"


def part_of(name: str) -> str:
    """What a nested run is of its parent, also where it is named by that alone.

    >>> part_of("xner qab: uxla, model 11"), part_of("model 11")
    ('model 11', 'model 11')
    """
    return name.rpartition(", ")[2]


def note_of(system: str, language: str) -> str | None:
    """What a run of a system is, as Markdown, if that is known.

    >>> note_of("ablation confidence-80", "qab")
    'The first epoch of UXLA in qab in the setting `confidence-80`: a row of Table 5.'
    """
    if system.startswith("ablation "):
        setting = system.removeprefix("ablation ")
        return f"The first epoch of UXLA in {language} in the setting `{setting}`: a row of Table 5."
    if system.startswith("uxla repeat "):
        return f"Algorithm 1 once more in {language}, with another seed: it shows how far its scores spread."
    alone = system.removesuffix(" ensemble")
    if alone not in SYSTEMS:
        return None
    note = SYSTEMS[alone].format(language="all languages" if language == ALL else language)
    return note if alone == system else f"The mean of three models' probabilities. {note}"
