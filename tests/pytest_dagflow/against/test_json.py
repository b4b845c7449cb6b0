"""The JSON report of two revisions: all of the comparison, in a stable order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flights_result import COMMIT, enriched_table, flights
from hypothesis import given
from parsed_page import HOSTILE

from pytest_dagflow.against.formats import json_format
from pytest_dagflow.against.result import AgainstResult, Difference, NodeChange


def document_of(result: AgainstResult) -> Any:
    """Return the report; a number that JSON does not have is an error."""
    return json.loads(json_format.render(result), parse_constant=pytest.fail)


def test_the_document_has_all() -> None:
    """Keys are documented and in one order, and the numbers of the verdict are counted."""
    document = document_of(flights())
    documented = [
        key.strip("` ")
        for line in (json_format.__doc__ or "").splitlines()
        if line.startswith("| `")
        for key in line.split("|")[1].split(",")
    ]

    assert list(document) == documented
    assert (document["version"], document["reference"], document["commit"]) == (1, "main", COMMIT)
    assert document["counts"] == {"unexpected": 4, "expected": 1, "unstable": 2}
    assert document["verdict"].startswith("4 unexpected differences in 3 nodes")
    assert document["outcomes"] == [
        {"test": "tests/test_flights.py::test_late_share", "old": "passed", "new": "failed"}
    ]
    assert document["new_edges"] == [["asset planes", "asset enriched_flights"]]


def test_nodes_have_states_and_tables() -> None:
    """A node has its state, and the table of a difference its columns with examples."""
    nodes = {node["label"]: node for node in document_of(flights())["nodes"]}
    node = nodes["asset enriched_flights"]
    column = node["differences"][0]["table"]["columns"][0]

    assert list(node)[:3] == ["label", "place", "state"]
    assert node["state"] == "changed"
    assert nodes["asset departures"]["state"] == "equal"
    assert nodes["asset delays_by_hour"]["partitions"] == ["monthly from 2013-01", "daily from 2013-01-01"]
    assert column["examples"][0] == {"row": "N14228, 2013-01-01 05:00", "old": "12.0", "new": "26.5"}
    assert nodes["asset punctuality"]["differences"][0]["table"] is None


def test_numbers_that_json_does_not_have_are_strings() -> None:
    """A largest change of infinity is valid JSON."""
    table = enriched_table()
    table = table._replace(columns=(table.columns[0]._replace(largest=float("inf")),))
    result = flights(nodes=[NodeChange("asset a", differences=[Difference("output", "", "", table=table)])])

    assert document_of(result)["nodes"][0]["differences"][0]["table"]["columns"][0]["largest"] == "inf"


def test_each_key_of_a_node_and_a_difference_is_documented() -> None:
    """The description names each key, so that a new attribute cannot be forgotten."""
    text = json_format.__doc__ or ""
    node = document_of(flights())["nodes"][3]
    difference = node["differences"][0]
    table = difference["table"]

    for part in (node, difference, table, table["columns"][0], table["columns"][0]["examples"][0]):
        assert not [key for key in part if f"`{key}`" not in text]


@given(name=HOSTILE)
def test_names_are_whole(name: str) -> None:
    """A name is in the document as it is, and the document can be encoded."""
    result = flights(nodes=[NodeChange(name)], notes=[name])

    assert json_format.render(result).encode("utf-8")
    document = document_of(result)
    assert (document["nodes"][0]["label"], document["notes"]) == (name, [name])
