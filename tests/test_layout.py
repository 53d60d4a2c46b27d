"""Who imports whom, what is exported, and how quickly `import hodu` and `hodu --help` answer."""

from __future__ import annotations

import ast
import inspect
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hodu

SOURCE = Path(__file__).parent.parent / "src"
HEAVY = {"torch", "transformers", "datasets", "accelerate", "sklearn", "scipy", "numpy", "pyarrow", "matplotlib"}

_NOT_IN_A_GRAPH = (
    "torch",
    "transformers",
    "datasets",
    "accelerate",
    "hodu.data",
    "hodu.models",
    "hodu.training",
    "hodu.types",
)


def imports(code: str, module: str, *, is_package: bool = False) -> Iterator[tuple[str, bool]]:
    """Each imported module's full name, and whether the import runs when the file is imported.

    Imports for type checkers only are left out: they never run.
    """
    package = module if is_package else module.rpartition(".")[0]

    def walk(node: ast.AST, at_import: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            origin = ".".join(part for part in (base, node.module) if part)
            yield from ((f"{origin}.{alias.name}", at_import) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in node.orelse:
                yield from walk(other, at_import)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, at_import and not inside)

    yield from walk(ast.parse(code), True)


def within(name: str, *homes: str) -> bool:
    """Whether the module, or the name from it, is one of these or inside one."""
    return any(name == home or name.startswith(f"{home}.") for home in homes)


def forbidden(module: str, imported: str, at_import: bool) -> str | None:
    """Why this module may not import that one, or None when it may: the table in CONTRIBUTING.md."""
    ours = within(imported, "hodu")
    if module in ("hodu.types", "hodu.errors") and ours:
        return "types and errors import nothing of ours"
    if module == "hodu.layers" and ours and not within(imported, "hodu.types", "hodu.errors"):
        return "layers are numbers only"
    if within(module, "hodu.objectives"):
        if ours and not within(imported, "hodu.objectives", "hodu.types", "hodu.errors", "hodu.layers"):
            return "objectives see captures only"
        if within(imported, "transformers", "datasets"):
            return "objectives never see a model"
    if within(module, "hodu.recipes") and within(imported, "hodu.training"):
        return "a recipe is a value, not a loop"
    if within(imported, "hodu.cli") and not within(module, "hodu.cli", "hodu.__main__"):
        return "nobody imports cli"
    if within(module, "hodu.knowledge") and within(imported, *_NOT_IN_A_GRAPH):
        return "a knowledge graph needs no torch"
    if within(module, "hodu.cli") and at_import:
        light = (
            not ours
            or imported in ("hodu", "hodu.__version__")
            or within(imported, "hodu.cli", "hodu.types", "hodu.errors")
        )
        if imported.split(".")[0] in HEAVY or not light:
            return "cli imports inside its functions"
    return None


def breaches(module: str, code: str, *, is_package: bool = False) -> list[str]:
    """One line per import that the rule forbids."""
    found = ((name, forbidden(module, name, at)) for name, at in imports(code, module, is_package=is_package))
    return [f"{module} imports {name}: {reason}" for name, reason in found if reason]


def test_import_rule_holds() -> None:
    """The folders grow into each other: an objective that reaches for a model cannot be read, or used, on its own."""
    found = []
    files = sorted((SOURCE / "hodu").rglob("*.py"))
    assert len(files) > 20, f"only {len(files)} files under {SOURCE}: the rule was not checked"
    for file in files:
        parts = file.relative_to(SOURCE).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        found += breaches(module, file.read_text(encoding="utf-8"), is_package=is_package)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("hodu.types", "from hodu.errors import DataError"),
        ("hodu.errors", "def f():\n    from . import types"),
        ("hodu.layers", "from hodu.models import layers_of"),
        ("hodu.objectives.hidden", "import hodu.taps"),
        ("hodu.objectives.hidden", "from hodu import taps"),
        ("hodu.objectives.hidden", "from ..models.shapes import shape_of"),
        ("hodu.objectives.hidden", "def f():\n    from transformers import BertModel"),
        ("hodu.recipes.hinton", "from hodu.training.trainer import Trainer"),
        ("hodu.training.run", "def f():\n    import hodu.cli.app"),
        ("hodu.knowledge.graph", "def f():\n    import torch"),
        ("hodu.knowledge.sources.tables", "from hodu.data.rows import read_rows"),
        ("hodu.cli.app", "import torch"),
        ("hodu.cli.app", "try:\n    from hodu.data import load\nexcept ImportError:\n    pass"),
        ("hodu.cli.app", "class Options:\n    from transformers import BertModel"),
    ],
)
def test_import_rule_sees_a_breach(module: str, code: str) -> None:
    """The rule passes because it looks at nothing, and the layout rots unnoticed."""
    assert breaches(module, code)


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("hodu.objectives.hidden", "import torch\nfrom hodu.types import Capture\nfrom .base import Objective"),
        (
            "hodu.objectives.hidden",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hodu.taps import Tap",
        ),
        ("hodu.cli.app", "import typer\nfrom hodu.errors import HoduError\ndef f():\n    import torch, hodu.training"),
        ("hodu.__main__", "from hodu.cli import main"),
    ],
)
def test_import_rule_lets_through_what_is_right(module: str, code: str) -> None:
    """A contributor who follows CONTRIBUTING.md is stopped by the check."""
    assert breaches(module, code) == []


