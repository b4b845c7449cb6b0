"""The doors of the graph of code blocks: folders, revisions, caches, ids and reasons."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from dagflow.errors import ParameterCheckError
from dagflow.testing import CodeGraph, changed_blocks, fingerprint_from

FILES = {
    "shop/__init__.py": "from shop.helpers import clean\n",
    "shop/helpers.py": "RATE = 2\ndef clean(n):\n    return n * RATE\ndef other():\n    return 1\n",
    "shop/lazy.py": "def __getattr__(name):\n    return 1\nHIDDEN = 1\n",
    "shop/assets.py": """
import importlib
import shop
from dagflow import RetryPolicy, asset, define_asset_job
from shop import helpers, lazy
from shop.helpers import *

RETRY = RetryPolicy(max_retries=1)

@asset(deps=["a"], retry_policy=RETRY, description="d")
def beans():
    return clean(open("data/a.csv"))

@asset(deps=[beans])
def cups():
    return shop.clean(1)

def dynamic(name):
    return getattr(helpers, name)

def late():
    return lazy.anything

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    return n != 0 and even(n - 1)

def loaded(name):
    return importlib.import_module(name)

def uses_asset():
    return beans()

job = define_asset_job("job", [beans])
def uses_job():
    return job
""",
}
ASSETS = "shop/assets.py::"


class Revision:
    """The files of a revision."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def paths(self) -> Collection[str]:
        """Return the paths."""
        return [path for path in self.files if path.endswith(".py")]

    def text(self, path: str) -> str:
        """Return the text of a file."""
        return self.files[path]

    def has(self, path: str) -> bool:
        """Return whether a file exists."""
        return path in self.files


def graph(path: str = "", old: str = "", new: str = "", cache: dict[str, Any] | None = None) -> CodeGraph:
    """Return the graph of the files after an edit."""
    files = {**FILES, "data/a.csv": "1"}
    if path:
        assert files[path].count(old) == 1
        files[path] = files[path].replace(old, new)
    return CodeGraph(Revision(files), cache)


@pytest.mark.parametrize(
    ("name", "path", "old", "new", "is_changed"),
    [
        ("beans", "shop/helpers.py", "RATE = 2", "RATE = 3", True),  # by the star
        ("cups", "shop/helpers.py", "RATE = 2", "RATE = 3", True),  # by the package
        ("cups", "shop/helpers.py", "return 1", "return 2", False),
        ("cups", "shop/assets.py", 'open("data', 'open("./data', False),  # a dependency is a node
        ("dynamic", "shop/helpers.py", "return 1", "return 2", True),
        ("late", "shop/lazy.py", "HIDDEN = 1", "HIDDEN = 2", True),
        ("loaded", "shop/lazy.py", "HIDDEN = 1", "HIDDEN = 2", True),
        ("even", "shop/assets.py", "n != 0", "n > 0", True),
        ("odd", "shop/assets.py", "n == 0", "n < 1", True),
        ("beans", "shop/assets.py", "n == 0", "n < 1", False),
        ("beans", "shop/assets.py", "max_retries=1", "max_retries=2", False),
        ("uses_asset", "shop/helpers.py", "RATE = 2", "RATE = 3", True),
    ],
)
def test_the_code_of_a_revision(name: str, path: str, old: str, new: str, is_changed: bool) -> None:
    """References lead through stars, packages, cycles and look-ups, and what is unknown counts as a whole."""
    before, after = graph().code_from([ASSETS + name]), graph(path, old, new).code_from([ASSETS + name])

    assert (before != after) == is_changed


@pytest.mark.parametrize("name", ["uses_asset", "uses_job"])
def test_the_code_of_a_test_stops_at_definitions(name: str) -> None:
    """An asset or job that the code names is a node of its own."""
    after = graph("shop/helpers.py", "RATE = 2", "RATE = 3")

    assert graph().code_from([ASSETS + name], stops=True) == after.code_from([ASSETS + name], stops=True)


def test_a_very_long_number(tmp_path: Path) -> None:
    """An integer that Python does not print is a value like any other, alone and beside an object."""
    code_of, number = CodeGraph(tmp_path).code_of_test, 10**5000

    assert code_of([number]) == code_of([10**5000]) != code_of([number + 1])
    assert code_of([number, print]) != code_of([number + 1, print])


