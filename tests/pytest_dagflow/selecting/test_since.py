"""Tests of the differences between a revision and the working tree: the facets of nodes, and data files."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagflow.testing import graph_of
from pytest_dagflow.options import NodeFiles
from pytest_dagflow.selecting.own_changes import OwnChanges
from pytest_dagflow.selecting.revision import read_revision
from pytest_dagflow.selecting.since import Files, Since

HELPERS = """
RATE = 2

def rated(n):
    return n * RATE

def unused():
    return 1
"""
OF_SIGNATURE = ("config", "types", "resources")
SHOP = """
from pathlib import Path

import since_helpers
from dagflow import Config, ConfigurableResource, Definitions, RetryPolicy, asset, define_asset_job, job, op
from since_helpers import rated

HERE = Path(__file__).parent
URL = "http://one"

class Prices(Config):
    factor: int = 1

class Db(ConfigurableResource):
    url: str = URL

@asset(retry_policy=RetryPolicy(max_retries=1))
def beans():
    return rated(1)

@asset
def milk(config: Prices):
    return config.factor, (HERE / "data" / "milk.csv").read_text()

@asset
def stored(db: Db):
    return db.url

def make(name):
    @asset(name=name)
    def made():
        return name
    return made

tea = make("tea")
others = [make("cocoa")]

@op
def brew():
    return 1

@job(tags={"team": "a"})
def cafe():
    brew()

defs = Definitions(assets=[beans, milk, stored, tea, *others], jobs=[cafe], resources={"db": Db(url="x")})
"""


class Project:
    """A project in a git repository, whose modules are imported."""

    def __init__(self, repository: Any) -> None:
        self.repository = repository
        self.folder: Path = repository.folder

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a string in a file."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def since(self) -> Since:
        """Import the modules, and compare the working tree with the revision."""
        importlib.invalidate_caches()
        for name in ("since_helpers", "since_shop"):
            sys.modules.pop(name, None)
        shop = importlib.import_module("since_shop")
        return Since(str(self.folder), read_revision(str(self.folder), "main"), graph_of(shop.defs).nodes)

    def changed(self) -> dict[str, set[str]]:
        """Return the facets that differ, by the name of the node."""
        since = self.since()
        found = {node.names[0]: set(since.facets_of(node)) for node in since.nodes}
        return {name: facets for name, facets in found.items() if facets}


@pytest.fixture
def project(
    tmp_path: Path, make_repository: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """Return a project of two modules and a file of data, all committed."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    # this repository itself may be installed as editable
    monkeypatch.setattr("dagflow.analysis.code.modules.editable_folders", tuple)
    repository = make_repository(tmp_path)
    repository.commit(since_helpers_dot_py=HELPERS, since_shop_dot_py=SHOP, data__milk_dot_csv="1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield Project(repository)
    for name in ("since_helpers", "since_shop"):
        sys.modules.pop(name, None)


def test_nothing_changed(project: Project):
    """Comments, docstrings and layout are no difference."""
    project.edit(
        "since_shop.py", "    return rated(1)", '    """Return beans."""\n\n    return rated(1)  # now'
    )

    assert project.changed() == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("since_helpers.py", "RATE = 2", "RATE = 3", {"beans": {"code"}}),
        ("since_helpers.py", "return 1", "return 2", {}),
        ("since_shop.py", "max_retries=1", "max_retries=2", {"beans": {"retry"}}),
        (
            "since_shop.py",
            "factor: int = 1",
            "factor: int = 2",
            {"milk": {"code", "config", "types", "resources"}},
        ),
        ("since_shop.py", "rated(1)", "rated(2)", {"beans": {"code", "config", "types", "resources"}}),
    ],
)
def test_the_facets_of_a_change(
    project: Project, file: str, old: str, new: str, expected: dict[str, set[str]]
):
    """A change selects the nodes that lead to it, by the facet."""
    project.edit(file, old, new)

    assert project.changed() == expected


def test_a_resource_of_the_project(project: Project):
    """The value of a resource concerns the nodes that need it."""
    project.edit("since_shop.py", 'Db(url="x")', 'Db(url="y")')

    assert project.changed() == {"stored": {"resources"}}


def test_a_job_around_a_node(project: Project):
    """The declaration of a job concerns the nodes of the job."""
    project.edit("since_shop.py", '"team": "a"', '"team": "b"')

    assert list(project.changed()) == ["brew"]


def test_a_factory(project: Project):
    """A change inside concerns all its definitions, a change of one call the names that hold the result."""
    project.edit("since_shop.py", "        return name\n", "        return name + name\n")
    assert {"tea", "cocoa"} <= set(project.changed())

    project.repository.commit()
    project.edit("since_shop.py", 'make("tea")', 'make("chai")')
    assert "chai" in project.changed()


