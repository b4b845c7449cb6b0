"""The version of a test that counts for the revision, in whole sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHOP = """
from dagflow import asset

@asset
def orders():
    return 1

@asset
def sent(orders):
    return 10 // (orders - 1)
"""
TEST = """
import shop
from dagflow import materialize

def test_shop():
    materialize([shop.orders, shop.sent])
"""


def test_a_test_that_fails_on_the_revision_in_both_versions(
    pytester: pytest.Pytester,
    tmp_path: Path,
    make_repository: Callable[[Path], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own version counts if that of the working tree runs nothing there."""
    repository = make_repository(tmp_path / "shop")
    repository.commit(shop_dot_py=SHOP, test_shop_dot_py=TEST, pytest_dot_ini="[pytest]\npythonpath = .\n")
    fresh = "\n@asset\ndef fresh():\n    return 1\n"
    repository.write(
        shop_dot_py=SHOP.replace("return 1\n", "return 2\n") + fresh,
        test_shop_dot_py=TEST.replace("shop.sent", "shop.sent, shop.fresh"),
    )
    monkeypatch.chdir(repository.folder)

    result = pytester.runpytest_inprocess("--dag-against=HEAD", "--dag-against-report=json:out.json")

    result.stdout.fnmatch_lines(["*3 unexpected differences in 2 nodes*"])
    document = json.loads((repository.folder / "out.json").read_text())
    found = {node["label"]: [one["summary"] for one in node["differences"]] for node in document["nodes"]}
    assert found["asset orders"] == ["1 -> 2"]
    assert "STEP_FAILURE sent error=ZeroDivisionError -> STEP_SUCCESS sent" in found["asset sent"]
    assert [node["label"] for node in document["nodes"] if node["is_new"]] == ["asset fresh"]
    assert document["of_revision"] == ["test_shop.py::test_shop"]
