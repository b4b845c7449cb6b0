"""Tests of `--dag-against`: the tests run on a revision too, and the data of each node are compared."""

from __future__ import annotations

from typing import Any

import pytest

SHOP = """
import dagflow as dg

@dg.asset
def orders(context):
    context.add_output_metadata({"rows": 3, "file": __file__})
    return [1, 2, 3]

@dg.asset
def total(orders):
    return sum(orders)

@dg.asset
def count(orders):
    return len(orders)

@dg.asset
def report(total, count):
    return {"total": total, "count": count}

@dg.asset
def printed(report):
    if report["total"] > 100:
        raise ValueError("too much")
    return "printed"

@dg.asset
def label(printed):
    return printed

@dg.asset_check(asset=total)
def positive(total):
    return dg.AssetCheckResult(passed=0 < total < 100, metadata={"total": total})

@dg.asset
def old():
    return 1

@dg.asset(deps=[old])
def reader():
    return 1

days = dg.StaticPartitionsDefinition(["mon", "tue"])

@dg.asset(partitions_def=days)
def sales(context):
    return {"mon": 1, "tue": 2}[context.partition_key]

@dg.op
def brew(cups: int):
    return cups * 2

@dg.op
def grind():
    return 3

@dg.job
def cafe():
    brew(grind())
"""
TESTS = """
import dagflow as dg
import pytest
import shop

ASSETS = [shop.orders, shop.total, shop.count, shop.report, shop.printed, shop.label, shop.positive]

def test_all():
    dg.materialize_to_memory(ASSETS, raise_on_error=False)

def test_calls():
    assert shop.total([4, 5]) >= 9
    assert shop.brew(2)

@pytest.mark.dag_partitions(shop.sales)
def test_sales(partition_key):
    dg.materialize_to_memory([shop.sales], partition_key=partition_key)

def test_cafe():
    assert shop.cafe.execute_in_process().success

def test_reader():
    dg.materialize_to_memory([shop.reader])
"""
INI = "[pytest]\npythonpath = .\n"


@pytest.fixture
def shop(compared: Any) -> Any:
    """Commit a project of assets, a check, ops and partitions."""
    compared.commit(shop_dot_py=SHOP, tests__test_shop_dot_py=TESTS, pytest_dot_ini=INI)
    return compared


