"""Tests of the page selections: each row of its tables is true of the project on the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dagflow import AssetSelection
from dagflow.errors import DagflowError, DagflowInvalidSubsetError
from dagflow.selection.parse import parse_clause
from dagflow.selection.tree import ATTRIBUTES, CALLS, ENDS, FACETS
from dagflow.testing import Graph, graph_of, parse_selection, resolve

PAGE = (Path(__file__).parents[2] / "docs" / "selections.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.*`) \| (.*) \| (.*?) ?\|$", PAGE.partition("## Names")[2], re.M)
MEANINGS = [
    (text, nodes)
    for cell, _, nodes in ROWS
    for text, nodes in zip(re.findall("`(.*?)`", cell), nodes.split("; "), strict=True)
]
REFUSED = re.findall(r"^\| `(.*)` \| (.*) \|$", PAGE.partition("| the error has |")[2], re.M)


@pytest.fixture(scope="module")
def shop() -> Graph:
    """Return the graph of the project on the page."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    names: dict[str, Any] = {"__name__": "shop"}
    exec(code, names)
    return graph_of(names["defs"])


def _resolve(text: str, shop: Graph) -> set[str]:
    calls = dict.fromkeys(CALLS, lambda call: ["asset:clay"])
    return {shop.node(node_id).names[0] for node_id in resolve(parse_selection(text), shop, calls=calls)}


@pytest.mark.parametrize(("text", "nodes"), MEANINGS)
def test_a_text_selects_the_nodes_of_its_row(shop: Graph, text: str, nodes: str) -> None:
    """Each text of the tables selects the nodes that its row names."""
    assert _resolve(text, shop) == set(nodes.split())


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_refused_text_has_the_error_of_its_row(shop: Graph, text: str, message: str) -> None:
    """Each text of the last table ends with the message of its row."""
    with pytest.raises(DagflowInvalidSubsetError) as error:
        _resolve(text, shop)

    assert message in str(error.value)


def test_the_tables_are_complete() -> None:
    """The tables have each attribute, function and facet of the grammar, and the quoting of names."""
    texts = " ".join(text for text, _ in MEANINGS)

    assert len(MEANINGS) == 60
    assert len(REFUSED) == 17
    assert [name for name in ATTRIBUTES if f"{name}:" not in texts] == []
    assert [name for name in (*ENDS, *CALLS) if f"{name}(" not in texts] == []
    assert [name for name in FACETS if f"`{name}`" not in PAGE] == []
    for text in re.findall(r"written in quotes[^`]*: `(.*?)`", PAGE.replace("\n", " ")):
        parse_selection(text)


def test_the_examples_of_the_places() -> None:
    """Each place accepts its examples, and the last place accepts all of them."""
    rows = re.findall(r"^\| .* \| (.*) \|$", PAGE.partition("| examples |\n|---|---|---|\n")[2], re.M)
    ops, assets, nodes = (re.findall(r"""`'(.*?)'`|`"(.*?)"`""", row) for row in rows[:3])

    for text in map("".join, ops):
        parse_clause(text)
    for text in map("".join, assets):
        AssetSelection.from_string(text)
    for text in map("".join, ops + assets + nodes):
        parse_selection(text)
    for text in map("".join, nodes):
        with pytest.raises(DagflowError, match="cannot read the selection"):
            AssetSelection.from_string(text)
