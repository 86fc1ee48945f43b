"""What the stages of dvc.yaml fan out over."""

from benchmark.fields import Code, Objective, Section


class Corpora(Section):
    """One language of one task."""

    task: str
    language: Code


class Target(Section):
    """One target of one task."""

    task: str
    target: Code


class Cell(Target):
    """One target of one task, and whose labels its upper bound learns from."""

    supervised: Code


class Rival(Section):
    """One further encoder of one task, and what it is made of: text, or the profile's masked LM."""

    task: str
    rival: str
    base: str


class RivalModels(Section):
    """The models of one objective on a further encoder."""

    task: str
    rival: str
    objective: Objective


class Analysed(Section):
    """What is analysed as section 4 of the paper does: tasks, and the targets of each."""

    tasks: tuple[str, ...]
    cells: dict[str, Target]


class Run(Section):
    """What the stages of dvc.yaml fan out over; keys are the names of their instances."""

    tasks: tuple[str, ...]
    source: Code
    objectives: tuple[Objective, ...]
    corpora: dict[str, Corpora]
    supervised: dict[str, Corpora]
    cells: dict[str, Cell]
    rivals: dict[str, Rival]
    rival_models: dict[str, RivalModels]
    tagged: dict[str, Corpora]
    contrasted: tuple[str, ...]
    analysed: Analysed
