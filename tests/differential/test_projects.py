"""Tests of random projects: multi-assets, checks, observable assets, and selections of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import SearchStrategy
from program import program
from projects import Project, projects
from stored_partitions import storings
from test_side_by_side import Drawn, check, few_examples

pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")


def programs(*subjects: str) -> SearchStrategy[Drawn]:
    """Return a strategy for programs about the subjects."""

    def written(project: Project) -> Drawn:
        return Drawn(program(project), tuple(project.outputs()))

    return projects(subjects).map(written)


@given(programs("multi"))
@few_examples
def test_multi_assets(drawn: Drawn) -> None:
    """Multi-assets of outs and specs, with subsets and in-asset checks, have equal results."""
    check(drawn)


@given(programs("assets", "checks"))
@few_examples
def test_checks(drawn: Drawn) -> None:
    """Checks of assets have equal evaluations, and block the same steps."""
    check(drawn)


@given(programs("assets", "graphs"))
@few_examples
def test_graph_assets(drawn: Drawn) -> None:
    """Assets of graphs, and selections of some of them, have equal results."""
    check(drawn)


@given(programs("assets", "sources"))
@few_examples
def test_sources(drawn: Drawn) -> None:
    """External and observable assets have equal observations, and equal versions downstream."""
    check(drawn)


@given(programs("assets", "multi", "checks", "graphs", "sources"))
@few_examples
def test_projects(drawn: Drawn) -> None:
    """Definitions of all kinds together have equal results."""
    check(drawn)


@given(storings().map(lambda storing: Drawn(program(storing), tuple(storing.outputs()))))
@few_examples
def test_stored_partitions(drawn: Drawn) -> None:
    """I/O managers store and load the same partitions, with each mapping, for a key and for a range."""
    check(drawn)
