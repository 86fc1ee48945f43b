"""Several settings of one task in a profile: `xnli_full` is the task `xnli` with numbers of its own."""

from uxla.tasks import TASKS, Task


def task_of(name: str) -> Task:
    """The task that a section under `tasks` is of: its name, up to the first underscore.

    >>> task_of("xnli_full").name
    'xnli'

    Raises:
        ValueError: there is no such task.
    """
    task = TASKS.get(name.split("_")[0])
    if task is None:
        known = ", ".join(TASKS)
        raise ValueError(f"a task must be one of {known}, or such a name, `_` and a word, was: {name}")
    return task


def title_of(name: str) -> str:
    """What tables call it.

    >>> title_of("pawsx_full")
    'PAWS-X full'

    Raises:
        ValueError: there is no such task.
    """
    variant = name.partition("_")[2]
    return f"{task_of(name).title} {variant}".strip()
