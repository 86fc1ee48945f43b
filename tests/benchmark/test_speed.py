"""The speed benchmark at its tiny scale: peers are equal, counts are right, outcomes are kept and shown."""

import json
import re
import sys
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.building import make
from benchmark.commands import bench
from benchmark.recipes import recipe
from benchmark.settings import read_parameters
from benchmark.speed import augmenters, generation, labelling, memory, operations, schedule, training
from benchmark.speed.alternating import Pairs, alternate, multiplication, seconds
from benchmark.speed.generation import AUTHORS
from benchmark.speed.lines import LINES, chosen, run
from benchmark.speed.machine import circumstances, machine, versions
from benchmark.speed.outcome import Finding, Outcome, Point, keep, read_outcomes
from benchmark.speed.page import plot, shown, verdict, write_page
from benchmark.speed.pairs import of_pairs
from benchmark.speed.peers import AuthorsLoop, FillMask, copies_of, masks_of
from benchmark.speed.pipeline import nothing_to_do
from benchmark.speed.scales import scale_of
from benchmark.speed.trainers import Pipeline, Trained, missing
from benchmark.speed.useful import Tokens, counted, padded_tokens
from benchmark.speed.workload import SEED, Workload, workload
from tests.benchmark.conftest import World
from tests.benchmark.parameters import PARAMETERS
from tests.uxla.test_vicinity import naive_copies
from uxla.coteaching import CURRICULUM, AdaptationPlan, Labels, Origin, TransferData, co_teach
from uxla.descent import Fit
from uxla.devices import Precision
from uxla.encoding import encode
from uxla.examples import Corpus, Example
from uxla.inference import predict
from uxla.models import TaskModel
from uxla.predictions import Predictions
from uxla.vicinity import generate

CPU = torch.device("cpu")
FAST = [name for name in LINES if not name.startswith(("dvc", "memory", "generation_nlpaug"))]
SMOKE = read_parameters(PARAMETERS).profiles["smoke"].tasks["xner"]
FINDING = Finding(what="a step", against="a peer", unit="times", target=2.0)


@pytest.fixture(scope="module")
def work() -> Workload:
    """The tiny workload, of toy sentences."""
    return workload(scale_of("tiny", CPU), CPU)


# Peers.


def test_the_loop_the_pipeline_and_gen_lm_give_the_same_copies(work: Workload) -> None:
    corpus, model = work.sentences(30), work.language_model
    expected = AuthorsLoop(model)(corpus, AUTHORS, seed=SEED)
    assert FillMask(model, batch_size=4)(corpus, AUTHORS, seed=SEED) == expected
    made = generate(corpus, model, AUTHORS, seed=SEED)
    assert copies_of(made, corpus) == expected
    # The comparison says something: some copies are lost, and the fills are not all one word.
    originals = {example.id: example.texts[0] for example in corpus}
    fills = {
        new
        for name, copies in expected.items()
        for copy in copies
        for new, old in zip(copy, originals[name], strict=True)
        if new != old
    }
    assert len(fills) > 5
    assert 0 < made.n_dropped < len(made.corpus)


def test_the_loop_is_the_naive_one(work: Workload, naive: ModuleType) -> None:
    corpus, ours = work.sentences(20), AuthorsLoop(work.language_model)
    expected, n_passes = naive_copies(naive, corpus, work.language_model, SEED)
    assert ours(corpus, AUTHORS, seed=SEED) == expected
    assert ours.n_passes == n_passes


def test_the_loop_passes_once_for_every_mask(work: Workload) -> None:
    corpus, loop = work.sentences(10), AuthorsLoop(work.language_model)
    loop(corpus, AUTHORS, seed=SEED)
    masks = [positions for _, _, copies in masks_of(corpus, AUTHORS, SEED) for positions in copies]
    assert loop.n_passes == sum(map(len, masks))


def test_a_peer_does_not_change_our_attention(work: Workload) -> None:
    AuthorsLoop(work.language_model)
    assert work.language_model.network.config._attn_implementation == "eager"


def test_the_pipeline_gives_the_first_pieces_their_classes(work: Workload) -> None:
    corpus, model = work.sentences(20), work.task_model()
    found = Pipeline(model, batch_size=8).predict(corpus)
    for ours, theirs in zip(predict(model, corpus).classes, found, strict=True):
        assert ours.tolist() == theirs.tolist()


