"""Tests of what a session declares about a comparison: rules, markers, code that differs and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.against.declaring import add_code, declare, files_of
from pytest_dagflow.against.recorder import Recorder
from pytest_dagflow.against.rules import Declared, parse_rule

SHOP = """
from pathlib import Path
import dagflow as dg

def words():
    return Path(__file__).with_name("words.txt").read_text()

@dg.asset
def orders():
    return words()

@dg.asset
def total(orders):
    return 1

@dg.asset
def other():
    return 1
"""
TESTS = """
import dagflow as dg
import pytest
import shop

@pytest.mark.dag_expect_change("orders+", columns=["fare"], reason="new tariff")
@pytest.mark.dag_expect_change("other", reason="why not")
def test_all(tmp_path):
    dg.materialize_to_memory([shop.orders, shop.total, shop.other])

def test_plain():
    pass
"""


@pytest.fixture
def session(
    pytester: pytest.Pytester, make_repository: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Collect a committed project, and return its config, tests, graph and labels."""
    repository = make_repository(pytester.path)
    files = {"shop.py": SHOP, "test_shop.py": TESTS, "words.txt": "a", "conftest.py": ""}
    for name, content in files.items():
        (pytester.path / name).write_text(content)
    repository.commit()
    monkeypatch.syspath_prepend(pytester.path)
    pytester.path.joinpath("shop.py").write_text(SHOP.replace("return 1", "return 2", 1) + "\n")
    items, _ = pytester.inline_genitems()
    recorder = Recorder(items[0].config, pytester.path.parent / f"{pytester.path.name}-record", "now")
    graph = recorder.write_graph(items)
    recorder.pytest_sessionfinish()
    return items[0].config, items, graph, recorder.labels


def test_markers_and_rules(session: Any):
    """Expressions become labels; a marker has its columns, its reason and the fixtures of its test."""
    declared = declare(*session, [parse_rule("total: rel=1", "--x"), parse_rule("abs=1", "--x")])

    assert [nodes for _, nodes in declared.rules] == [frozenset({"asset total"}), None]
    (found,) = declared.expectations.values()
    assert list(declared.expectations) == ["test_shop.py::test_all"]
    changes = {one.reason: (sorted(one.nodes), one.columns) for one in found}
    assert changes == {
        "why not": (["asset other"], ()),
        "new tariff": (["asset orders", "asset total"], ("fare",)),
    }
    assert all("tmp_path" in one.fixtures for one in found)
    assert "'other' that marker dag_expect_change expects" in found[0].text + found[1].text


def test_unknown_nodes(session: Any):
    """The error names the rule with its option, and the nearest node."""
    with pytest.raises(pytest.UsageError, match=r"^--x: 'totl: rel=1': .*total"):
        declare(*session, [parse_rule("totl: rel=1", "--x")])


def test_code_and_files(session: Any, pytester: pytest.Pytester):
    """Nodes whose code differs, files whose reader is unknown, and the files of the project are found."""
    config, _, graph, labels = session
    (pytester.path / "unknown.csv").write_text("1")
    (pytester.path / "requirements.txt").write_text("a==1")
    declared = Declared()
    add_code(declared, config, graph, labels, "main")

    assert list(declared.code) == ["asset total"]
    assert declared.new == frozenset()
    assert ["requirements.txt" in note for note in declared.notes] == [True]
    assert ["'unknown.csv'" in reason for reason in declared.unassigned] == [True]

    files = files_of(config, graph)
    assert "words.txt" in files.read
    assert set(files.code) == {"shop.py"}
    assert files.conftests == ["conftest.py"]
    assert files_of(config, None).code == []
