"""The command line and the ini file, read once into a frozen `Options`."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

DEFINITIONS = "dag_definitions"
"""The ini key that names the definitions of the project."""


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        select: The texts of `--dag-select`; they unite.
        exclude: The texts of `--dag-exclude`; they unite.
        explain: Whether to print why each test was kept or dropped.
        definitions: Where the definitions of the project are, as `package.module:attribute`; empty if unsaid.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    explain: bool = False
    definitions: str = ""

    @property
    def is_selecting(self) -> bool:
        """Whether ties between tests and nodes matter in this session."""
        return bool(self.select or self.exclude or self.explain)


def add_options(parser: pytest.Parser) -> None:
    """Tell pytest which options there are."""
    group = parser.getgroup("dagflow", "data pipelines")
    group.addoption(
        "--dag-select",
        action="append",
        default=[],
        metavar="EXPR",
        help="run only the tests that touch these nodes: names with walks ('*water', 'water++'), attributes "
        "('kind:dbt', 'tag:team=core', 'key:raw_*'), sinks(...), roots(...), changed(), and, or, not; "
        "given several times, the selections unite",
    )
    group.addoption(
        "--dag-exclude",
        action="append",
        default=[],
        metavar="EXPR",
        help="run no test that touches these nodes; written like --dag-select",
    )
    group.addoption(
        "--dag-explain",
        action="store_true",
        default=False,
        help="print for each test which nodes it touches, how that is known, and why it was kept or dropped",
    )
    parser.addini(
        DEFINITIONS,
        help="the definitions of the project, as 'package.module:attribute'; without it, --dag-select "
        "selects from what the collected test modules and their conftests name",
        default="",
    )


def read_options(config: pytest.Config) -> Options:
    """Read what the user asked for."""
    return Options(
        select=tuple(config.getoption("dag_select")),
        exclude=tuple(config.getoption("dag_exclude")),
        explain=config.getoption("dag_explain"),
        definitions=config.getini(DEFINITIONS).strip(),
    )
