"""Claims about `benchmark.tracking`, against real MLflow stores."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from dvc.lock import make_lock

from benchmark.tracking import Run, Store, TrackingError, open_store
from benchmark.tracking.liveness import PROCESS
from benchmark.tracking.overview import current_runs
from benchmark.tracking.parameters import LONGEST
from benchmark.tracking.registry import register
from benchmark.tracking.views import VIEWS
from uxla.examples import Corpus, Example

REPOSITORY = Path(__file__).parents[2]
CORPUS = Corpus.of([Example("a", "qab", (("x", "y"),), (0, 1)), Example("b", "qab", (("z",),), (1,))])

BEGIN_AND_WAIT = """
import sys, time
from pathlib import Path
from benchmark.tracking import open_store
store = open_store(Path.cwd())
with store.cell(profile="smoke", task="xner", system="UXLA", language="qab", stage="adapt") as run:
    with run.child("model 11") as model:
        model.log(7, {"loss": 0.5})
        print("ready", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("DVC_ROOT", "DVC_STAGE", "DVC_EXP_NAME"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "checkout/mlruns").mkdir(parents=True)
    shutil.copyfile(template, tmp_path / "checkout/mlruns/mlflow.db")
    return tmp_path / "checkout"


@pytest.fixture
def store(root: Path) -> Store:
    return open_store(root)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A random XLM-R of one layer, with its tokenizer."""
    import transformers

    pieces = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>", "\u2581a", "b", "\u2581c")]
    size = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    config = transformers.XLMRobertaConfig(vocab_size=50, max_position_embeddings=40, **size)
    folder = tmp_path / "checkpoint"
    transformers.AutoModelForTokenClassification.from_config(config).save_pretrained(folder)
    transformers.XLMRobertaTokenizer(vocab=pieces, model_max_length=32).save_pretrained(folder)
    return folder


def cell(store: Store, stage: str = "adapt", **others: object):  # type: ignore[no-untyped-def]
    return store.cell(
        **{"profile": "smoke", "task": "xner", "system": "UXLA", "language": "qab", "stage": stage, **others}
    )


def record(store: Store, run: Run):  # type: ignore[no-untyped-def]
    return store.client.get_run(run.run_id)


def current(store: Store) -> list[str]:
    (experiment,) = store.client.search_experiments(filter_string="name = 'smoke'")
    found = store.client.search_runs([experiment.experiment_id], "tags.\"uxla.current\" = 'true'")
    return [run.info.run_id for run in found]


def start(script: str, root: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, cwd=root, env=environment, text=True, stdout=subprocess.PIPE)


def test_importing_the_package_leaves_mlflow_alone() -> None:
    script = "import sys, benchmark.tracking; sys.exit('mlflow' in sys.modules)"
    assert start(script, REPOSITORY).wait() == 0


def test_a_cell_is_a_top_level_run_and_its_models_and_epochs_are_nested(store: Store) -> None:
    with cell(store) as run, run.child("model 11") as model, model.child("epoch 1") as epoch:
        epoch.log(3, {"loss": 0.25})
    assert record(store, run).info.run_name == "xner qab: UXLA"
    assert record(store, epoch).info.run_name == "xner qab: UXLA, model 11, epoch 1"
    assert "mlflow.parentRunId" not in record(store, run).data.tags
    assert record(store, model).data.tags["mlflow.parentRunId"] == run.run_id
    assert record(store, epoch).data.tags["mlflow.parentRunId"] == model.run_id
    assert record(store, epoch).data.metrics["loss"] == 0.25
    assert {record(store, r).info.status for r in (run, model, epoch)} == {"FINISHED"}
    assert record(store, run).data.metrics["seconds/adapt"] > 0
    assert "system/cpu_utilization_percentage" in record(store, run).data.metrics


def test_a_run_says_what_it_is_until_somebody_says_otherwise(store: Store) -> None:
    with cell(store, system="uxla ensemble") as run, run.child("model 11"):
        pass
    note = record(store, run).data.tags["mlflow.note.content"]
    assert note.startswith("The mean of three models' probabilities. Models adapted to qab")
    store.client.set_tag(run.run_id, "mlflow.note.content", "mine")
    store.client.update_run(run.run_id, name="mine")
    with cell(store, system="uxla ensemble", resume=True) as again, again.child("model 11") as model:
        pass
    assert record(store, again).data.tags["mlflow.note.content"] == "mine"
    assert record(store, again).info.run_name == "xner qab: uxla ensemble"
    assert record(store, model).info.run_name == "xner qab: uxla ensemble, model 11"
    with cell(store, system="something new") as run:
        pass
    assert "mlflow.note.content" not in record(store, run).data.tags


def test_a_profile_has_views_that_somebody_may_change(store: Store) -> None:
    with cell(store):
        pass
    kept = store.client.get_experiment("1").tags
    assert {f"mlflow.sharedViewState.{view.key}" for view in VIEWS} <= kept.keys()
    assert f"[{VIEWS[0].title}]({VIEWS[0].address('1')})" in kept["mlflow.note.content"].splitlines()[0]
    store.client.set_experiment_tag("1", "mlflow.sharedViewState.table", "mine")
    store.client.delete_experiment_tag("1", "mlflow.note.content")
    with cell(store):
        pass
    changed = store.client.get_experiment("1").tags
    assert changed == kept | {"mlflow.sharedViewState.table": "mine"}


def test_a_later_run_supersedes_the_earlier_ones_of_its_cell_only(store: Store) -> None:
    with cell(store), cell(store, language="qac") as neighbour:
        pass
    with cell(store) as latest:
        pass
    assert sorted(current(store)) == sorted([neighbour.run_id, latest.run_id])


def test_evaluate_takes_up_the_run_that_adapt_began(store: Store) -> None:
    with cell(store) as begun, begun.child("model 11") as model:
        model.log(1, {"loss": 1.0})
    with cell(store, "evaluate", resume=True) as run, run.child("model 11") as again:
        run.log(0, {"test/f1": 0.9})
    assert (run.run_id, again.run_id) == (begun.run_id, model.run_id)
    assert record(store, run).data.tags["uxla.stage"] == "adapt, evaluate"
    assert record(store, run).info.status == "FINISHED"
    assert {"test/f1", "seconds/adapt", "seconds/evaluate"} <= set(record(store, run).data.metrics)
    assert current(store) == [run.run_id]


def test_the_duration_of_a_run_leaves_out_the_time_between_its_stages(store: Store) -> None:
    with cell(store) as run, run.child("model 11") as model:
        time.sleep(0.1)
    time.sleep(2)
    with cell(store, "evaluate", resume=True) as run, run.child("model 11"):
        time.sleep(0.1)
    for one in (run, model):
        info = record(store, one).info
        assert 200 <= info.end_time - info.start_time < 2000
    assert 0.2 <= record(store, model).data.metrics["seconds"] < 2


def test_evaluate_makes_the_run_where_there_is_none(store: Store) -> None:
    with cell(store, "evaluate", resume=True) as run:
        pass
    assert current(store) == [run.run_id]


def test_models_of_another_version_find_their_own_run(store: Store) -> None:
    with cell(store, version="first") as first:
        pass
    with cell(store, version="second"):
        pass
    with cell(store, "evaluate", resume=True, version="first") as run:
        pass
    assert run.run_id == first.run_id
    assert current(store) == [first.run_id]


def test_a_failure_ends_all_open_runs_and_keeps_the_last_metrics(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), cell(store) as run, run.child("model 11") as model:
        model.log(9, {"loss": 0.125})
        1 / 0  # noqa: B018
    assert [record(store, r).info.status for r in (run, model)] == ["FAILED", "FAILED"]
    assert record(store, model).data.metrics["loss"] == 0.125


def test_a_thousand_metrics_are_logged_in_a_moment(store: Store) -> None:
    with cell(store) as run, run.child("model 11") as model:
        begun = time.perf_counter()
        for step in range(1000):
            model.log(step, {"loss": 1 / (step + 1)})
        seconds = time.perf_counter() - begun
    assert len(store.client.get_metric_history(model.run_id, "loss")) == 1000
    assert seconds < 1.0, "0.1 s on an idle machine"


def test_a_metric_name_that_mlflow_refuses_is_refused_at_once(store: Store) -> None:
    with (
        pytest.raises(ValueError, match=r"a metric is named by .*, was: 'f1@en'"),
        cell(store) as run,
    ):
        run.log(0, {"f1@en": 0.5})


def test_parameters_are_flat_and_a_changed_one_is_kept_beside_the_first(store: Store) -> None:
    with cell(store) as run:
        run.log_parameters({"warmup": {"max_steps": 20, "seeds": [11, 22]}, "text": "x" * 9000})
        run.log_parameters({"warmup": {"max_steps": 20}})
        run.log_parameters({"warmup": {"max_steps": 30}})
        run.log_parameters({"warmup": {"max_steps": 30}})
    found = record(store, run).data.params
    assert found.pop("text").endswith("see parameters/text.txt)")
    assert found == {
        "warmup.max_steps": "20",
        "warmup.max_steps:2": "30",
        "warmup.seeds": "[11, 22]",
    }
    whole = store.root / record(store, run).info.artifact_uri / "parameters/text.txt"
    assert whole.read_text() == "x" * 9000 and LONGEST < 9000


def test_a_corpus_is_an_input_with_its_own_digest(store: Store) -> None:
    with cell(store) as run:
        for context in ("training", "training", "test"):
            run.log_corpus(CORPUS, name="qab", context=context, source=Path("data/qab.parquet"))
    datasets = [given.dataset for given in record(store, run).inputs.dataset_inputs]
    assert {dataset.digest for dataset in datasets} == {CORPUS.digest[:36]}
    assert json.loads(datasets[0].profile)["num_rows"] == 2
    assert json.loads(datasets[0].source) == {"uri": "data/qab.parquet"}


@pytest.mark.parametrize("pipeline", ["", "pipelines/paper/dvc.yaml:"])
def test_commit_and_dvc_hashes_are_tags(pipeline: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(root)]
    (root / "params.yaml").write_text("a: 1")
    for arguments in (["init", "-q"], ["add", "params.yaml"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *arguments], check=True)
    (root / "params.yaml").write_text("a: 2")
    made = "{outs: [{path: data/qab, md5: 1f.dir}, {path: data/qac, md5: 2f}]}"
    read = "{deps: [{path: data/qab/train.parquet, md5: stale}, {path: uxla/models.py, md5: 3f}]}"
    lock = root / f"{pipeline.removesuffix('dvc.yaml:')}dvc.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(f"stages:\n  prepare: {made}\n  adapt@qab: {read}\n")
    monkeypatch.setenv("DVC_STAGE", f"{pipeline}adapt@qab")
    store = open_store(root)
    with cell(store) as run:
        before = record(store, run).data.tags
        run.log_dependencies(["data"])
    assert len(before["mlflow.source.git.commit"]) == 40
    assert (before["git.dirty.adapt"], before["dvc.stage.adapt"]) == ("true", f"{pipeline}adapt@qab")
    assert {key: value for key, value in before.items() if "dep" in key} == {"dvc.dep.data/qab": "1f.dir"}
    assert record(store, run).data.tags["dvc.dep.data/qac"] == "2f"


def test_hashes_are_read_when_dvc_has_written_all_of_them(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".dvc/tmp").mkdir(parents=True)
    whole = "stages:\n  prepare: {outs: [{path: data/qab, md5: 1f.dir}]}\n"
    (root / "dvc.lock").write_text(whole[:-20])
    monkeypatch.setenv("DVC_STAGE", "adapt@qab")
    store, written = open_store(root), threading.Event()

    def write_the_rest() -> None:
        time.sleep(1)
        (root / "dvc.lock").write_text(whole)
        written.set()
        held.unlock()

    held = make_lock(str(root / ".dvc/tmp/lock"), tmp_dir=str(root / ".dvc/tmp"))
    held.lock()
    threading.Thread(target=write_the_rest).start()
    with cell(store) as run:
        assert written.is_set()
        run.log_dependencies(["data"])
    assert record(store, run).data.tags["dvc.dep.data/qab"] == "1f.dir"


def test_a_temporary_experiment_of_dvc_writes_to_the_real_checkout(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(root))
    copy = tmp_path / "copy"
    copy.mkdir()
    monkeypatch.chdir(copy)
    with cell(open_store(copy)) as run:
        run.log_text("hello", "notes/a.txt")
    assert list(copy.iterdir()) == []
    assert (root / f"mlruns/artifacts/smoke/{run.run_id}/artifacts/notes/a.txt").read_text() == "hello"


def test_runs_of_dead_processes_are_killed_and_those_of_living_ones_left(store: Store) -> None:
    host, number, started = f"{socket.gethostname()} {os.getpid()} 5.00".split()
    with (
        cell(store) as run,
        cell(store, language="qac") as reused,
        cell(store, language="qad") as away,
    ):
        store.client.set_tag(reused.run_id, PROCESS, f"{host} {number} {started}")
        store.client.set_tag(away.run_id, PROCESS, "elsewhere 1 5.00")
        open_store(store.root)
        assert [record(store, r).info.status for r in (run, reused, away)] == [
            "RUNNING",
            "KILLED",
            "RUNNING",
        ]
        with closing(sqlite3.connect(store.root / "mlruns/mlflow.db")) as database, database:
            database.execute("UPDATE metrics SET timestamp = 0")
            database.execute("UPDATE runs SET start_time = 0 WHERE run_uuid = ?", (away.run_id,))
        open_store(store.root)
        assert [record(store, r).info.status for r in (run, away)] == ["RUNNING", "KILLED"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_killed_stage_does_not_stay_running(root: Path, number: signal.Signals, status: int) -> None:
    process = start(BEGIN_AND_WAIT, root)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.wait() == status
    runs = open_store(root).client.search_runs(["1"])
    assert [run.info.status for run in runs] == ["KILLED", "KILLED"]
    if number == signal.SIGTERM:
        assert [run.data.metrics["loss"] for run in runs if "loss" in run.data.metrics] == [0.5]


def test_a_broken_store_is_named_in_one_line(root: Path) -> None:
    (root / "mlruns/mlflow.db").write_bytes(b"no database, certainly" * 100)
    with pytest.raises(TrackingError, match=r"^tracking: cannot open .*mlruns/mlflow.db: .*not a database$"):
        open_store(root)


def test_a_foreign_mlflow_db_is_not_overwritten(root: Path) -> None:
    (root / "mlflow.db").write_text("mine")
    with pytest.raises(TrackingError, match=r"must be a link to mlruns/mlflow\.db; move it away"):
        open_store(root)


def test_a_folder_that_is_no_checkpoint_is_refused(store: Store, tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"expected a checkpoint folder, found no config.json"),
        cell(store) as run,
    ):
        run.log_model(tmp_path, name="nothing")


@pytest.mark.slow
def test_a_moved_checkout_still_opens_its_artifacts_and_models(store: Store, checkpoint: Path) -> None:
    with cell(store) as run, run.child("model 11") as model:
        run.log_file(checkpoint / "config.json", "settings")
        run.log_folder(checkpoint, "whole")
        begun = time.perf_counter()
        identifier = model.log_model(checkpoint, name="UXLA qab model 11")
        assert time.perf_counter() - begun < 0.5
        pointer = model.log_model(checkpoint, name="pointer", weights=False)
        model.log_model_metrics(identifier, 1, {"dev/f1": 0.5})
    for holder in (run, model):
        linked = [output.model_id for output in record(store, holder).outputs.model_outputs]
        assert sorted(linked) == sorted([identifier, pointer])
    moved = store.root.with_name("another place")
    store.root.rename(moved)
    script = """
import sys, mlflow
client = mlflow.MlflowClient()
run, model, pointer = sys.argv[1:]
print(sorted(f.path for f in client.list_artifacts(run)), len(mlflow.artifacts.load_dict(
    client.get_run(run).info.artifact_uri + "/settings/config.json")["architectures"]))
found = client.search_logged_models(["1"], filter_string="metrics.`dev/f1` > 0.1")
print([(m.name, m.status.value, m.tags["uxla.language"]) for m in found])
print(client.get_logged_model(pointer).tags["uxla.folder"])
pipeline = mlflow.transformers.load_model(f"models:/{model}")
print(type(pipeline.model).__name__, [token["word"] for token in pipeline("ab c")])
"""
    process = start(script, moved, run.run_id, identifier, pointer)
    assert process.communicate()[0].splitlines() == [
        "['settings', 'whole'] 1",
        "[('UXLA qab model 11', 'READY', 'qab')]",
        str(checkpoint),
        "XLMRobertaForTokenClassification ['\u2581a', 'b', '\u2581c']",
    ]


@pytest.mark.slow
def test_six_processes_may_open_a_fresh_store_at_once(tmp_path: Path) -> None:
    script = """
import os, mlflow
from pathlib import Path
from benchmark.tracking import open_store
for number in range(6):
    if os.fork() == 0:
        store = open_store(Path.cwd())
        with store.cell(profile="smoke", task="xner", system="UXLA", language=f"q{number}", stage="a") as run:
            run.log(0, {"loss": 0.5})
        os._exit(0)
print([os.wait()[1] for number in range(6)])
"""
    assert start(script, tmp_path).communicate()[0] == "[0, 0, 0, 0, 0, 0]\n"
    assert len(current(open_store(tmp_path))) == 6


def test_the_overview_has_the_current_run_of_every_cell(store: Store) -> None:
    assert current_runs(store, "smoke") == []
    for score in (50.0, 60.0):
        with store.cell(profile="smoke", task="xner", system="uxla", language="qab", stage="adapt") as run:
            run.log(0, {"test/f1": score})
            with run.child("model 11"):
                pass
    (found,) = current_runs(store, "smoke")
    assert (found.task, found.system, found.language, found.status) == ("xner", "uxla", "qab", "FINISHED")
    assert found.metrics["test/f1"] == 60
    assert found.seconds.keys() == {"adapt"}
    assert (found.commits, found.dirty) == ({}, frozenset())


def test_the_registry_has_the_latest_model_of_a_task_once(store: Store, checkpoint: Path) -> None:
    def registered(task: str, card: str, score: float = 50.0) -> str | None:
        name, scores = f"smoke-{task}-qab", ("test/f1", score)
        return register(
            store, profile="smoke", task=task, model="uxla qab 11", scores=scores, name=name, card=card
        )

    assert registered("xner", "nothing yet") is None
    for task in ("xner", "xnli"):
        with cell(store, task=task) as run, run.child("model 11") as model:
            model.log_model(checkpoint, name="uxla qab 11")
            run.log(0, {"test/f1": 50.0})
    assert [registered("xner", "one"), registered("xner", "two"), registered("xnli", "one")] == [
        "1",
        "1",
        "1",
    ]
    with cell(store) as run, run.child("model 11") as model:
        identifier = model.log_model(checkpoint, name="uxla qab 11")
        run.log(0, {"test/f1": 60.0})
    assert registered("xner", "of other weights", score=50.0) is None
    assert registered("xner", "three", score=60.0) == "2"
    best = store.client.get_model_version_by_alias("smoke-xner-qab", "best")
    assert (str(best.version), best.source) == ("2", f"models:/{identifier}")
    assert store.client.get_registered_model("smoke-xner-qab").description == "three"
