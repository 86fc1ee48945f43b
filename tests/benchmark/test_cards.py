"""The card of a model, which model of a cell it is of, and whether its code predicts what the suite does."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmark.cards import best_model, card, name_of
from benchmark.data import HubData
from benchmark.results import Result
from benchmark.settings import read_parameters
from benchmark.tracking import open_store
from benchmark.tracking.registry import register
from tests.benchmark.parameters import PARAMETERS
from tests.benchmark.test_tables import result
from uxla.examples import Corpus, Example
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.tasks import TASKS

PROFILES = read_parameters(PARAMETERS).profiles
DEV = {11: 88.0, 22: 91.5, 33: 90.0}


def of_dev() -> Result:
    """Three models whose dev and test scores rank them differently."""
    models = [{"seed": seed, "score": 80 + seed / 10, "dev_score": dev} for seed, dev in DEV.items()]
    return result("uxla", "es", models=models, selected_on="target dev")


def test_the_best_model_is_that_of_the_dev_set_not_of_the_test_set() -> None:
    assert best_model(of_dev()).seed == 22  # the best on the test set is 33


def test_without_a_dev_set_it_is_the_first() -> None:
    models = [{"seed": seed, "score": 80, "dev_score": None} for seed in DEV]
    assert best_model(result("uxla", "es", models=models, selected_on="none")).seed == 11


def test_a_card_says_what_it_is_learnt_from_how_good_and_how_to_load_it() -> None:
    data = PROFILES["mini"].tasks["xner"].data
    text = card(of_dev(), encoder="mini LM", source="en", data=data)
    assert text.startswith("# XNER in es, by UXLA\n")
    assert "| this model | 91.50 | 82.20 |" in text
    assert "Their ensemble: 84.25." in text
    assert "en: conll2003 (" in text
    assert 'load_model("models:/smoke-xner-es@best")' in text
    assert name_of(of_dev()) == "smoke-xner-es"


def test_the_users_own_files_and_toy_languages_have_no_licence_to_tell() -> None:
    toy = card(of_dev(), encoder="toy LM", source="qaa", data=PROFILES["smoke"].tasks["xner"].data)
    assert "toy languages that the project generates" in toy
    files = {"train": "a", "dev": "b", "test": "c"}
    own = {"encoding": "utf-8", "files": files, "dataset": None}
    repository = {"repository": "some/ner", "revision": "main", "files": files}
    about = {"kind": "hub", "folder": None, "train_fraction": 1.0, "seed": 1, "counts": "any"}
    about |= {"max_examples": None, "languages": {"en": own, "es": repository}}
    data = HubData.model_validate(about)
    text = card(of_dev(), encoder="mini LM", source="en", data=data)
    assert "en: files of the user's own; es: some/ner on the hub" in text


TEXTS = {
    "xner": ["A sentence of words and marks ."],
    "xnli": ["One text .", "And another ."],
}
"""The texts in the code of the cards."""


def said(text: str, root: Path) -> list[str]:
    """The last word of every line that the code of a card prints."""
    code = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", *code], cwd=root, env=os.environ, capture_output=True, text=True, check=True
    )
    return [line.split()[-1] for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("task", TEXTS)
def test_the_code_of_a_card_loads_the_model_and_predicts_what_the_suite_does(
    task: str, encoder_folder: Path, tmp_path: Path
) -> None:
    model = TaskModel.build(encoder_folder, TASKS[task], seed=1)
    model.save(tmp_path / "model")
    store = open_store(tmp_path)
    with store.cell(profile="smoke", task=task, system="uxla", language="es", stage="adapt") as run:
        run.log_model(tmp_path / "model", name="uxla es 11")
        run.log(0, {"test/f1": 50.0})
    about = result("uxla", "es", task=task, profile="smoke", metric=TASKS[task].metric)
    of = partial(card, about, encoder="toy LM", source="qaa", data=PROFILES["smoke"].tasks["xner"].data)
    register(
        store,
        profile="smoke",
        task=task,
        model="uxla es 11",
        scores=("test/f1", 50.0),
        name=name_of(about),
        card=of(),
    )
    words = tuple(tuple(one.split()) for one in TEXTS[task])
    (classes,) = predict(model, Corpus.of([Example("a", "es", words, None)])).classes
    labels = [TASKS[task].labels[number] for number in classes]
    model.save(tmp_path / "adapted/11")
    # Also where MLflow keeps no weights.
    for text in (of(), of(folder=Path("adapted"))):
        assert said(text, tmp_path) == labels
