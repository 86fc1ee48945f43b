"""A miniature world of toy languages and empty tracking stores, made once a session."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

from benchmark.fields import Section
from benchmark.layout import Layout
from benchmark.settings import Parameters, read_parameters, select
from benchmark.stages import ablate, aggregate, analyse, contrast, rival, summarise, tag, warmup
from benchmark.tracking import Store, open_store
from benchmark.worlds import run_world
from tests.miniature import ANALYSED, TASK, write_miniature

Chosen = TypeVar("Chosen", bound=Section)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store: to copy it is a hundred times faster than to make one."""
    root = tmp_path_factory.mktemp("template")
    open_store(root)
    with closing(sqlite3.connect(root / "mlruns/mlflow.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return root / "mlruns/mlflow.db"


@pytest.fixture(autouse=True)
def outside_of_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests started by a stage keep out of that stage's store."""
    for variable in ("DVC_ROOT", "DVC_STAGE", "DVC_EXP_NAME"):
        monkeypatch.delenv(variable, raising=False)


@dataclass(frozen=True)
class World:
    """A root below which stages run on the miniature of the smoke profile."""

    root: Path
    parameters: Parameters
    store: Store

    @property
    def layout(self) -> Layout:
        """Where its artefacts are."""
        return Layout("smoke", self.root)

    def settings(self, kind: type[Chosen], language: str | None = None, **target: object) -> Chosen:
        """What a stage reads, with some values of the target replaced."""
        chosen = select(kind, self.parameters, profile="smoke", task=TASK, language=language)
        if target:
            chosen = chosen.model_copy(update={"target": chosen.target.model_copy(update=target)})
        return chosen


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, template: Path) -> World:
    """All stages, run once for all processes of the session; read it only."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "world"
    with FileLock(root.with_suffix(".lock")):
        if not (root / "whole").exists():
            shutil.rmtree(root, ignore_errors=True)
            make_world(root, template)
            (root / "whole").touch()
    return World(root, read_parameters(root / "params.yaml"), open_store(root))


def make_world(root: Path, template: Path) -> None:
    """Run every stage below a root."""
    store = store_below(root, template)
    write_miniature(root / "params.yaml")
    parameters = read_parameters(root / "params.yaml")
    run_world(parameters, profile="smoke", seed=1, root=root)
    world = World(root, parameters, store)
    run_baselines(world)
    aggregate.aggregate(world.settings(aggregate.Settings), task=TASK, layout=world.layout, strict=True)
    about = {"task": TASK, "target": ANALYSED, "layout": world.layout, "store": store}
    ablate.ablate(world.settings(ablate.Settings, ANALYSED), **about)
    analyse.analyse(world.settings(analyse.Settings, ANALYSED), **about)
    summarise.summarise(world.settings(summarise.Settings), task=TASK, layout=world.layout)


def run_baselines(world: World) -> None:
    """The further baselines of Tables 1 and 7, as dvc.yaml runs them."""
    about = {"task": TASK, "layout": world.layout, "store": world.store}
    profile = world.parameters.profiles["smoke"]
    for entry in profile.run.rivals.values():
        settings = select(rival.Settings, world.parameters, profile="smoke", task=TASK, rival=entry.rival)
        rival.rival(settings, name=entry.rival, **about)
    for entry in profile.run.rival_models.values():
        warmup.warmup(
            world.settings(warmup.Settings), objective=entry.objective, encoder=entry.rival, **about
        )
    for entry in profile.run.tagged.values():
        tag.tag(world.settings(tag.Settings), language=entry.language, **about)
    contrast.contrast(world.settings(contrast.Settings), **about)


@pytest.fixture
def copied(world: World, tmp_path: Path, template: Path) -> World:
    """The same world for a test to change, with an empty tracking store."""
    root = tmp_path / "copied"
    for folder in ("data", "models"):
        shutil.copytree(world.root / folder, root / folder)
    return World(root, world.parameters, store_below(root, template))


def store_below(root: Path, template: Path) -> Store:
    """An empty tracking store."""
    (root / "mlruns").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template, root / "mlruns/mlflow.db")
    return open_store(root)
