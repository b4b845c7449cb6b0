"""Tests of random projects: multi-assets, checks, observable assets, and selections of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import SearchStrategy
from program import program
from projects import Project, projects
from test_side_by_side import Drawn, check, examples

pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")


def drawn(*subjects: str) -> SearchStrategy[Drawn]:
    """Return a strategy for programs about the subjects."""

    def written(project: Project) -> Drawn:
        return Drawn(program(project), tuple(project.outputs()))

    return projects(subjects).map(written)


@given(drawn("multi"))
@examples
def test_multi_assets(program: Drawn) -> None:
    """Multi-assets of outs and specs, with subsets and in-asset checks, have equal results."""
    check(program)


@given(drawn("assets", "checks"))
@examples
def test_checks(program: Drawn) -> None:
    """Checks of assets have equal evaluations, and block the same steps."""
    check(program)


@given(drawn("assets", "sources"))
@examples
def test_sources(program: Drawn) -> None:
    """External and observable assets have equal observations, and equal versions downstream."""
    check(program)


@given(drawn("assets", "multi", "checks", "sources"))
@examples
def test_projects(program: Drawn) -> None:
    """Definitions of all kinds together have equal results."""
    check(program)