def test_the_members_of_a_cycle_share_their_blocks() -> None:
    """Each entry into a cycle leads to all of it."""
    code = graph()

    assert code.blocks_from([ASSETS + "even"]) == code.blocks_from([ASSETS + "odd"])


def test_facets_by_syntax() -> None:
    """An argument of a decorator changes its facet, and a description changes none."""
    before = fingerprint_from(ASSETS + "beans", graph())
    retried = fingerprint_from(ASSETS + "beans", graph("shop/assets.py", "max_retries=1", "max_retries=2"))
    moved = fingerprint_from(ASSETS + "beans", graph("shop/assets.py", '["a"]', '["b"]'))
    described = fingerprint_from(ASSETS + "beans", graph("shop/assets.py", '"d"', '"e"'))

    assert before._replace(retry="") == retried._replace(retry="")
    assert before.retry != retried.retry
    assert before._replace(arguments="") == moved._replace(arguments="")
    assert before.arguments != moved.arguments
    assert before == described


def test_a_reason_names_the_blocks() -> None:
    """The difference of two closures is a sentence for each block."""
    after = graph("shop/helpers.py", "RATE = 2", "RATE = 3\nprint(RATE)")
    ids = [ASSETS + "beans"]

    assert changed_blocks(graph().blocks_from(ids), after.blocks_from(ids)) == [
        "shop/helpers.py: statements of the module are new",
        "shop/helpers.py: RATE changed",
    ]


def test_the_cache_holds_parsed_modules() -> None:
    """A graph reads the modules that another one added, after a round trip through JSON."""
    cache: dict[str, Any] = {}
    expected = graph(cache=cache).blocks_from([ASSETS + "beans"])
    stored = json.loads(json.dumps(cache))

    assert graph(cache=stored).blocks_from([ASSETS + "beans"]) == expected
    assert len(stored) == len(cache) > 1


def test_files_named_in_the_code() -> None:
    """Literals that name existing files are listed."""
    assert graph().files_named_in([ASSETS + "beans", ASSETS + "cups"]) == ["data/a.csv"]


def test_blocks_by_line() -> None:
    """A line of a file leads to the id of its block, and a file outside of the project to nothing."""
    code = graph()

    assert code.block_at("shop/helpers.py", 3) == "shop/helpers.py::clean"
    assert code.block_at("shop/__init__.py", 1) == "shop/__init__.py"
    assert code.block_at("elsewhere.py", 1) is None


def test_a_module_that_does_not_parse_has_a_digest() -> None:
    """Its text counts as a whole."""
    one = graph("shop/helpers.py", "RATE = 2", "RATE = = 2").code_from([ASSETS + "beans"])
    other = graph("shop/helpers.py", "RATE = 2", "RATE = = 3").code_from([ASSETS + "beans"])

    assert one != other


def test_live_values_need_a_folder() -> None:
    """The error says what to call for a revision."""
    with pytest.raises(ParameterCheckError, match="pass ids to `code_from`"):
        graph().code(test_live_values_need_a_folder)


def test_a_folder_leaves_out_environments(tmp_path: Path) -> None:
    """Hidden folders, virtual environments and installed packages are no part of a project."""
    for place in ("a.py", ".hidden/b.py", "env/c.py", "lib/site-packages/d.py", "src/e.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
    (tmp_path / "env/pyvenv.cfg").write_text("")

    paths = CodeGraph(tmp_path).sources.paths()
    assert [path for path in paths if not path.startswith("..")] == ["a.py", "src/e.py"]


def test_a_function_has_the_roots_of_a_list_with_it(tmp_path: Path) -> None:
    """The shorter way for a single function finds the same blocks, also those of its defaults and layers."""
    source = "def one():\n    return 1\n\ndef two(first=one):\n    return first()\n\ntwo.mark = one\n"
    (tmp_path / "kitchen.py").write_text(source)
    namespace: dict[str, Any] = {}
    exec(compile(source, str(tmp_path / "kitchen.py"), "exec"), namespace)
    graph = CodeGraph(tmp_path)

    for name, blocks in (("one", ["one"]), ("two", ["one", "two"])):
        roots = graph.roots(namespace[name])
        assert sorted(roots) == [f"kitchen.py::{block}" for block in blocks]
        assert sorted(graph.roots([namespace[name]])) == sorted(roots)
