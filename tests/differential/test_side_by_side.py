"""Tests of random pipelines: each run with the reference and with dagflow has the same results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import profiles
import pytest
from descriptions import Assets, Graph, Pipeline, node_names, output_names
from drawing import assets, pipelines
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from known_differences import KNOWN_DIFFERENCES, explanation
from observation import difference, observe
from program import program

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
few_examples = settings(examples, max_examples=profiles.number(8))
"""For programs of several definitions and runs, which the reference takes half a second for."""


@dataclass(frozen=True)
class Drawn:
    """A program, and the nodes and outputs whose values are compared."""

    source: str
    nodes: tuple[tuple[str, str], ...]


def programs(descriptions: SearchStrategy[Any]) -> SearchStrategy[Drawn]:
    """Return a strategy for the programs of drawn descriptions."""
    return descriptions.map(lambda drawn: Drawn(program(drawn), tuple(nodes_of(drawn))))


def nodes_of(description: Pipeline | Assets) -> list[tuple[str, str]]:
    """Return each node with each of its outputs; the outputs of the whole job have the node ''."""
    if isinstance(description, Assets):
        return [(f"{a.prefix}__{a.name}" if a.prefix else a.name, "result") for a in description.assets]
    return [*_nodes(description.graph), *(("", name) for name, _ in description.graph.outputs)]


def _nodes(graph: Graph, path: str = "") -> list[tuple[str, str]]:
    found = []
    for name, call in zip(node_names(graph), graph.calls, strict=True):
        found += [(f"{path}{name}", output) for output in output_names(call.definition)]
        if isinstance(call.definition, Graph):
            found += _nodes(call.definition, f"{path}{name}.")
    return found


def check(drawn: Drawn) -> None:
    """Fail, with the program and the differences, if the libraries differ."""
    for raise_on_error in (False, True):
        theirs, ours = (
            observe(library, drawn.source, drawn.nodes, raise_on_error=raise_on_error)
            for library in ("dagster", "dagflow")
        )
        found = difference(theirs, ours)
        if found and explanation(KNOWN_DIFFERENCES, drawn.source, theirs, ours) is None:
            what = f"these differ with {raise_on_error=}"
            pytest.fail(f"of this program\n\n{drawn.source}\n{what}\n\n{found}", pytrace=False)


def test_the_reference_is_another_library() -> None:
    """The reference is not dagflow itself, as after `dagflow.compat.install()`."""
    assert reference.op is not dagflow.op


@given(programs(pipelines()))
@examples
def test_jobs(drawn: Drawn) -> None:
    """Jobs of ops and graphs have equal events, outputs, status and errors."""
    check(drawn)


@given(programs(assets()))
@examples
def test_assets(drawn: Drawn) -> None:
    """Assets that are materialized in memory have equal results."""
    check(drawn)