@pytest.mark.skipif(find_spec("accelerate") is None, reason="Trainer needs accelerate")
@pytest.mark.parametrize("pairs", [False, True])
def test_trainer_gives_the_same_classes_and_the_same_weights(
    work: Workload, tmp_path: Path, pairs: bool
) -> None:
    work = of_pairs(work) if pairs else work
    corpus, model = work.sentences(20), work.task_model()
    found = Trained(model, str(tmp_path), batch_size=8).predict(corpus)
    for ours, theirs in zip(predict(model, corpus).classes, found, strict=True):
        assert ours.tolist() == theirs.tolist()
    assert "the first loss within 0.0001" in training.same_training(work, work.sentences(40), str(tmp_path))


def test_without_accelerate_trainer_is_left_out_with_a_reason(
    work: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.speed.trainers.find_spec", lambda name: None)
    assert missing() == "Trainer needs the package accelerate, which is not installed"
    for line in ("labelling_bf16", "training_fp32", "labelling_pairs_fp32", "training_pairs_bf16"):
        finding = LINES[line](work)
        assert (finding.skipped, finding.is_met) == (missing(), None)


def test_nlpaug_is_timed_in_its_own_process_a_word_at_a_time(
    work: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "python"
    code = "import sys\nfor line in sys.stdin: print(5, flush=True)"
    stand_in.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{code}'\n", encoding="utf-8")
    stand_in.chmod(0o755)
    monkeypatch.setattr(augmenters, "environment", lambda folder: stand_in)
    finding = LINES["generation_nlpaug"](work)
    ours, theirs = (float(finding.details[f"{side} words a second"]) for side in ("our", "their"))
    assert finding.value == pytest.approx(ours / theirs)
    assert finding.details["texts"] == 3 * work.scale.generated


def test_nlpaug_that_ends_is_an_error_with_its_last_words(work: Workload, tmp_path: Path) -> None:
    model = augmenters.bert(work)
    with (
        pytest.raises(ValueError, match=r"nlpaug must not end, was: .*No module named 'nlpaug'"),
        augmenters._nlpaug(Path(sys.executable), model, tmp_path) as replace_words,
    ):
        replace_words(["some words"])


def test_without_an_environment_nlpaug_is_left_out_with_a_reason(
    work: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmenters.sys, "executable", "false")
    monkeypatch.setattr(augmenters.platformdirs, "user_cache_path", lambda name: tmp_path)
    finding = LINES["generation_nlpaug"](work)
    assert (finding.value, finding.skipped) == (None, "nlpaug cannot be installed: no reason given")


def test_an_environment_that_is_ready_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    assert augmenters.environment(tmp_path) == tmp_path / "bin" / "python"


def test_the_bert_of_augmenters_fills_whole_words(work: Workload) -> None:
    model, corpus = augmenters.bert(work), work.sentences(10)
    made = generate(corpus, model, AUTHORS, seed=SEED)
    assert made.n_fills > 10
    assert made.n_dropped == 0


# Equality comes first.


def test_other_sentences_are_refused_before_anything_is_timed(work: Workload) -> None:
    with pytest.raises(
        ValueError, match=r"GEN-LM and its peer must generate equal .*, was: others for 6 of 6"
    ):
        generation._against(
            work,
            lambda corpus, *_, **__: {name: [("other",)] for name in corpus.ids},
            Precision.FP32,
            work.sentences(6),
            times=1,
        )


def predictions(*probabilities: list[float]) -> Predictions:
    return Predictions(np.array(probabilities, np.float32), np.array([0, len(probabilities)]))


def test_another_class_is_the_same_where_both_are_equally_likely() -> None:
    ours = predictions([0.50001, 0.49999], [0.9, 0.1])
    assert labelling.same_classes(ours, np.array([1, 0])).startswith("1 of 2 classes are those of the peer")
    with pytest.raises(ValueError, match="a peer must give the same classes, was: 1 others of 2"):
        labelling.same_classes(ours, np.array([0, 1]))
    with pytest.raises(ValueError, match="a peer must give all 2 labels, was: 3"):
        labelling.same_classes(ours, np.array([0, 0, 0]))


def test_share_of_equal_words_counts_a_lost_copy_as_other() -> None:
    expected = Corpus.of([Example("a#0", "x", (("one", "two"),)), Example("a#1", "x", (("one", "two"),))])
    found = Corpus.of([Example("a#0", "x", (("one", "other"),))])
    assert generation.equal_words(found, expected) == 0.25
    assert generation.equal_words(expected, expected) == 1


# Counts.


def test_tokens_are_counted_with_and_without_padding(work: Workload) -> None:
    model = work.small.language_model

    def run() -> None:
        padding = model.network.config.pad_token_id
        ids = torch.tensor([[5, 5, 5, 5], [5, 5, padding, padding]])
        model.network(input_ids=ids, attention_mask=(ids != padding).long())

    tokens, _ = counted(model.network, run)
    assert tokens == Tokens(computed=8, useful=6, squares=20, rows=2, passes=1)
    assert tokens.share == 0.75


def test_operations_are_those_that_layers_and_outputs_take(work: Workload) -> None:
    scale = replace(work.scale, layers=1, width=2, feed_forward=3, vocabulary=5)
    tokens = Tokens(computed=9, useful=4, squares=16, rows=1, passes=1)
    # A token: four products of 2 x 2, two of 2 x 3; attention: two of 4 x 4 by 2; a fill: 2 x 2 and 2 x 5.
    expected = 2 * (4 * (4 * 4 + 2 * 6) + 2 * 16 * 2) + 2 * (4 + 10)
    assert operations.tokens_operations(replace(work, scale=scale), tokens, 1) == expected
    # In the last layer keys and values of four tokens, the other products of the masked one alone.
    expected = 2 * (4 * 2 * 4 + (2 * 4 + 2 * 6) + 2 * 4 * 2) + 2 * (4 + 10)
    assert operations.fills_operations(replace(work, scale=scale), tokens) == expected


def test_the_rate_of_training_the_encoder_alone_is_of_full_rows(
    work: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "seconds", lambda run, device: run() or 2.0)
    rate = operations.encoder_rate(work, 3, 5)
    alone = operations.tokens_operations(work, Tokens(useful=15, squares=75), 0)
    assert rate == operations.TIMES * alone * 3 / 2.0


def test_the_seconds_of_an_update_are_those_of_one_of_several(
    work: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "seconds", lambda run, device: run() or 2.0)
    how = training.recipe(work, Precision.BF16, n_steps=1).optimisation
    assert operations.update_seconds(work, how) == 2.0 / operations.TIMES


# Two sides in turn.


def test_sides_take_turns_after_one_run_each_that_does_not_count() -> None:
    order: list[str] = []
    pairs = alternate(lambda: order.append("ours"), lambda: order.append("theirs"), n_pairs=2, device=CPU)
    assert order == ["ours", "theirs"] * 3
    assert len(pairs.ours) == len(pairs.theirs) == 2
    with pytest.raises(ValueError, match="n_pairs must be at least 1, was: 0"):
        alternate(print, print, n_pairs=0, device=CPU)


def test_a_side_that_is_warm_has_no_run_that_does_not_count() -> None:
    order: list[str] = []
    ours, theirs = (lambda: order.append("ours")), (lambda: order.append("theirs"))
    alternate(ours, theirs, n_pairs=1, device=CPU, is_warm=True)
    assert order == ["theirs", "ours", "theirs"]


def test_the_value_of_pairs_is_their_median_ratio() -> None:
    pairs = Pairs((1.0, 2.0, 1.0), (4.0, 4.0, 9.0))
    assert pairs.numbers() == {"value": 4.0, "low": 2.0, "high": 9.0}
    assert pairs.details() == {"our seconds": 1.0, "their seconds": 4.0, "pairs": 3}


def test_a_multiplication_knows_its_operations() -> None:
    multiply, operations = multiplication(2, 3, 4, dtype=torch.float32, device=CPU, times=5)
    assert operations == 2 * 2 * 3 * 4 * 5
    assert seconds(multiply, CPU) > 0


# Workloads.


def test_a_workload_is_the_same_every_time(work: Workload) -> None:
    again = workload(scale_of("tiny", CPU), CPU)
    assert again.sentences(50).digest == work.sentences(50).digest
    assert all(
        torch.equal(first, second)
        for first, second in zip(
            again.task_model().network.parameters(), work.task_model().network.parameters(), strict=True
        )
    )


def test_where_sentences_are_too_few_they_come_again(work: Workload) -> None:
    n = len(work.corpus) + 3
    again = work.sentences(n)
    assert len(again) == len(set(again.ids)) == n
    assert [e.texts for e in again.select([n - 3])] == [e.texts for e in work.sentences(1)]


def test_pairs_take_the_place_of_sentences_in_the_same_shape(work: Workload) -> None:
    pairs = of_pairs(work)
    assert (pairs.scale, pairs.tokenizer, pairs.described) == (work.scale, work.tokenizer, "toy pairs of qaa")
    assert {len(example.texts) for example in pairs.corpus} == {2}
    assert pairs.task_model().network.config.num_labels == 3


def test_pairs_that_training_would_cut_are_left_out(work: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.speed.pairs.MAX_LENGTH", 30)
    some, all_of_them = of_pairs(work).corpus, 400
    model = of_pairs(work).task_model()
    assert 0 < len(some) < all_of_them
    assert encode(some, model.task, model.encoder, max_length=100).lengths.max() < 30


@pytest.mark.parametrize("key", [("full", "cpu"), ("full", "cuda")])
def test_full_scales_have_the_shape_of_xlm_r(key: tuple[str, str]) -> None:
    scale = scale_of(key[0], torch.device(key[1]))
    shape = (scale.layers, scale.width, scale.heads, scale.feed_forward, scale.vocabulary)
    assert (
        shape
        == {
            "cpu": (12, 768, 12, 3072, 250_002),
            "cuda": (24, 1024, 16, 4096, 250_002),
        }[key[1]]
    )


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="--scale must be tiny or full, was: huge"):
        scale_of("huge", CPU)


def test_the_machine_and_the_versions_have_names(work: Workload) -> None:
    assert {"processor", "cores", "threads", "bfloat16"} <= machine(CPU).keys()
    assert {"python", "torch", "transformers"} <= versions().keys()
    assert circumstances(work).scale == "tiny"


# Lines.


@pytest.mark.parametrize("line", FAST)
def test_a_line_finds_a_value_or_says_why_not(work: Workload, line: str) -> None:
    finding = LINES[line](work)
    assert finding.value or finding.points or finding.skipped
    if finding.value is not None:
        assert finding.value > 0
        assert finding.equality


def test_padded_are_the_rows_of_a_batch_to_its_longest() -> None:
    lengths = np.array([2, 4, 4, 1])
    assert padded_tokens(lengths, [np.array([0, 1]), np.array([2, 3])]) == 16
    assert padded_tokens(lengths, [np.array([1, 2]), np.array([0]), np.array([3])]) == lengths.sum()


def test_in_one_precision_only_padding_makes_a_difference(work: Workload) -> None:
    found = labelling.ceiling(work, work.sentences(40), size=8, precision=Precision.FP32)
    ours, theirs = (float(found[f"{whose} useful share of tokens"]) for whose in ("our", "their"))
    assert found["matrix rate, of that in fp32"] == 1
    assert found["times, of matrix products alone"] == ours / theirs > 1


def test_tokens_of_labelling_are_those_that_are_computed(work: Workload) -> None:
    corpus, model = work.sentences(200), work.task_model()
    tokens, _ = counted(model.network, lambda: predict(model, corpus))
    ours = schedule.labelling_tokens(corpus, work.task, model.encoder, model.max_length)
    assert ours == tokens.computed


def test_at_worst_34_of_54_labelling_runs_are_needed(work: Workload) -> None:
    finding = schedule.at_worst(work)
    assert finding.details["labelling runs"] == 34
    assert finding.value is not None
    sizes = [
        int(finding.details[f"sentences, {name}"]) for name in ("target", "target vicinal", "source vicinal")
    ]
    texts = work.sentences(40)
    lengths = encode(texts, work.task, work.small.task_model().encoder, max_length=280).lengths
    # Vicinal sentences are about as long, and the source's here, too.
    estimate = schedule.authors_tokens(*sizes) / (np.dot([14, 13, 7], sizes) * lengths.mean())
    assert finding.value == pytest.approx(estimate, rel=0.4)


@pytest.mark.slow
def test_what_an_adaptation_labelled_is_counted_from_its_lessons(
    work: Workload, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.root)
    finding = schedule.recorded(work, target=30.0)
    assert set(finding.details) == {"smoke xner qab", "smoke xner qac"}
    times, n_runs = str(finding.details["smoke xner qab"]).removesuffix(" labelling runs").split("x, ")
    folder = world.layout.adapted("xner", "qab") / "lessons"
    changed = [json.loads(path.read_text())["outcome"]["improved"] for path in folder.glob("*.json")]
    assert 9 <= int(n_runs) <= 34
    assert (int(n_runs) == 9) == (not any(changed))
    assert finding.value is not None
    assert finding.value <= float(times) + 0.05
    assert "smoke xner qa" in finding.what


@pytest.mark.parametrize("changes", ["0" * 18, "100110010010100111", "001000000001010000", "1" * 18])
def test_labelling_runs_counted_from_lessons_are_those_that_are_made(
    work: Workload, monkeypatch: pytest.MonkeyPatch, changes: str
) -> None:
    """The lessons of an adaptation some of which change their student."""
    asked, coming = list[int](), iter(changes)

    def counting(model: TaskModel, corpus: Corpus, **how: Any) -> Predictions:
        asked.append(len(corpus))
        return predict(model, corpus, **how)

    monkeypatch.setattr("uxla.coteaching.predict", counting)
    monkeypatch.setattr(
        "uxla.coteaching.fit", lambda *_, **__: Fit(None, None, 1, improved=next(coming) == "1")
    )
    sizes = {Origin.SOURCE: 5, Origin.TARGET: 4, Origin.SOURCE_VICINAL: 3, Origin.TARGET_VICINAL: 2}
    corpora = {origin: work.sentences(n) for origin, n in sizes.items()}
    plan = make(AdaptationPlan, SMOKE.adaptation, recipe=recipe(SMOKE.adaptation, confidence_penalty=False))
    models, labels, lessons = [work.task_model() for _ in range(3)], Labels(), list[schedule.Taught]()
    for epoch in CURRICULUM:
        data = TransferData(corpora, validation=None)
        for lesson in co_teach(models, data, plan, epoch=epoch, seed=1, labels=labels):
            changed = bool(lesson.outcome and lesson.outcome.improved)
            lessons.append(schedule.Taught(lesson.peers, lesson.student, tuple(lesson.selections), changed))
    assert sum(lesson.changed for lesson in lessons) == changes.count("1")
    assert Counter(asked) == {sizes[origin]: n for origin, n in schedule.runs(lessons).items()}


@pytest.mark.slow
@pytest.mark.skipif(not memory.STATUS.is_file(), reason="peak memory is read from /proc")
def test_memory_is_that_of_a_process_each(work: Workload) -> None:
    finding = LINES["memory"](work)
    assert 1e8 < 1e9 * float(finding.details["our GB"]) < 4e9
    assert finding.value == pytest.approx(finding.details["our GB"] / finding.details["their GB"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_dvc_finds_nothing_to_do_where_everything_is_recorded(work: Workload) -> None:
    finding = nothing_to_do(work, command="repro", target=10.0)
    assert finding.value is not None
    assert finding.details["outputs"] > 100


def test_lines_are_chosen_by_name() -> None:
    assert chosen("all") == list(LINES)
    assert chosen("memory,dvc_status") == ["memory", "dvc_status"]
    with pytest.raises(ValueError, match=r"--lines must be of generation_fp32, .*, was: speed, light"):
        chosen("memory,speed,light")


def test_an_interrupted_benchmark_goes_on_line_by_line(work: Workload, tmp_path: Path) -> None:
    path, reported = tmp_path / "cpu.json", list[str]()
    for names in (["useful_labelling"], ["useful_generation", "useful_training"]):
        found = run(
            names, scale="tiny", device="cpu", path=path, report=lambda outcome: reported.append(outcome.line)
        )
    assert reported == ["useful_labelling", "useful_generation", "useful_training"]
    assert list(found) == ["useful_generation", "useful_labelling", "useful_training"]
    assert found == read_outcomes(path)


def test_a_line_that_fails_keeps_no_other_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unequal(work: Workload) -> Finding:
        raise ValueError("sentences must be equal")

    monkeypatch.setattr("benchmark.speed.lines.LINES", {"bad": unequal, "good": LINES["useful_labelling"]})
    path = tmp_path / "cpu.json"
    with pytest.raises(ValueError, match=r"^bad: sentences must be equal$"):
        run(["bad", "good"], scale="tiny", device="cpu", path=path, report=print)
    assert list(read_outcomes(path)) == ["good"]


def test_a_device_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device, message in (
        ("cuda", "--device cuda needs a GPU .*, was: none"),
        ("tpu", "cpu or cuda, was: tpu"),
    ):
        with pytest.raises(ValueError, match=message):
            run([], scale="tiny", device=device, path=tmp_path / "x.json", report=print)


def test_the_command_writes_a_page_beside_the_outcomes_of_a_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench(lines="useful_training", scale="tiny", into=tmp_path)
    assert re.search(r"^useful_training: \d+.\d %; target \w+$", capsys.readouterr().out, re.MULTILINE)
    assert {path.name for path in tmp_path.iterdir()} == {"cpu-tiny.json", "tiny.md"}
    with pytest.raises(ValueError, match="--device must be cpu or cuda, was: tpu"):
        bench(lines="memory", scale="tiny", into=tmp_path, device="tpu")


# Outcomes and their page.


def outcome(work: Workload, line: str, finding: Finding) -> Outcome:
    return Outcome(line=line, finding=finding, circumstances=circumstances(work))


@pytest.mark.parametrize(
    ("value", "at_most", "expected"),
    [(2.0, False, True), (1.9, False, False), (2.0, True, True), (2.1, True, False), (None, False, None)],
)
def test_a_target_is_met_at_its_value(value: float | None, at_most: bool, expected: bool | None) -> None:
    assert FINDING.with_({"value": value, "at_most": at_most}).is_met is expected


def test_an_outcome_takes_the_place_of_an_earlier_one(work: Workload, tmp_path: Path) -> None:
    path = tmp_path / "cpu.json"
    for line, value in (("b", 1.0), ("a", 2.0), ("b", 3.0)):
        keep(path, outcome(work, line, FINDING.with_({"value": value})), order={"a": 0, "b": 0})
    assert {name: found.finding.value for name, found in read_outcomes(path).items()} == {"a": 2.0, "b": 3.0}
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"cpu.json: expected outcomes of `bench`, found others"):
        read_outcomes(path)


def test_values_are_shown_with_their_range() -> None:
    finding = FINDING.with_({"value": 2.5, "low": 2.0, "high": 3.0})
    assert (shown(finding), verdict(finding)) == ("2.50x [2.00x, 3.00x]", "met")
    assert shown(finding.with_({"unit": "share", "value": 0.5, "low": None})) == "50.0 %"
    assert shown(FINDING.with_({"skipped": "no peer"})) == "– (no peer)"


def test_the_page_has_a_row_a_line_and_a_plot_where_there_are_points(work: Workload, tmp_path: Path) -> None:
    points = tuple(Point(series="generation", x=x, seconds=2 * x) for x in (1, 2, 4))
    grown = Finding(what="seconds by size", against="", unit="points", target=None, points=points)
    lines = [
        outcome(work, "step", FINDING.with_({"value": 1.5, "equality": "all equal"})),
        outcome(work, "growth", grown.with_({"details": {"power, generation": 1.0}})),
    ]
    write_page({"cpu": lines}, tmp_path / "speed.md")
    page = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert re.search(r"\| `step` +\| a step +\| a peer +\| ≥ 2.00x +\| 1.50x +\| missed +\|", page)
    assert "- `step`: all equal." in page
    assert "power, generation 1.00" in page
    assert "](speed/cpu_growth.svg)" in page
    svg = (tmp_path / "speed" / "cpu_growth.svg").read_text(encoding="utf-8")
    assert svg == plot(grown)
    assert "generation" in svg