def test_a_statement_of_a_module(project: Project):
    """A statement without a name concerns the module and its importers."""
    project.edit("since_helpers.py", "RATE = 2\n", "RATE = 2\nprint('loaded')\n")

    assert {"module"} <= project.changed()["beans"]


def test_a_new_node(project: Project):
    """The revision lacks its code."""
    project.edit("since_shop.py", "tea = make", "@asset\ndef water():\n    return 1\n\ntea = make")
    project.edit("since_shop.py", "assets=[beans", "assets=[water, beans")
    since = project.since()

    assert [node.names[0] for node in since.nodes if since.is_new(node)] == ["water"]


def test_a_module_that_does_not_parse_in_the_revision(project: Project):
    """Its nodes have changed."""
    project.edit("since_helpers.py", "RATE = 2", "RATE = = 2")
    project.repository.commit()
    project.edit("since_helpers.py", "RATE = = 2", "RATE = 2")

    assert "beans" in project.changed()


def test_code_of_tests(project: Project):
    """A test has changed with its code, and not with that of the definitions that it names."""
    test = "from since_shop import beans\n\ndef test_one():\n    assert beans\n"
    project.repository.commit(since_test_dot_py=test)
    project.edit("since_shop.py", "rated(1)", "rated(2)")
    (project.folder / "since_test.py").write_text(test + "\ndef test_two():\n    assert 1\n")
    since = project.since()
    sys.modules.pop("since_test", None)
    tests = importlib.import_module("since_test")
    del sys.modules["since_test"]

    assert not since.is_changed(tests.test_one)
    assert since.is_changed(tests.test_two)
    assert (since.is_absent(tests.test_one), since.is_absent(tests.test_two)) == (False, True)


def files(project: Project, readers_of: Callable[[str], Any] = lambda path: None, **options: Any) -> Files:
    """Return the readers of the changed data files, by name."""
    since = project.since()
    found = since.files(readers_of, **options)
    names = {node.id: node.names[0] for node in since.nodes}
    found.readers = {path: {names.get(one, one) for one in ids} for path, ids in found.readers.items()}
    return found


def test_a_path_in_the_code_names_a_data_file(project: Project):
    """The nodes whose code names it have changed."""
    (project.folder / "data" / "milk.csv").write_text("2\n")

    assert files(project) == Files({"data/milk.csv": {"milk"}})


def test_a_data_file_that_nothing_names(project: Project):
    """Without a record every test may read it; with one its readers are known."""
    (project.folder / "other.csv").write_text("2\n")

    reason = "'other.csv' changed, and no path in the code names it"
    assert files(project).everything == {reason: "files"}
    assert files(project, lambda path: set()).everything == {}
    assert files(project, lambda path: {"a"}).readers == {"other.csv": {"a"}}
    declared = [(NodeFiles("milk", "*.csv"), ["b"])]
    assert files(project, node_files=declared) == Files({"other.csv": {"b"}})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pyproject.toml", "which may name other versions of packages"),
        ("uv.lock", "which may name other versions of packages"),
        ("requirements-dev.txt", "which may name other versions of packages"),
        ("pytest.ini", "which may hold settings of pytest"),
        ("schema/x.sql", "which dag_invalidate names"),
    ],
)
def test_files_that_concern_all_tests(project: Project, path: str, reason: str):
    """Packages, settings and the files of `dag_invalidate` run everything, also with a record."""
    (project.folder / path).parent.mkdir(exist_ok=True)
    (project.folder / path).write_text("")

    found = files(project, lambda path: set(), invalidate=["schema/*"])

    assert list(found.everything) == [f"'{path}' changed, {reason}"]


def test_a_list_of_decorated_functions(project: Project):
    """It declares nothing about them, and does not make a new one known."""
    shop = SHOP.replace("tea = make", "ALL = [beans, milk]\n\ntea = make")
    project.repository.commit(since_shop_dot_py=shop)
    water = "@asset\ndef water():\n    return 1\n\nALL = [water, beans]"
    project.edit("since_shop.py", "ALL = [beans, milk]", water)
    project.edit("since_shop.py", "assets=[beans", "assets=[water, beans")
    since = project.since()

    facets = {node.names[0]: set(since.facets_of(node)) for node in since.nodes}
    assert (facets["beans"], facets["milk"]) == (set(), set())
    assert [node.names[0] for node in since.nodes if since.is_new(node)] == ["water"]


def test_the_body_of_a_job(project: Project):
    """It may change what surrounds its ops, and is not their own code."""
    project.edit("since_shop.py", "def cafe():\n    brew()", "def cafe():\n    brew()\n    brew()")
    since = project.since()

    brews = [node for node in since.nodes if node.names[0] == "brew"]
    assert all(since.facets_of(node) for node in brews)
    assert not any(OwnChanges(since).of(node) for node in brews)
