"""The rules of CONTRIBUTING.md that a machine can check: who imports what, how long, how documented."""

import ast
import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("uxla", "benchmark")
LIBRARIES = {
    *("numpy", "pyarrow", "safetensors", "seqeval", "sklearn", "tokenizers", "torch", "transformers"),
    "triton",  # comes with PyTorch for GPUs, and one module alone needs it
}
"""What the library may import."""
WITHOUT_TORCH = ("uxla.predictions", "uxla.distillation", "uxla.mixing", "uxla.metrics")
"""Which examples are chosen and how they score is arithmetic on arrays."""
UNSAFE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
LONGEST_MODULE, LONGEST_FUNCTION, MOST_ARGUMENTS = 250, 40, 7

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def name_of(path: Path) -> str:
    """Dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}
every_module = pytest.mark.parametrize("name", SOURCES)


def imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Dotted names that import statements among the nodes ask for; `from a import b` gives a and a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def on_import(tree: ast.Module) -> Iterator[str]:
    """What a module imports while it is imported itself, not inside a function."""
    return imports(iter(tree.body))


def functions(tree: ast.Module) -> Iterator[Function]:
    """All functions of a module, methods and inner ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    """Functions and classes that others may use: no leading underscore on them or what holds them."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def n_lines(function: Function) -> int:
    """Lines of a function without its docstring and decorators."""
    whole = function.end_lineno - function.lineno + 1  # type: ignore[operator]
    if ast.get_docstring(function) is None:
        return whole
    docstring = function.body[0]
    return whole - (docstring.end_lineno - docstring.lineno + 1)  # type: ignore[operator]


def n_arguments(function: Function) -> int:
    """Arguments of a function beside self and cls."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@every_module
def test_every_module_can_be_imported(name: str) -> None:
    if name == "uxla.kernels" and find_spec("triton") is None:
        pytest.skip("no Triton: it comes with PyTorch for GPUs")
    importlib.import_module(name)


@pytest.mark.parametrize("name", [name for name in SOURCES if name.split(".")[0] == "uxla"])
def test_the_library_imports_its_few_libraries_and_never_the_experiment(name: str) -> None:
    asked = {module.split(".")[0] for module in imports(ast.walk(TREES[name]))}
    assert asked - sys.stdlib_module_names - LIBRARIES - {"uxla"} == set()


@every_module
def test_only_tracking_imports_mlflow(name: str) -> None:
    asked = {module.split(".")[0] for module in imports(ast.walk(TREES[name]))}
    assert "mlflow" not in asked or name.startswith("benchmark.tracking")


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_choosing_examples_needs_no_torch(name: str) -> None:
    reached, todo = set[str](), [name]
    while todo:
        module = todo.pop()
        if module not in reached:
            reached.add(module)
            todo += on_import(TREES[module]) if module in TREES else []
    assert {module for module in reached if module.split(".")[0] in ("torch", "transformers")} == set()


@every_module
def test_modules_are_short(name: str) -> None:
    assert len(SOURCES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@every_module
def test_functions_are_short_and_take_few_arguments(name: str) -> None:
    # What a GPU runs is given every address and size on its own.
    ours = [f for f in functions(TREES[name]) if "triton.jit" not in map(ast.unparse, f.decorator_list)]
    long = {f.name: n_lines(f) for f in functions(TREES[name]) if n_lines(f) > LONGEST_FUNCTION}
    greedy = {f.name: n_arguments(f) for f in ours if n_arguments(f) > MOST_ARGUMENTS}
    assert (long, greedy) == ({}, {})


@every_module
def test_modules_and_what_is_public_in_them_say_what_they_are_in_a_sentence(name: str) -> None:
    documented: list[ast.Module | Definition] = [TREES[name], *public(TREES[name].body)]
    silent = [
        getattr(node, "name", "the module")
        for node in documented
        if not (ast.get_docstring(node) or "").split("\n\n")[0].endswith(".")
    ]
    assert silent == []


@every_module
def test_nothing_prints_in_the_library_and_nothing_is_caught_blindly(name: str) -> None:
    nodes = list(ast.walk(TREES[name]))
    called = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert "print" not in called or name == "benchmark.__main__"
    assert not [n.lineno for n in nodes if isinstance(n, ast.ExceptHandler) and n.type is None]


@every_module
def test_no_file_can_make_the_suite_run_foreign_code(name: str) -> None:
    nodes = list(ast.walk(TREES[name]))
    assert {module.split(".")[0] for module in imports(iter(nodes))} & UNSAFE == set()
    # PyTorch's own format is a pickle; weights are kept as safetensors.
    attributes = [n for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)]
    assert not [n.lineno for n in attributes if n.value.id == "torch" and n.attr in ("load", "save")]
    assert not [n for n in nodes if isinstance(n, ast.keyword) and n.arg == "trust_remote_code"]


@pytest.mark.parametrize("package", PACKAGES)
def test_test_files_mirror_modules(package: str) -> None:
    """A module has a test file of its name, a subpackage one file or a folder that mirrors it."""
    folder = ROOT / "tests" / package
    missing = [str(path) for path in _mirrors(ROOT / package, folder) if not path.is_file()]
    names = {path.stem.strip("_") for path in (ROOT / package).iterdir()}
    strays = [str(path) for path in folder.glob("test_*.py") if path.stem.removeprefix("test_") not in names]
    assert (missing, strays) == ([], [])


def _mirrors(package: Path, tests: Path) -> Iterator[Path]:
    for path in sorted(package.iterdir()):
        if path.is_dir() and (path / "__init__.py").is_file():
            whole = tests / f"test_{path.name}.py"
            yield from [whole] if not (tests / path.name).is_dir() else _mirrors(path, tests / path.name)
        elif path.suffix == ".py" and path.stem != "__init__":
            yield tests / f"test_{path.stem.strip('_')}.py"
