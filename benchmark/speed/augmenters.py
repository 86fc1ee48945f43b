"""GEN-LM beside nlpaug, which replaces words by those of a BERT; it runs in an environment of its own."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import platformdirs
import torch
from transformers import BertConfig, BertForMaskedLM

from benchmark.speed import nlpaug_process
from benchmark.speed.alternating import Pairs, alternate
from benchmark.speed.generation import AUTHORS
from benchmark.speed.outcome import Finding
from benchmark.speed.workload import SEED, Workload
from uxla.devices import Precision
from uxla.language_model import MaskedLanguageModel
from uxla.randomness import torch_seed
from uxla.tokenizer import train_word_pieces
from uxla.vicinity import generate

REQUIREMENTS = ("nlpaug==1.1.11", "transformers==4.57.6", f"torch=={version('torch').partition('+')[0]}")
"""nlpaug calls what transformers 5 no longer has."""

WORD_PIECES = 1500
MBERT_VOCABULARY = 119_547


def against_nlpaug(work: Workload) -> Finding:
    """Words a second that GEN-LM fills, beside those that nlpaug replaces, by one BERT of random weights."""
    finding = Finding(
        what="GEN-LM with the weights of a BERT, fp32: words filled a second",
        against="nlpaug 1.1.11, contextual substitution as it is by default, fp32, a process of its own",
        unit="times",
        target=None,
        equality="none: nlpaug draws words and places at random",
    )
    try:
        python = environment(platformdirs.user_cache_path("uxla") / "peers" / "-".join(REQUIREMENTS))
    except ValueError as error:
        return finding.with_({"skipped": str(error)})
    model, corpus = bert(work), work.sentences(work.scale.generated)
    texts = [" ".join(example.texts[0]) for example in corpus for _ in range(3)]
    filled: list[int] = []
    replaced: list[int] = []
    with tempfile.TemporaryDirectory() as folder, _nlpaug(python, model, Path(folder)) as replace_words:
        pairs = alternate(
            lambda: filled.append(
                generate(corpus, model, AUTHORS, seed=SEED, precision=Precision.FP32).n_fills
            ),
            lambda: replaced.append(replace_words(texts)),
            n_pairs=work.scale.pairs,
            device=work.device,
        )
    # The first run of each is not among the pairs.
    ours = tuple(taken / n for taken, n in zip(pairs.ours, filled[1:], strict=True))
    theirs = tuple(taken / n for taken, n in zip(pairs.theirs, replaced[1:], strict=True))
    details = {
        "our words a second": 1 / min(ours),
        "their words a second": 1 / min(theirs),
        "texts": len(texts),
    }
    return finding.with_({"details": details, **Pairs(ours, theirs).numbers()})


def against_textattack(_work: Workload) -> Finding:
    """TextAttack is left out, with a reason."""
    return Finding(
        what="GEN-LM with the weights of a BERT: words filled a second",
        against="TextAttack 0.3.11",
        unit="times",
        target=None,
        skipped="TextAttack fetches data of NLTK and stanza as soon as it is imported",
    )


def environment(folder: Path) -> Path:
    """The Python of an environment with nlpaug, which is made where there is none.

    Raises:
        ValueError: it cannot be made, say without a package index.
    """
    python, ready = folder / "bin" / "python", folder / "ready"
    if ready.is_file():
        return python
    install = [str(python), "-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], [*install, *REQUIREMENTS]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            errors = [line for line in done.stderr.splitlines() if line.startswith(("ERROR", "Error"))]
            raise ValueError(f"nlpaug cannot be installed: {(errors or ['no reason given'])[0][:200]}")
    ready.touch()
    return python


def bert(work: Workload) -> MaskedLanguageModel:
    """A BERT of random weights in the shape of the scale, whose fills are whole words."""
    tokenizer = train_word_pieces(
        [" ".join(example.texts[0]) for example in work.corpus], vocabulary=WORD_PIECES
    )
    config = BertConfig(
        vocab_size=min(work.scale.vocabulary, MBERT_VOCABULARY),
        hidden_size=work.scale.width,
        num_hidden_layers=work.scale.layers,
        num_attention_heads=work.scale.heads,
        intermediate_size=work.scale.feed_forward,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch_seed(SEED, "bert"):
        network = BertForMaskedLM(config)
    model = MaskedLanguageModel(network, tokenizer)
    with torch.no_grad():
        fills = torch.tensor([bool(text) for text in model.words])
        network.cls.predictions.bias[~fills] = -1000.0
    network.eval()  # type: ignore[no-untyped-call]
    return model.to(work.device)


@contextmanager
def _nlpaug(python: Path, model: MaskedLanguageModel, folder: Path) -> Iterator[Callable[[list[str]], int]]:
    """A function that has a process of nlpaug replace words of texts, and returns how many.

    It raises a ValueError where the process has ended.
    """
    model.save(folder / "bert")
    arguments = [str(folder / "bert"), model.device.type, str(torch.get_num_threads())]
    with (
        (folder / "errors.txt").open("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            # Isolated: it must not find the modules beside its own.
            [str(python), "-I", str(nlpaug_process.__file__), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):

        def replace_words(texts: list[str]) -> int:
            if process.stdin is None or process.stdout is None:
                raise ValueError("nlpaug must have a line in and a line out, was: none")
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(texts) + "\n")
                process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                errors.seek(0)
                last = errors.read().strip().rpartition("\n")[2]
                raise ValueError(f"nlpaug must not end, was: {last[:300]}")
            return int(answer)

        yield replace_words
