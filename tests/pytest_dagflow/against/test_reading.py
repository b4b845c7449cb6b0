"""The record of one side, read from the files of its processes."""

from __future__ import annotations

import json

import pytest

from pytest_dagflow.against.reading import read_side
from pytest_dagflow.against.records import GraphNode, NodeRun, TestRun, Value


def _write(tmp_path, process, *documents):
    folder = tmp_path / "old"
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps(document) + "\n" for document in documents)
    (folder / f"{process}.jsonl").write_text(lines, encoding="utf-8")


def _run(owner, node, digest):
    run = NodeRun(owner, "assets #1", node, outputs={"result": Value(digest, "int")})
    return {"kind": "run", **run.to_json()}


def test_all_kinds_of_lines_are_read(tmp_path):
    """The lines of the recorder and of the other parts are one record."""
    _write(
        tmp_path,
        "main",
        {"kind": "graph", "label": "asset a", "place": "a.py:3", "parents": ["asset b"], "partitions": ""},
        {"kind": "test", "test": "t.py::a", "outcome": "passed", "seconds": 1.0, "error": ""},
        {"kind": "collected", "missing": ["t.py::b"], "draws": ["t.py::a"]},
        {"kind": "running"},
        {"kind": "broken", "id": "u.py", "error": "SyntaxError"},
        {"kind": "ended", "stopped": "maxfail", "imported": ["b.py", "a.py"], "foreign": ["c.py"]},
        _run("t.py::a", "asset a", "1"),
    )
    _write(tmp_path, "gw0", {"kind": "graph", "problem": "unknown"}, {"kind": "ended", "imported": ["d.py"]})

    found = read_side(tmp_path, "old")

    assert found.graph == {"asset a": GraphNode("asset a", "a.py:3", ["asset b"])}
    assert found.graph_problem == "unknown"
    assert found.tests == {"t.py::a": TestRun("t.py::a", "passed", 1.0)}
    assert (found.missing, found.draws) == (["t.py::b"], {"t.py::a"})
    assert found.broken == {"u.py": "SyntaxError"}
    assert (found.stopped, found.imported, found.foreign) == ("maxfail", ["a.py", "b.py", "d.py"], ["c.py"])
    assert found.runs[0].outputs == {"result": Value("1", "int")}


def test_a_fixture_counts_once_and_a_repeated_test_as_its_last_attempt(tmp_path):
    """Each worker of xdist sets up the fixtures of the session."""
    fixture = "fixture shop of the session"
    _write(
        tmp_path,
        "gw0",
        _run(fixture, "asset a", "1"),
        _run(fixture, "asset a", "2"),
        _run("t.py::a", "asset a", "3"),
        _run("t.py::a", "asset b", "4"),
        {"kind": "again", "owner": "t.py::a"},
        _run("t.py::a", "asset a", "5"),
    )
    _write(tmp_path, "gw1", _run(fixture, "asset a", "6"), _run(fixture, "asset b", "7"))

    found = read_side(tmp_path, "old")

    assert [(run.owner, run.node, run.outputs["result"].digest) for run in found.runs] == [
        (fixture, "asset a", "1"),
        ("t.py::a", "asset a", "5"),
    ]


def test_a_cut_line_stops_the_record(tmp_path):
    """A killed process leaves half a line, and the lines before it count."""
    _write(tmp_path, "main", _run("t.py::a", "asset a", "1"))
    with (tmp_path / "old" / "main.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "ru')

    found = read_side(tmp_path, "old")

    assert len(found.runs) == 1
    assert found.stopped == "it ended during the collection"


def test_an_invalid_line_is_named(tmp_path):
    """The file and the line are in the error."""
    _write(tmp_path, "main", _run("t.py::a", "asset a", "1"), {"kind": "other"})

    with pytest.raises(ValueError, match=r"main\.jsonl, line 2: KeyError: 'other'"):
        read_side(tmp_path, "old")


def test_a_side_without_files_is_empty(tmp_path):
    """No test ran."""
    assert read_side(tmp_path, "old").runs == []