def test_changes_of_all_kinds(shop: Any):
    """Nodes with changed code, nodes moved by them, equal, new and gone ones are told apart."""
    shop.edit("shop.py", "return sum(orders)", "return sum(orders) + 1000")
    shop.edit("shop.py", "return len(orders)", "number = len(orders)\n    return number")
    shop.edit("shop.py", '"tue": 2}', '"tue": 5}')
    shop.edit("shop.py", '["mon", "tue"]', '["mon", "tue", "wed"]')
    shop.edit("shop.py", "cups * 2", "cups * 3")
    shop.edit("shop.py", "@dg.asset\ndef old():\n    return 1\n", "@dg.asset\ndef newer():\n    return 1\n")
    shop.edit("shop.py", "deps=[old]", "deps=[newer]")
    shop.edit("shop.py", '"rows": 3', '"rows": 4')

    result = shop.run(repeats=True)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert shop.states() == {
        "asset orders": "changed",
        "asset total": "changed",
        "asset count": "changed-equal",
        "asset report": "moved",
        "asset printed": "moved",
        "asset label": "moved",
        "check total:positive": "moved",
        "asset old": "gone",
        "asset newer": "new",
        "asset reader": "changed-equal",
        "asset sales": "changed",
        "op cafe:grind": "equal",
        "op cafe:brew": "changed",
    }
    nodes = shop.nodes()
    facts = {
        label: [(one["kind"], one["label"], one["summary"]) for one in node["differences"]]
        for label, node in nodes.items()
        if node["differences"]
    }
    assert facts == {
        "asset orders": [("metadata", "rows", "3 -> 4")],
        "asset total": [("output", "", "6 -> 1006")],
        "asset report": [("output", "", "['total']: 6 -> 1006")],
        "asset printed": [
            ("events", "", "STEP_SUCCESS printed -> STEP_FAILURE printed error=ValueError"),
        ],
        "asset label": [("events", "", "STEP_SUCCESS label -> it did not run")],
        "check total:positive": [
            ("check", "", "passed: True -> False"),
        ],
        "asset sales": [("output", "", "2 -> 5")],
        "op cafe:brew": [("output", "", "4 -> 6")],
    }
    # the tests of a difference, with direct calls of an asset and of an op
    assert nodes["asset total"]["differences"][0]["tests"] == [
        "tests/test_shop.py::test_all",
        "tests/test_shop.py::test_calls (other values)",
    ]
    assert nodes["op cafe:brew"]["compared"] == 2
    assert nodes["asset sales"]["differences"][0]["tests"] == ["tests/test_shop.py::test_sales[tue]"]
    # the data of 'count' are equal, so they moved nothing
    assert {label: node["causes"] for label, node in nodes.items() if node["causes"]} == {
        "asset total": ["asset orders"],
        "asset report": ["asset total"],
        "asset printed": ["asset total"],
        "asset label": ["asset total"],
        "check total:positive": ["asset total"],
    }
    assert "partitions" in nodes["asset sales"]["code"]
    assert nodes["asset sales"]["partitions"][1].endswith("(['mon', 'tue', 'wed'])")
    document = shop.document
    assert document["compared"] == 6
    assert document["not_compared"] == {
        "tests/test_shop.py::test_sales[wed]": "the revision has no such test"
    }
    assert (document["outcomes"], document["notes"], document["of_revision"]) == ([], [], [])
    assert document["failure"] == "8 unexpected differences"
    assert document["commit"] == shop.git("rev-parse", "main")
    result.stdout.fnmatch_lines(
        [
            "dag-against: main",
            "*= dag-against: main (???????) =*",
            "asset orders  code changed  shop.py:5",
            "asset total  code changed, also downstream of orders  shop.py:*",
            "  output: 6 -> 1006",
            "    in tests/test_shop.py::test_all",
            "       tests/test_shop.py::test_calls (other values)",
            "asset report  moved by total  shop.py:*",
            "new: asset newer",
            "gone: asset old",
            "changed, with equal data: asset count, asset reader",
            "partitions of sales: *",
            "1 node is equal in 6 tests",
            "dag-against: 8 unexpected differences in 8 nodes",
        ]
    )


REPORTS = ("markdown", "json", "html")


def test_reports(shop: Any, monkeypatch: pytest.MonkeyPatch):
    """All reports are written, also to the summary of a job, and a changed edge is in them."""
    pytest.importorskip("jinja2")
    folder = shop.folder.parent
    summary = folder / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    shop.edit(
        "shop.py",
        "def count(orders):\n    return len(orders)",
        "def count(total):\n    return 3 + total - total",
    )
    paths = [f"--dag-against-report={name}:{folder}/out.{name}" for name in REPORTS]

    result = shop.run(*paths, "--dag-cov", f"--dag-html={folder}/page.html", "--dag-against-fail=any")

    assert shop.document["new_edges"] == [["asset total", "asset count"]]
    assert shop.document["gone_edges"] == [["asset orders", "asset count"]]
    assert shop.nodes()["asset count"]["parents"] == [["asset orders"], ["asset total"]]
    assert shop.states()["asset count"] in ("changed-equal", "changed")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    for name in REPORTS:
        text = (folder / f"out.{name}").read_text(encoding="utf-8")
        assert "count" in text
        result.stdout.fnmatch_lines([f"{name} report:*"])
    assert "| " in summary.read_text(encoding="utf-8")
    assert "Compared with" in (folder / "page.html").read_text(encoding="utf-8")


