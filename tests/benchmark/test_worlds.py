"""Worlds of other seeds: what runs, and the table of several."""

from pathlib import Path

import pytest

from benchmark.layout import Layout
from benchmark.ranges import scores_of
from benchmark.results import SYSTEMS, Result, System, write_cell
from benchmark.settings import Parameters, read_parameters
from benchmark.worlds import fingerprint, overview, read_world, run_world, run_worlds
from tests.benchmark.conftest import World
from tests.benchmark.test_ranges import result
from tests.benchmark.test_tables import result as any_result
from tests.miniature import TASK, write_miniature


def test_a_world_is_read_from_its_root(tmp_path: Path) -> None:
    for seed in (10, 9):
        layout = Layout("smoke", tmp_path / f"world {seed}")
        write_cell(layout.cells("xner", "es"), [result(seed)])
        write_cell(layout.cells("xner", "de"), [result(2 * seed, language="de")])
    found = read_world(tmp_path / "world 9", "smoke", ["xner"])
    assert [(r.system, r.language, r.scores[1]) for r in found] == [
        (System.UXLA, "de", 18),
        (System.UXLA, "es", 9),
    ]


def test_the_overview_has_a_line_for_every_language_of_a_world_and_their_average(tmp_path: Path) -> None:
    write_miniature(tmp_path / "params.yaml")
    scores = {"qaa": (91, 90, None, None), "qab": (61, 60, 65, 70), "qac": (49, 50, 53, 55)}
    model = {"seed": 11, "dev_score": 90}

    def found(task: str) -> list[Result]:
        return [
            any_result(system, "es", models=[model | {"score": score}]).model_copy(
                update={"language": code, "task": task}
            )
            for code, row in scores.items()
            for system, score in zip(SYSTEMS, row, strict=True)
            if score is not None
        ]

    parameters = read_parameters(tmp_path / "params.yaml")
    tasks = parameters.profiles["smoke"].run.tasks
    page = overview(parameters, {3: scores_of(r for task in tasks for r in found(task))}, profile="smoke")
    shown, gains = ["plain", "con-penalty", "UXLA", "supervised"], ["minus con-penalty", "minus plain"]
    head, _, *lines = [[entry.strip() for entry in line.strip("|").split("|")] for line in page.splitlines()]
    assert head == ["task", "world", "language", "words alone", *shown, *gains]
    assert [[task, w, code, *rest] for task, w, code, _, *rest in lines] == [
        line
        for task in tasks
        for line in (
            [task, "3", "qaa", "91.0", "90.0", "", "", "", ""],
            [task, "3", "qab", "61.0", "60.0", "65.0", "70.0", "+5.0", "+4.0"],
            [task, "3", "qac", "49.0", "50.0", "53.0", "55.0", "+3.0", "+4.0"],
            [task, "3", "average", "", "", "", "", "+4.0", "+4.0"],
        )
    ]
    assert all(0 < float(line[3]) < 100 for line in lines if line[2] != "average")


def test_worlds_of_one_profile_differ_in_their_seeds_alone(tmp_path: Path) -> None:
    write_miniature(tmp_path / "params.yaml")
    parameters = read_parameters(tmp_path / "params.yaml")
    of_seed, of_step = parameters.model_dump(), parameters.model_dump()
    of_seed["profiles"]["smoke"]["tasks"][TASK]["data"]["seed"] = 5
    of_step["profiles"]["smoke"]["tasks"][TASK]["warmup"]["max_steps"] = 5
    same, others = (Parameters.model_validate(whole) for whole in (of_seed, of_step))
    assert fingerprint(parameters, profile="smoke") == fingerprint(same, profile="smoke")
    assert fingerprint(parameters, profile="smoke") != fingerprint(others, profile="smoke")


@pytest.mark.slow
def test_a_world_goes_on_with_the_task_where_it_stopped(world: World, copied: World) -> None:
    cells = copied.layout.cells(TASK, "any").parent
    run_world(world.parameters, profile="smoke", seed=1, root=copied.root)
    assert {p.name: p.read_bytes() for p in cells.glob("*.json")} == {
        p.name: p.read_bytes() for p in world.layout.cells(TASK, "any").parent.glob("*.json")
    }


@pytest.mark.slow
def test_worlds_that_run_side_by_side_are_those_that_run_alone(world: World, tmp_path: Path) -> None:
    found = dict(
        run_worlds(world.parameters, profile="smoke", seeds=[1, 2], folder=tmp_path / "worlds", jobs=2)
    )
    alone = read_world(world.root, "smoke", [TASK])
    assert found[1] == [result for result in alone if result.system in SYSTEMS]
    assert sorted(found) == [1, 2]
    assert scores_of(found[1]) != scores_of(found[2])
