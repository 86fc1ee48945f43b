"""The README is true: its example runs, modules and tables are those of the tree, its commands exist.

The lists are made of the modules' first sentences, the tables are those of the results; after a change,
write them anew by `python -c "from tests.test_readme import *; write_modules(); write_tables()"`.
"""

import ast
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from benchmark.settings import read_parameters
from benchmark.toy import Family

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MODULES = {
    README: ["uxla"],
    ROOT / "docs/modules.md": [
        "benchmark",
        *(f"benchmark/{f}" for f in ("stages", "tracking", "toy", "speed")),
    ],
}
"""The file that lists the modules of some packages."""
PROFILES = ("smoke", "mini")
OTHERS = "**The other tasks: span F1 of WikiANN, accuracy of pairs**"
LEGEND = (
    "Percent; mean ± sample standard deviation over 3 models. Minus: UXLA minus that system, with the 95 % "
    "interval over examples. †: a model collapsed to a single class. The pages have p values, the source, "
    "all systems and their ensembles."
)
COLUMNS = ("left", "left", *("right",) * 6)
BEGIN, END = "<!-- modules -->", "<!-- /modules -->"


def modules(packages: Sequence[str]) -> str:
    """One line for every module, below its package."""
    lines = []
    for package in packages:
        lines += [f"| `{package}/` | |", "|---|---|"]
        for path in sorted((ROOT / package).glob("*.py")):
            sentence = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
            lines.append(f"| `{path.name}` | {' '.join(sentence.split()).rstrip('.')} |")
        lines.append("")
    return "\n".join(lines)


def tables(profile: str) -> str:
    """The scores of the first task and what UXLA gains there, and what it gains on the others."""
    tasks = read_parameters(ROOT / "params.yaml").profiles[profile].run.tasks
    first, *others = [task for task in tasks if (ROOT / f"results/{profile}/{task}.md").exists()]
    page = (ROOT / f"results/{profile}/{first}.md").read_text(encoding="utf-8")
    return "\n".join(["\n**".join(page.split("\n**")[:3]), gains(profile, others)])


def gains(profile: str, tasks: list[str]) -> str:
    """A line for every target of some tasks: the scores, and how far UXLA is above either baseline."""
    rows = []
    for task in tasks:
        page = (ROOT / f"results/{profile}/{task}.md").read_text(encoding="utf-8")
        title, baselines = (
            page.removeprefix("**").partition(",")[0],
            re.findall(r"\*\*UXLA minus (.*)\*\*", page),
        )
        scores, *differences = map(cells, page.split("\n**")[: 1 + len(baselines)])
        for target in differences[0].index:
            row = {"task": f"[{title}](results/{profile}/{task}.md)", "target": target}
            row |= {
                system: scores.loc[system, target].replace("**", "")
                for system in (*baselines[::-1], "UXLA", "supervised")
            }
            row |= {
                f"minus {baseline}": " ".join(found.loc[target, ["difference", "95 % interval"]])
                for baseline, found in zip(baselines, differences, strict=True)
            }
            rows.append(row)
    grid = pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True, colalign=COLUMNS)
    return f"{OTHERS}\n\n{grid}\n\n{LEGEND}\n"


def cells(section: str) -> pd.DataFrame:
    """The table of a section of a page, its rows by their first column."""
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line] for line in lines]
    return pd.DataFrame(rows, columns=header).set_index(header[0])


def write_modules() -> None:
    """Put the lists of modules where they belong."""
    for file, packages in MODULES.items():
        _write(file, BEGIN, modules(packages), END)


def write_tables() -> None:
    """Put the tables into the README."""
    for profile in PROFILES:
        _write(README, f"<!-- table:{profile} -->", tables(profile), f"<!-- /table:{profile} -->")


def _write(file: Path, begin: str, content: str, end: str) -> None:
    before, _, rest = file.read_text(encoding="utf-8").partition(begin)
    file.write_text(f"{before}{begin}\n{content}{end}{rest.partition(end)[2]}", encoding="utf-8")


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_the_lists_of_modules_are_those_of_the_tree(file: Path) -> None:
    listed = file.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert listed.strip() == modules(MODULES[file]).strip()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_tables_are_those_of_the_results(profile: str) -> None:
    text = README.read_text(encoding="utf-8").partition(f"<!-- table:{profile} -->")[2]
    assert text.partition(f"<!-- /table:{profile} -->")[0].strip() == tables(profile).strip()


def test_make_has_every_target_that_the_texts_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^ *)make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
        assert {target for names in named for target in names.split()} <= targets, name


@pytest.mark.slow
def test_the_example_of_the_library_runs(
    family: Family,
    encoder_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(encoder_folder, tmp_path / "models/smoke/language_model")
    for language in ("qaa", "qab"):
        folder = tmp_path / "data/smoke/xner" / language
        for split, part in {"train": "labelled", "dev": "dev", "test": "test"}.items():
            family.sentences(language, split=split, count=32).save(folder / f"{part}.parquet")
        family.sentences(language, split="train", count=32).unlabelled().save(folder / "unlabelled.parquet")
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    # The encoder of the tests takes fewer subwords than that of the smoke profile.
    code = compile(example.replace("max_length=64", "max_length=40"), "README.md", "exec")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert "'f1'" in capsys.readouterr().out
