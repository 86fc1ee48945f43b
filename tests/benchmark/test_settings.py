"""params.yaml is read as it stands, and what is wrong with it is said in one line with its address."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from benchmark.fields import Section
from benchmark.sections import AdaptationSection, EvaluationSection, VicinitySection
from benchmark.settings import parameter_file, read_parameters, run_file, select
from benchmark.stages import adapt, evaluate, prepare, pretrain
from tests.benchmark.parameters import PARAMETERS, RUN, content, put, remove, write

PARSED = read_parameters(PARAMETERS)
XNER = "profiles.smoke.tasks.xner"


def complaint(path: Path) -> str:
    """What is said about a file, after its name."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        read_parameters(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.fixture
def whole() -> Any:
    """What params.yaml holds, to be changed, with repositories in the place of two names of datasets."""
    changed = content()
    for code in ("es", "nl"):
        files = {split: f"{code}/{split}.parquet" for split in ("train", "dev", "test")}
        entry = {"repository": "us/ours", "revision": "main", "files": files}
        put(changed, f"profiles.mini.tasks.xner.data.languages.{code}", entry)
    return changed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


@pytest.fixture
def original(file: Path) -> Path:
    """The file of the project, beside what its stages fan out over."""
    shutil.copyfile(PARAMETERS, file)
    shutil.copyfile(RUN, run_file(file))
    return file


def test_the_file_of_the_project_is_valid_and_loses_nothing_by_being_read() -> None:
    read = PARSED.model_dump(mode="json")
    assert list(read["profiles"]) == ["smoke", "mini", "paper"]
    written = content()
    for profile in written["profiles"].values():
        for task in profile["tasks"].values():
            for entries in (task["targets"], task["ablations"]):
                entries |= {name: task["adaptation"] | differing for name, differing in entries.items()}
    assert read == written


@pytest.mark.parametrize(
    ("address", "value", "expected"),
    [
        (
            f"{XNER}.vicinity.mask_ratio",
            30,
            f"{XNER}.vicinity.mask_ratio must be less than or equal to 1, was: 30",
        ),
        (
            f"{XNER}.targets.qab.keep_fractions",
            [0.8, 1.2, 1.0],
            f"{XNER}.targets.qab.keep_fractions.1 must be less than or equal to 1, was: 1.2",
        ),
        (
            f"{XNER}.seeds",
            [11, 22],
            f"{XNER}.seeds.2 is missing; every parameter is given",
        ),
        (
            f"{XNER}.warmup.batch_size",
            "many",
            f"{XNER}.warmup.batch_size must be a valid integer, unable to parse string as an integer, "
            "was: 'many'",
        ),
        (
            f"{XNER}.warmup.learning_rate",
            float("nan"),
            f"{XNER}.warmup.learning_rate must be a finite number, was: nan",
        ),
        (
            f"{XNER}.warmup.max_steps",
            None,
            f"{XNER}.warmup: one of max_steps and train_passes must be a number, one null, "
            "was: None and None",
        ),
        (
            f"{XNER}.warmup.train_passes",
            2,
            f"{XNER}.warmup: one of max_steps and train_passes must be a number, one null, was: 360 and 2.0",
        ),
        (
            f"{XNER}.targets.qab.mask_ratio",
            0.3,
            f"{XNER}.targets.qab.mask_ratio is not a known parameter, was: 0.3; "
            "remove it or correct its name",
        ),
        (
            f"{XNER}.adaptation.select_on",
            "test",
            f"{XNER}.adaptation.select_on must be 'target dev', 'source dev' or 'none', was: 'test'",
        ),
        (
            f"{XNER}.warmup",
            3,
            f"{XNER}.warmup must be a mapping, was: 3",
        ),
        (
            f"{XNER}.data.kind",
            "zip",
            f"{XNER}.data.kind must be one of 'toy', 'hub', was: 'zip'",
        ),
        (
            f"{XNER}.data.dev_sentences",
            0,
            f"{XNER}.data.dev_sentences must be greater than 0, was: 0",
        ),
        (
            f"{XNER}.data.world.names.unseen_share",
            1.5,
            f"{XNER}.data.world.names.unseen_share must be less than or equal to 1, was: 1.5",
        ),
        (
            "profiles.smoke.language_model.vocabulary",
            50,
            "profiles.smoke.language_model.vocabulary must be greater than or equal to 100, was: 50",
        ),
        (
            "profiles.paper.language_model.revision",
            3,
            "profiles.paper.language_model.revision must be a valid string, was: 3",
        ),
        (
            "profiles.smoke.language_model",
            "xlm-r",
            "profiles.smoke.language_model must be a mapping, was: 'xlm-r'",
        ),
        (
            "profiles.mini.tasks.xner.data.languages.es.revison",
            "main",
            "profiles.mini.tasks.xner.data.languages.es.revison is not a known parameter, was: 'main'; "
            "remove it or correct its name",
        ),
        (
            "profiles.mini.tasks.xner.data.train_fraction",
            0,
            "profiles.mini.tasks.xner.data.train_fraction must be greater than 0, was: 0",
        ),
        (
            "profiles",
            [],
            "profiles must be a mapping, was: []",
        ),
    ],
)
def test_a_wrong_value_is_named_by_address_expectation_and_value(
    whole: Any, file: Path, address: str, value: object, expected: str
) -> None:
    put(whole, address, value)
    assert complaint(write(file, whole)) == expected