def test_other_sessions(shop: Any, all_plugins: pytest.Pytester):
    """It compares the same under xdist, in a random order, with warnings as errors, and without a cache."""
    shop.edit("shop.py", "return sum(orders)", "return sum(orders) + 1")
    options = ("-n2", "-W", "error", "-p", "no:cacheprovider", "--strict-markers")

    result = shop.run(*options, process=True)

    result.assert_outcomes(passed=2)
    assert {label for label, state in shop.states().items() if state in ("changed", "moved")} == {
        "asset total",
        "asset report",
        "check total:positive",
    }
    assert shop.document["compared"] == 2
    assert shop.document["notes"] == []
    assert result.ret == pytest.ExitCode.TESTS_FAILED


TEST_OF_BOTH = """
import dagflow as dg
import pytest
import shop

def read(name):
    from pathlib import Path
    return Path(__file__).with_name(name).read_text()

def test_new_name(limit):
    assert shop.newer([1, 2]) == limit

def test_total(limit):
    assert shop.total([1, 2]) > 0 and read("limit.txt") == limit

def test_fails():
    shop.total([5])
    assert shop.total([5]) == 6

@pytest.mark.skip
def test_skipped():
    shop.total([5])
"""


def test_tests_of_the_working_tree(shop: Any):
    """Those of the working tree run there, with their data; one that fails, as the revision has it."""
    shop.commit(
        tests__test_both_dot_py=TEST_OF_BOTH.replace("newer([1, 2])", "total([1, 2])").replace(
            "== limit", "!= limit"
        ),
        tests__conftest_dot_py="import pytest\n@pytest.fixture\ndef limit():\n    return 'a'\n",
        tests__limit_dot_txt="z",
    )
    shop.write(
        tests__test_both_dot_py=TEST_OF_BOTH,
        tests__conftest_dot_py="import pytest\n@pytest.fixture\ndef limit():\n    return 'b'\n",
        tests__limit_dot_txt="b",
        tests__test_new_dot_py="import shop\ndef test_it():\n    shop.count([1])\n",
    )
    shop.edit("shop.py", "return sum(orders)", "return sum(orders) + 1")
    shop.edit("shop.py", "def total(orders):", "def total(orders):\n    # now")
    shop.write(
        shop_dot_py=(shop.folder / "shop.py").read_text()
        + "\n\ndef newer(orders):\n    total(orders)\n    return 'b'\n"
    )

    shop.run("tests/test_both.py", "tests/test_new.py")

    document = shop.document
    assert document["of_revision"] == ["tests/test_both.py::test_new_name"]
    assert document["not_compared"] == {}
    assert document["outcomes"] == [
        {"test": "tests/test_both.py::test_fails", "old": "failed", "new": "passed"}
    ]
    total = shop.nodes()["asset total"]
    assert [one["summary"] for one in total["differences"]] == ["3 -> 4"]
    assert "tests/test_both.py::test_fails (other values)" in total["differences"][0]["tests"]


PART = """
import dagflow as dg
from kit.words import word

@dg.asset
def orders():
    return [1, 2]

@dg.asset
def named(orders):
    return word() * len(orders)
"""
TESTS_OF_PART = """
import dagflow as dg
import shop
from hypothesis import given, settings, strategies as st

@dg.asset
def local():
    return 1

def test_all():
    assert dg.materialize_to_memory([shop.orders, shop.named]).success

@settings(max_examples=2, database=None)
@given(st.integers())
def test_drawn(number):
    shop.named([number])

def test_local():
    dg.materialize_to_memory([local])

def test_fails():
    assert not dg.materialize_to_memory([shop.orders]).success

def test_after():
    dg.materialize_to_memory([shop.orders])
"""
FINDER = """
import importlib.util
import sys

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "kit":
            folder = {folder!r}
            return importlib.util.spec_from_file_location(
                name, folder + "/__init__.py", submodule_search_locations=[folder]
            )

sys.meta_path.append(Finder)
"""


