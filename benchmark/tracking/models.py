"""Checkpoint folders as models that MLflow lists and `mlflow.transformers.load_model` loads."""

import importlib.metadata
import json
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from uxla.files import write_text

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.entities import Run as Record
    from mlflow.models import Model

    from benchmark.tracking.store import Store

# The tags that say which table cell a run, a nested run or a model belongs to.
ADDRESS = ("uxla.profile", "uxla.task", "uxla.system", "uxla.language")

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "vocab.txt",
)
# What the last part of an architecture's name says: the task of MLflow's pipeline and its class.
PIPELINES = {
    "ForTokenClassification": ("token-classification", "TokenClassificationPipeline"),
    "ForSequenceClassification": ("text-classification", "TextClassificationPipeline"),
    "ForMaskedLM": ("fill-mask", "FillMaskPipeline"),
}


def log_model(store: "Store", run: "Record", folder: Path, *, name: str, step: int, weights: bool) -> str:
    """Keep a checkpoint folder as a model of a run and return the model's id.

    `mlflow.transformers.log_model` loads the model, asks the hub for its card and licence, and
    copies twice; its route for checkpoint folders fails with transformers 5. What it would
    write is a description of some lines, written here, beside one copy of the files.

    Raises:
        ValueError: the folder is no checkpoint of a known kind.
    """
    from mlflow.entities import LoggedModelOutput

    architecture = _architecture(folder)
    client = store.client
    tags = {key: run.data.tags[key] for key in ADDRESS}
    tags |= {"uxla.folder": _relative(folder, store), "uxla.run": run.info.run_name}
    model = client.create_logged_model(
        run.info.experiment_id,
        name=name,
        source_run_id=run.info.run_id,
        tags=tags if weights else {**tags, "mlflow.model.isExternal": "true"},
        model_type=architecture,
    )
    is_written = False
    try:
        # Who asks for the outputs of a cell's run gets the models of its nested runs too.
        for holder in filter(None, (run.info.run_id, run.data.tags.get("mlflow.parentRunId"))):
            client.log_outputs(holder, [LoggedModelOutput(model.model_id, step=step)])
        target = store.root / str(model.artifact_location)
        _describe(model, target, architecture, weights=weights)
        if weights:
            _copy(folder, target)
        is_written = True
    finally:
        client.finalize_logged_model(model.model_id, "READY" if is_written else "FAILED")
    return str(model.model_id)


def _architecture(folder: Path) -> str:
    config = folder / "config.json"
    if not config.is_file():
        raise ValueError(f"{folder}: expected a checkpoint folder, found no config.json")
    architecture = str(json.loads(config.read_text(encoding="utf-8"))["architectures"][0])
    if not architecture.endswith(tuple(PIPELINES)):
        known = ", ".join(PIPELINES)
        raise ValueError(f"{config}: expected an architecture of {known}, was: {architecture}")
    return architecture


def _relative(folder: Path, store: "Store") -> str:
    whole = folder.resolve()
    return str(whole.relative_to(store.source) if whole.is_relative_to(store.source) else whole)


def _describe(model: "LoggedModel", target: Path, architecture: str, *, weights: bool) -> None:
    from mlflow.models import Model

    description = Model(
        artifact_path=model.artifact_location,
        run_id=model.source_run_id,
        model_uuid=model.model_id,
        model_id=model.model_id,
    )
    target.mkdir(parents=True)
    if weights:
        _add_flavors(description, architecture)
        packages = ("mlflow", "torch", "transformers")
        pins = [f"{package}=={importlib.metadata.version(package)}" for package in packages]
        write_text(target / "requirements.txt", "\n".join(pins) + "\n")
        environment = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
        write_text(target / "python_env.yaml", json.dumps(environment))
    description.save(str(target / "MLmodel"))


def _add_flavors(description: "Model", architecture: str) -> None:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    kind = next(kind for kind in PIPELINES if architecture.endswith(kind))
    task, pipeline = PIPELINES[kind]
    description.signature = ModelSignature(Schema([ColSpec("string")]), Schema([ColSpec("string")]))
    description.add_flavor(
        "transformers",
        transformers_version=importlib.metadata.version("transformers"),
        code=None,
        task=task,
        instance_type=pipeline,
        pipeline_model_type=architecture,
        source_model_name=architecture,
        model_binary="model",
        components=["tokenizer"],
        # The folder names its own class, which AutoTokenizer finds.
        tokenizer_type="AutoTokenizer",
    )
    description.add_flavor(
        "python_function",
        loader_module="mlflow.transformers",
        python_version=platform.python_version(),
        env={"virtualenv": "python_env.yaml"},
    )


def _copy(folder: Path, target: Path) -> None:
    for file in (file for file in folder.iterdir() if file.is_file()):
        part = "components/tokenizer" if file.name in TOKENIZER_FILES else "model"
        (target / part).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / part / file.name)