@pytest.mark.parametrize(
    "address",
    [
        f"{XNER}.evaluation",
        f"{XNER}.adaptation.agreement",
        f"{XNER}.data.kind",
        f"{XNER}.data.world.syntax.longest",
        "profiles.smoke.language_model.heads",
        "profiles.mini.tasks.xner.data.languages.nl.revision",
        "profiles.mini.tasks.xner.data.languages.nl.files.dev",
        "profiles.paper.language_model.revision",
    ],
)
def test_a_missing_parameter_is_named_by_its_address(whole: Any, file: Path, address: str) -> None:
    remove(whole, address)
    assert complaint(write(file, whole)) == f"{address} is missing; every parameter is given"


def test_of_several_mistakes_the_first_is_told_and_the_others_counted(whole: Any, file: Path) -> None:
    put(whole, f"{XNER}.vicinity.mask_ratio", 30)
    put(whole, f"{XNER}.vicinity.min_words", -1)
    put(whole, "profiles.mini.tasks.xner.data.languages.es.revision", 4)
    assert complaint(write(file, whole)) == (
        f"{XNER}.vicinity.mask_ratio must be less than or equal to 1, was: 30 (and 2 more)"
    )


def test_a_long_value_is_shown_in_part(whole: Any, file: Path) -> None:
    put(whole, f"{XNER}.warming", whole["profiles"]["smoke"]["tasks"]["xner"]["data"])
    said = complaint(write(file, whole))
    assert said.startswith(f"{XNER}.warming is not a known parameter, was: {{'kind': 'toy'")
    assert len(said) < 250


def test_a_code_that_yaml_takes_for_something_else_is_refused(file: Path, whole: Any) -> None:
    languages = whole["profiles"]["mini"]["tasks"]["xner"]["data"]["languages"]
    languages[False] = languages["nl"]  # the Norwegian `no`
    assert complaint(write(file, whole)).endswith(" must be a valid string, was: False")


def test_a_missing_file_is_named(file: Path) -> None:
    assert complaint(file) == "expected the parameter file, found none; run from the project's root"


@pytest.mark.parametrize("text", ["profiles: {smoke: [", "a: b: c", "\tprofiles: {}"])
def test_what_is_no_yaml_is_refused_with_its_place(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert re.search(r"^not YAML: .* line [12], column \d+", complaint(file))


def test_what_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"profiles: \xff")
    assert complaint(file).startswith("not YAML: 'utf-8' codec can't decode byte 0xff")