def test_a_part_of_a_repository(shop: Any, monkeypatch: pytest.MonkeyPatch):
    """The root folder is below the top, the code beside it is installed by a finder, and names are not ASCII.

    A test module that defines nodes stays as the revision has it, and hypothesis draws what is not compared.
    """
    shop.commit(
        teil_größe__shop_dot_py=PART,
        teil_größe__tests__test_shop_dot_py=TESTS_OF_PART,
        teil_größe__pytest_dot_ini=INI,
        library__kit__words_dot_py="def word(): return 'a'\n",
        library__kit__more_dot_py="",
    )
    part, library = shop.folder / "teil_größe", shop.folder / "library" / "kit"
    (library / "__init__.py").write_text("")
    shop.commit()
    (library / "words.py").write_text("def word(): return 'b'\n")
    shop.edit("teil_größe/tests/test_shop.py", "return 1\n", "return 2\n")
    site = shop.folder.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(FINDER.format(folder=str(library)))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
    monkeypatch.chdir(part)

    result = shop.run("-x", process=True)

    result.assert_outcomes(passed=3, failed=1)
    assert shop.states() == {"asset orders": "equal", "asset named": "moved", "asset local": "changed"}
    nodes = shop.nodes()
    assert [one["summary"] for one in nodes["asset named"]["differences"]] == ["'aa' -> 'bb'"]
    assert [one["summary"] for one in nodes["asset local"]["differences"]] == ["1 -> 2"]
    assert shop.document["not_compared"] == {"tests/test_shop.py::test_drawn": "hypothesis draws its inputs"}
    assert shop.document["compared"] == 3
    assert shop.document["outcomes"] == []
    assert shop.document["notes"] == [
        "'../library/kit/words.py' changed, and no path in the code names it. It may have moved nodes"
    ]


def test_other_options(shop: Any):
    """A session that only collects, or in which no test runs, compares nothing, and mutants run no test."""
    shop.edit("shop.py", "return 3\n", "return 4\n")

    result = shop.pytester.runpytest_inprocess("--dag-against=main", "--dag-mutate")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-mutate runs mutants in place of the tests, so --dag-against would*"])

    result = shop.run("--collect-only", "-q")
    assert not shop.report.exists()
    assert result.ret == pytest.ExitCode.OK

    shop.git("checkout", "-q", "shop.py")
    result = shop.run("-q")
    assert shop.document["notes"] == ["no test ran, so nothing was compared"]
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["dag-against: no test was compared"])


FRAMES = """
import dagflow as dg

@dg.asset
def table():
    import {library} as frames
    return frames.DataFrame({{"id": [*range(20)], "fare": [1.0, 2.0] * 10, "tip": [0] * 20}})
"""
TEST_OF_FRAMES = """
import dagflow as dg
import frames

def test_it():
    dg.materialize_to_memory([frames.table])
"""


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(shop: Any, library: str):
    """Rows are matched by a key that is found; rows, columns and cells that differ are counted."""
    pytest.importorskip(library)
    shop.commit(
        frames_dot_py=FRAMES.format(library=library),
        tests__test_frames_dot_py=TEST_OF_FRAMES,
    )
    shop.edit("frames.py", "[*range(20)]", "[*range(1, 20)]")
    shop.edit("frames.py", "[1.0, 2.0] * 10", "[2.5] + [1.0, 2.0] * 9")
    shop.edit("frames.py", '"tip": [0] * 20', '"tips": [0] * 19')

    shop.run("tests/test_frames.py")

    (difference,) = shop.nodes()["asset table"]["differences"]
    table = difference["table"]
    assert (table["keys"], table["is_key_found"], table["height"]) == (["id"], True, [20, 19])
    assert (table["added"], table["removed"], table["changed"]) == (0, 1, 1)
    assert [(one["name"], one["cells"], one["largest"]) for one in table["columns"]] == [("fare", 1, 0.5)]
    assert (table["new_columns"], table["gone_columns"]) == (["tips"], ["tip"])
