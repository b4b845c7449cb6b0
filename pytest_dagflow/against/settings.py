"""The options of `--dag-against`, checked before the tests."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_dagflow.against.rules import Rule, read_rules
from pytest_dagflow.options import AGAINST_FAIL, AGAINST_REPEAT, AGAINST_REPORT, AGAINST_RULES
from pytest_dagflow.pages.templates import check_templates
from pytest_dagflow.paths import check_distinct, report_path
from pytest_dagflow.session import session_of

ON_UNEXPECTED, ON_ANY, NEVER = FAILS = ("unexpected", "any", "never")
"""The values of `--dag-against-fail`."""
TERM = "term"
DEFAULT_PATHS = {"markdown": "dag-against.md", "json": "dag-against.json", "html": "dag-against.html"}
"""The formats of files, each with its default path."""


class Settings(NamedTuple):
    """The options of a comparison.

    Attributes:
        reference: The revision.
        fails: Which differences fail the session: one of FAILS.
        repeats: How often a test is repeated in which something differs.
        rules: The rules, the first one first.
        is_shown: Whether the report is printed.
        files: The format and the path of each report.
    """

    reference: str
    fails: str
    repeats: int
    rules: tuple[Rule, ...]
    is_shown: bool
    files: tuple[tuple[str, Path], ...]


def settings_of(config: pytest.Config) -> Settings:
    """Return the options of a session with `--dag-against`.

    Raises:
        pytest.UsageError: One of them is invalid, or a report cannot be written.
    """
    reports: list[str] = config.getoption("dag_against_report")
    files = tuple(_report(text, config.invocation_params.dir) for text in reports if text != TERM)
    check_distinct((path for _, path in files), AGAINST_REPORT)
    return Settings(
        reference=session_of(config).options.against or "",
        fails=_fails(config.getoption("dag_against_fail")),
        repeats=_repeats(config.getoption("dag_against_repeat")),
        rules=read_rules(config.getoption("dag_against_rule"), config.getini(AGAINST_RULES)),
        is_shown=not reports or TERM in reports,
        files=files,
    )


def _fails(text: str | None) -> str:
    if text is None:
        return ON_UNEXPECTED
    if text not in FAILS:
        forms = ", ".join(f"{AGAINST_FAIL}={one}" for one in FAILS)
        raise pytest.UsageError(
            f"{AGAINST_FAIL}: '{text}' is unknown.{_nearest(text, FAILS)} Write one of {forms}"
        )
    return text


def _repeats(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isdecimal() and int(text) <= _MAX_REPEATS):
        raise pytest.UsageError(
            f"{AGAINST_REPEAT}: '{text}' is no number from 0 to {_MAX_REPEATS}. Write {AGAINST_REPEAT}=1, or "
            f"{AGAINST_REPEAT}=0 to repeat nothing"
        )
    return int(text)


_MAX_REPEATS = 100


def _report(text: str, folder: Path) -> tuple[str, Path]:
    """Return the format and the path of a value of `--dag-against-report`."""
    name, colon, path = text.partition(":")
    if name == TERM and colon:
        raise pytest.UsageError(
            f"{AGAINST_REPORT}: 'term' prints to the terminal. Write {AGAINST_REPORT}=term"
        )
    if name not in DEFAULT_PATHS:
        known = (TERM, *DEFAULT_PATHS)
        raise pytest.UsageError(
            f"{AGAINST_REPORT}: '{name}' is no format.{_nearest(name, known)} Write {AGAINST_REPORT}=FORMAT "
            f"or FORMAT:PATH, with one of {', '.join(known)}"
        )
    if name == "html":
        check_templates(f"{AGAINST_REPORT}=html")
    return name, report_path(path if colon else DEFAULT_PATHS[name], folder, f"{AGAINST_REPORT}={name}:")


def _nearest(text: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(text[:100], known, 1)
    return f" Did you mean '{near[0]}'?" if near else ""
