"""Tiny encoders and corpora that the tests share, offline and on the CPU; the loop that GEN-LM must equal."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
import transformers

from benchmark.toy import Family
from tests.benchmark.toy_world import FAMILY, WORLD
from uxla.descent import Recipe
from uxla.examples import Corpus, Example
from uxla.language_model import MaskedLanguageModel
from uxla.models import TaskModel
from uxla.optimisation import Optimisation
from uxla.pretraining import Shape, new_language_model
from uxla.tasks import TASKS
from uxla.tokenizer import train_tokenizer, train_word_pieces

SHAPE = Shape(vocabulary=400, layers=2, width=32, heads=2, feed_forward=64, max_length=40, dropout=0.1)

PAIRS = (
    ("a man sleeps", "a man is awake", 2),
    ("two dogs run", "animals move", 0),
    ("a woman reads a long book", "she reads", 0),
    ("the boy eats", "the boy is at school", 1),
    ("nobody is here", "the room is full", 2),
    ("it rains in the old town", "it is monday", 1),
    ("a child plays", "someone plays", 0),
    ("the shop is open", "the shop sells bread", 1),
)


LONGEST = (
    "test_repro",
    "test_rehearsal",
    "test_stages",
    "test_sources",
    "test_worlds",
    "test_speed",
    "test_memory",
)
"""Files that take minutes: begun first, so that no core is left with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the others keep their order."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """One thread, so that sums have one order; no bars and no warnings of missing heads."""
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


@pytest.fixture(scope="session")
def family() -> Family:
    """The toy languages."""
    return Family(WORLD, 7)


@pytest.fixture(scope="session")
def toy_text(family: Family) -> Corpus:
    """Two hundred raw sentences of the source language and of its nearest relative, unlabelled."""
    return Corpus.of(
        Example(example.id, example.language, example.texts)
        for language in FAMILY[:2]
        for example in family.sentences(language, split="text", count=100)
    )


@pytest.fixture(scope="session")
def encoder_folder(toy_text: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XLM-R of random weights, 2 layers of width 32, with a Unigram tokenizer of 400 pieces."""
    sentences = [" ".join(text) for example in toy_text for text in example.texts]
    sentences += [f"{first} . {second}" for first, second, _ in PAIRS]
    tokenizer = train_tokenizer(sentences, vocabulary=SHAPE.vocabulary)
    folder = tmp_path_factory.mktemp("encoders") / "xlmr"
    new_language_model(tokenizer, SHAPE, seed=1).save(folder)
    return folder


@pytest.fixture(scope="session")
def bert_folder(toy_text: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of random weights, which has segments, with a WordPiece tokenizer of 400 pieces."""
    sentences = [" ".join(text) for example in toy_text for text in example.texts]
    tokenizer = train_word_pieces(sentences, vocabulary=SHAPE.vocabulary)
    folder = tmp_path_factory.mktemp("encoders") / "bert"
    new_language_model(tokenizer, SHAPE, seed=2).save(folder)
    return folder


@pytest.fixture
def language_model(encoder_folder: Path) -> MaskedLanguageModel:
    """The tiny XLM-R as a masked LM, fresh for every test, not training."""
    language_model = MaskedLanguageModel.load(encoder_folder)
    language_model.network.eval()
    return language_model


@pytest.fixture
def tagger(encoder_folder: Path) -> TaskModel:
    """An untrained model of XNER, fresh for every test."""
    return TaskModel.build(encoder_folder, TASKS["xner"], seed=3)


@pytest.fixture
def classifier(encoder_folder: Path) -> TaskModel:
    """An untrained model of XNLI, fresh for every test."""
    return TaskModel.build(encoder_folder, TASKS["xnli"], seed=3)


@pytest.fixture(scope="session")
def xner(family: Family) -> Corpus:
    """Twenty-four labelled sentences of the source language."""
    return family.sentences("qaa", split="train", count=24)


@pytest.fixture(scope="session")
def xner_dev(family: Family) -> Corpus:
    """Twelve labelled sentences for validation."""
    return family.sentences("qaa", split="dev", count=12)


@pytest.fixture(scope="session")
def xnli() -> Corpus:
    """Eight labelled pairs of texts."""
    return Corpus.of(
        Example(f"en-train-{i:05d}", "en", (tuple(first.split()), tuple(second.split())), (label,))
        for i, (first, second, label) in enumerate(PAIRS)
    )


@pytest.fixture
def recipe() -> Recipe:
    """A short training of tiny models; a test replaces what it is about."""
    return Recipe(
        optimisation=Optimisation(
            learning_rate=5e-3, lr_warmup=0.1, weight_decay=0.01, adam_epsilon=1e-8, max_gradient_norm=1.0
        ),
        batch_size=4,
        accumulate=1,
        max_steps=12,
        train_passes=None,
        max_length=40,
        validate_every=4,
        confidence_penalty=False,
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the repository with data and peers; tests that need it are skipped without."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"{folder}: no shared folder beside the repository")
    return folder


@pytest.fixture(scope="session")
def naive(shared: Path) -> ModuleType:
    """One sentence, one mask, one forward pass: the loop that ours must equal, word for word."""
    path = shared / "peers" / "naive_gen_lm.py"
    if not path.is_file():
        pytest.skip(f"{path}: no naive loop to compare with")
    spec = importlib.util.spec_from_file_location("naive_gen_lm", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
