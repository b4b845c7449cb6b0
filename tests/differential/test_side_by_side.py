"""Random pipelines, run with the reference and with dagflow: all that can be seen of them is the same."""

from __future__ import annotations

import pytest
from descriptions import Assets, Graph, Pipeline, node_names
from drawing import assets, pipelines
from hypothesis import HealthCheck, given, note, settings
from known_differences import excuse
from observation import difference, observe
from program import output_names, program

pytest.importorskip("dagster", reason="the reference is not installed: pip install -e '.[differential]'")

thorough = settings.get_current_profile_name() == "thorough"
examples = settings(
    max_examples=500 if thorough else 25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def nodes_of(description: Pipeline | Assets) -> list[tuple[str, str]]:
    """Each node with each of its outputs; the outputs of the whole under the name ''."""
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


def check(description: Pipeline | Assets) -> None:
    """Fail, with the program and what differs, where the libraries do not agree."""
    source, nodes = program(description), nodes_of(description)
    theirs, ours = (observe(library, source, nodes) for library in ("dagster", "dagflow"))
    found = difference(theirs, ours)
    if found and excuse(source, theirs, ours) is None:
        note(source)
        pytest.fail(f"the same program, not the same run:\n{found}", pytrace=False)


@given(pipelines())
@examples
def test_jobs(pipeline: Pipeline) -> None:
    """A job of ops and graphs: events, outputs, status and errors."""
    check(pipeline)


@given(assets())
@examples
def test_assets(description: Assets) -> None:
    """Assets that are materialized in memory."""
    check(description)