@pytest.mark.parametrize(("text", "value"), [("", "None"), ("- a", "['a']"), ("3", "3")])
def test_what_is_no_mapping_is_refused(file: Path, text: str, value: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert complaint(file) == f"the file must be a mapping, was: {value}"


def test_every_profile_takes_over_the_paper_s_reading_of_gen_lm() -> None:
    whole = read_parameters(PARAMETERS)
    assert set(whole.presets) == {"paper", "authors"}
    paper = whole.presets["paper"].model_dump()
    for profile in whole.profiles.values():
        for task in profile.tasks.values():
            assert task.vicinity.model_dump(include=set(paper)) == paper


def test_a_profile_is_in_one_file_alone(file: Path) -> None:
    other = file.parent / parameter_file("mini")
    other.parent.mkdir(parents=True)
    write(file, content())
    shutil.copyfile(PARAMETERS.parent / parameter_file("mini"), other)
    shutil.copyfile(run_file(PARAMETERS.parent / parameter_file("mini")), run_file(other))
    with pytest.raises(ValueError, match=f"^{re.escape(str(other))}: profiles.mini is in another"):
        read_parameters(file)


def test_what_is_wrong_in_the_file_of_a_pipeline_is_said_with_its_place(original: Path) -> None:
    other = original.parent / parameter_file("mini")
    other.parent.mkdir(parents=True)
    other.write_text("presets: {}", encoding="utf-8")
    with pytest.raises(ValueError, match=f"^{re.escape(str(other))}: profiles is missing"):
        read_parameters(original)


def test_an_override_of_one_target_reaches_that_target_alone(original: Path) -> None:
    """What `dvc exp run -S` does to the original, with its anchors in place; `+` adds a key."""
    apply_overrides(original, [f"+{XNER}.targets.qac.learning_rate=7e-5"])
    changed = read_parameters(original).profiles["smoke"].tasks["xner"]
    before = PARSED.profiles["smoke"].tasks["xner"]
    assert changed.targets["qac"].learning_rate == 7e-5
    update = {"qac": before.targets["qac"].model_copy(update={"learning_rate": 7e-5})}
    assert changed == before.model_copy(update={"targets": before.targets | update})
    others = {name: task for name, task in PARSED.profiles["smoke"].tasks.items() if name != "xner"}
    tasks = read_parameters(original).profiles["smoke"].tasks
    assert {name: task for name, task in tasks.items() if name != "xner"} == others


def test_an_override_of_the_adaptation_reaches_all_targets_but_what_they_name(original: Path) -> None:
    apply_overrides(original, [f"{XNER}.adaptation.max_steps=70", f"{XNER}.adaptation.watched=true"])
    apply_overrides(original, [f"+{XNER}.targets.qac.watched=false"])
    changed = read_parameters(original).profiles["smoke"].tasks["xner"]
    assert {target.max_steps for target in changed.targets.values()} == {70}
    watched = {code: target.watched for code, target in changed.targets.items()}
    assert watched == {"qab": True, "qac": False, "qad": True, "qae": True}
    assert {section.max_steps for section in changed.ablations.values()} == {70}


def test_editing_one_target_by_hand_reaches_that_target_alone(original: Path) -> None:
    text = PARAMETERS.read_text(encoding="utf-8")
    xner, others = text.split("      wikiann:", maxsplit=1)
    line = "qac: {}"
    assert xner.count(line) == 1
    edited = xner.replace(line, "qac: {learning_rate: 7.0e-5}")
    original.write_text(f"{edited}      wikiann:{others}", encoding="utf-8")
    changed = read_parameters(original).profiles["smoke"].tasks["xner"]
    rates = {code: target.learning_rate for code, target in changed.targets.items()}
    assert rates == {"qab": 3e-4, "qac": 7e-5, "qad": 3e-4, "qae": 3e-4}
    assert changed.adaptation.learning_rate == 3e-4


def test_the_anchor_reaches_all_targets(original: Path) -> None:
    """What follows `<<` is a copy: the section it names counts where nothing overrides it."""
    text = PARAMETERS.read_text(encoding="utf-8")
    original.write_text(
        text.replace("max_steps: 40 ", "max_steps: 70 ").replace("max_steps: 40\n", "max_steps: 70\n")
    )
    changed = read_parameters(original).profiles["smoke"].tasks["xner"]
    assert {target.max_steps for target in changed.targets.values()} == {70}
    assert changed.warmup == PARSED.profiles["smoke"].tasks["xner"].warmup


def test_what_stages_fan_out_over_is_read_from_the_file_beside(original: Path) -> None:
    assert read_parameters(original).profiles["smoke"] == PARSED.profiles["smoke"]
    run_file(original).unlink()
    assert complaint(original) == "profiles.smoke.run is missing; every parameter is given"


def test_mistakes_in_run_yaml_name_it(original: Path) -> None:
    beside, runs = run_file(original), yaml.safe_load(RUN.read_text(encoding="utf-8"))

    def said(changed: Any) -> str:
        write(beside, changed)
        with pytest.raises(ValueError, match=re.escape(f"{beside}: ")) as caught:
            read_parameters(original)
        return str(caught.value).removeprefix(f"{beside}: ")

    run = runs["profiles"]["smoke"]["run"]
    assert said([]) == "the file must be a mapping, was: []"
    assert said({"profiles": {"smoke": {"run": run | {"task": 1}}}}) == (
        "profiles.smoke.run.task is not a known parameter, was: 1; remove it or correct its name"
    )
    other = {"profiles": runs["profiles"] | {"smokes": {"run": run}}}
    assert said(other) == f"profiles.smokes is not in {original}; remove it or correct its name"
    whole = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    whole["profiles"]["smoke"]["run"] = run
    write(original, whole)
    assert said(runs) == f"profiles.smoke.run is in {original}, too; remove one"


@pytest.mark.parametrize("text", ["", "- a", "profiles: 3", "profiles: {smoke: 3}"])
def test_what_is_no_profile_is_said_of_params_yaml_all_the_same(original: Path, text: str) -> None:
    original.write_text(text, encoding="utf-8")
    assert " must be a mapping, was: " in complaint(original) or "is missing" in complaint(original)


def test_selected_settings_are_the_fields_of_the_stage_and_no_more() -> None:
    task = PARSED.profiles["smoke"].tasks["xner"]
    settings = select(adapt.Settings, PARSED, profile="smoke", task="xner", language="qac")
    assert settings.model_fields_set == set(adapt.Settings.model_fields)
    assert vars(settings) == {
        "threads": 1,
        "source": "qaa",
        "seeds": task.seeds,
        "target": task.targets["qac"],
        "tracking": {"weights": True},
    }


def test_a_section_of_the_profile_is_selected_as_one_of_the_task() -> None:
    class Settings(Section):
        display_name: str
        vicinity: VicinitySection

    settings = select(Settings, PARSED, profile="mini", task="xner", language="es")
    mini = PARSED.profiles["mini"]
    assert vars(settings) == {"display_name": "mini LM", "vicinity": mini.tasks["xner"].vicinity}


def test_the_source_has_no_target_where_a_stage_takes_that() -> None:
    settings = select(evaluate.Settings, PARSED, profile="smoke", task="xner", language="qaa")
    assert settings.target is None
    assert isinstance(settings.evaluation, EvaluationSection)
    other = select(evaluate.Settings, PARSED, profile="smoke", task="xner", language="qab")
    assert isinstance(other.target, AdaptationSection)


@pytest.mark.parametrize(
    ("kind", "names", "message"),
    [
        (prepare.Settings, ("big", "xner", None), "profiles must be one of smoke, mini, paper, was: big"),
        (
            prepare.Settings,
            ("paper", "pos", None),
            "profiles.paper.tasks must be one of xner, wikiann, xnli, pawsx, xnli_full, pawsx_full, was: pos",
        ),
        (
            pretrain.Settings,
            ("mini", "xner", "de"),
            "profiles.mini.tasks.xner.targets must be one of es, nl, ar, fi, was: de",
        ),
        (
            adapt.Settings,
            ("mini", "xner", "de"),
            "profiles.mini.tasks.xner.targets must be one of es, nl, ar, fi, was: de",
        ),
        (
            adapt.Settings,
            ("mini", "xner", "en"),
            "profiles.mini.tasks.xner.targets must be one of es, nl, ar, fi, was: en",
        ),
    ],
)
def test_what_params_yaml_does_not_name_is_refused(
    kind: type[Section], names: tuple[str, str, str | None], message: str
) -> None:
    profile, task, language = names
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        select(kind, PARSED, profile=profile, task=task, language=language)


def test_yaml_and_the_reader_agree_on_merged_sections() -> None:
    """DVC compares the file's own values, so these must say all that the stages read."""
    for name, profile in PARSED.profiles.items():
        text = (PARAMETERS.parent / parameter_file(name)).read_text(encoding="utf-8")
        merged = yaml.safe_load(text)
        for task, section in profile.tasks.items():
            for code, target in section.targets.items():
                raw = merged["profiles"][name]["tasks"][task]
                assert target.model_dump(mode="json") == raw["adaptation"] | raw["targets"][code]