@pytest.mark.parametrize("name", [name for name in hodu.__all__ if name != "__version__"])
def test_exported_names_exist_and_are_documented(name: str) -> None:
    """`help(hodu.distill)` is empty, or the name that the README uses is not there."""
    value = getattr(hodu, name)
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return  # a table such as RECIPES is documented where it stands: Python gives values no docstring
    written = value.__doc__ or ""
    generated = inspect.isclass(value) and written.startswith(f"{value.__name__}(")  # what @dataclass makes up
    assert written.strip(), f"hodu.{name} has no docstring"
    assert not generated, f"hodu.{name} has only the docstring that dataclass makes up"


def test_exported_names_are_listed() -> None:
    """Tab completion does not offer what the README promises, or a typo raises something other than AttributeError."""
    assert set(hodu.__all__) <= set(dir(hodu))
    assert hodu.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="distil_typo"):
        _ = hodu.distil_typo


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """This Python in a fresh process, on the sources beside this test."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=True
    )


LOADED = f"import sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
HELP = "import sys; from hodu.cli import main; sys.argv = ['hodu', '--help']\ntry: main()\nexcept SystemExit: pass\n"


@pytest.mark.parametrize(("what", "code"), [("import hodu", "import hodu\n"), ("hodu --help", HELP)])
def test_help_loads_nothing_heavy(what: str, code: str) -> None:
    """`hodu --help` takes seconds, because something imports torch on the way."""
    loaded = run("-c", code + LOADED).stdout.splitlines()[-1]
    assert loaded == "", f"{what} loads {loaded}"


def test_knowledge_loads_no_torch() -> None:
    """A graph is built on a small server, and the command first loads gigabytes that it never uses."""
    pytest.importorskip("pyoxigraph", reason="the extra hodu[knowledge] is not installed")
    loaded = run("-c", "import hodu.knowledge\n" + LOADED).stdout.split()
    assert not set(loaded) & {"torch", "transformers", "datasets", "accelerate"}, loaded


def test_bundles_run_without_torch() -> None:
    """A small server, or a preview, first loads gigabytes that a bundle never uses."""
    loaded = run("-c", "import hodu.exporting.running, hodu.exporting.preview\n" + LOADED).stdout.split()
    assert not set(loaded) & {"torch", "transformers", "datasets", "accelerate"}, loaded


@pytest.mark.parametrize("arguments", [("-c", "import hodu"), ("-m", "hodu", "--help")], ids=["import", "help"])
def test_help_answers_in_half_a_second(arguments: tuple[str, ...]) -> None:
    """The command feels slow before it has done anything.

    Measured is the processor time of the whole process, the interpreter's start included; the best of up to ten runs
    counts. On an idle machine this is how long the user waits, for nothing here sleeps or uses a second thread; on a
    busy one, as in CI, the clock on the wall would measure the neighbours, and so would the slowest run.
    """
    best = float("inf")
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        if best < 0.5:
            return
    pytest.fail(f"the best of ten runs took {best:.2f} s; expected less than 0.5 s")
