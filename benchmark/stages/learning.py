"""What warmup and supervise have in common: three models on one language's labels."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmark.layout import Layout
from benchmark.progress import ticking
from benchmark.recipes import recipe
from benchmark.sections import RecipeSection
from benchmark.stages.versions import version_after
from benchmark.tracking import Run
from benchmark.variants import task_of
from uxla.descent import Fit
from uxla.devices import default_device
from uxla.examples import Corpus
from uxla.files import write_text
from uxla.models import TaskModel
from uxla.training import fit


@dataclass(frozen=True, kw_only=True)
class Job:
    """Which models are to be trained, on what and how, and where they go."""

    task: str
    language: str
    section: RecipeSection
    confidence_penalty: bool
    seeds: tuple[int, int, int]
    encoder: Path
    folder: Path
    keep_weights: bool


def train_models(job: Job, *, layout: Layout, run: Run) -> None:
    """Train one model a seed from the masked LM and write each to `<folder>/<seed>`."""
    run.log_parameters(
        {
            "task": job.task,
            "confidence_penalty": job.confidence_penalty,
            "recipe": job.section.model_dump(mode="json"),
        }
    )
    corpora = {}
    for part in ("labelled", "dev"):
        path = layout.corpus(job.task, job.language, part)
        corpora[part] = Corpus.load(path)
        run.log_dependencies([path])
        run.log_corpus(corpora[part], name=f"{job.language} {part}", context=part, source=path)
    settings = recipe(job.section, confidence_penalty=job.confidence_penalty)
    for seed in job.seeds:
        model = TaskModel.build(job.encoder, task_of(job.task), seed=seed, dropout=job.section.dropout)
        model.to(default_device())
        folder = job.folder / str(seed)
        with run.child(f"model {seed}") as child:
            with ticking(f"model {seed}", settings.max_steps, child.log) as log:
                outcome = fit(
                    model, [corpora["labelled"]], settings, validation=corpora["dev"], seed=seed, log=log
                )
            model.save(folder)
            write_outcome(folder, outcome)
            child.log_model(folder, name=f"{job.folder.name} {job.language} {seed}", weights=job.keep_weights)
    run.log_version(version_after(job.folder))


def write_outcome(folder: Path, outcome: Fit) -> None:
    """Write how a training went beside its weights."""
    write_text(folder / "outcome.json", json.dumps(asdict(outcome), sort_keys=True) + "\n")


def read_dev_score(folder: Path) -> float | None:
    """The dev score of the weights in a folder, None where none selected them."""
    best: float | None = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))["best"]
    return best
