"""Benchmarks of selections: the graph of 5,000 assets, and a selection in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

COUNT = 5000
TEXT = '+(kind:sql or tag:t="v") and not roots(*) or key:"*9"+2'
BOTH = pytest.mark.parametrize("who", ["dagflow", "dagster"])


def _assets(runtime: ModuleType) -> list[Any]:
    """Return chains of ten assets, which begin at assets of other chains."""

    def asset(number: int) -> Any:
        before = number - 1 if number % 10 else number // 2
        facts: dict[str, Any] = {"kinds": {"sql"}} if number % 3 else {"tags": {"t": "v"}}
        deps = [runtime.AssetKey(f"a{before}")] if number else []
        return runtime.asset(name=f"a{number}", deps=deps, **facts)(lambda: None)

    return [asset(number) for number in range(COUNT)]


@BOTH
def test_the_graph(measure: Callable[..., Any], who: str) -> None:
    """Measure the build of the graph of 5,000 assets."""
    runtime = pytest.importorskip(who)
    assets = _assets(runtime)

    def build() -> Any:
        return runtime.Definitions(assets).resolve_asset_graph()

    graph = measure("asset_graph", who, build, rounds=10 if who == "dagflow" else 1)

    assert len(graph.get_all_asset_keys()) == COUNT


@BOTH
def test_a_selection(measure: Callable[..., Any], who: str) -> None:
    """Measure the assets of a selection string with walks, attributes, roots and set operations."""
    runtime = pytest.importorskip(who)
    graph = runtime.Definitions(_assets(runtime)).resolve_asset_graph()
    selection = runtime.AssetSelection.from_string(TEXT)
    rounds = 20 if who == "dagflow" else 1

    found = measure("selection", who, lambda: selection.resolve(graph), rounds=rounds)

    assert len(found) == COUNT - 1


def test_a_selection_of_tests(measure: Callable[..., Any]) -> None:
    """Measure the parser and the resolver of `--dag-select`: the same string in a graph of all nodes."""
    import dagflow
    from dagflow.testing import graph_of, parse_selection, resolve

    graph = graph_of(*_assets(dagflow))

    found = measure("selection_of_tests", "dagflow", lambda: resolve(parse_selection(TEXT), graph), rounds=20)

    assert len(found) == COUNT - 1
