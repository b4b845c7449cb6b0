"""The options of `--dag-cov`, checked before the tests run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_dagflow.options import COV_BASE, COV_FAIL_UNDER, COV_FROM, COV_REPORT
from pytest_dagflow.pages.templates import check_templates
from pytest_dagflow.paths import check_distinct, given_path, report_path, shown_path

if TYPE_CHECKING:
    from dagflow.testing import Coverage

TERM = "term"
DEFAULT_PATHS = {
    "json": "dag-coverage.json",
    "html": "dag-coverage.html",
    "markdown": "dag-coverage.md",
    "lcov": "dag-coverage.lcov",
    "cobertura": "dag-coverage.xml",
    "sarif": "dag-coverage.sarif",
    "badge": "dag-coverage-badge.json",
}
"""The file of each format if the option names none."""


class Threshold(NamedTuple):
    """A share that the coverage must reach.

    Attributes:
        name: A denominator, or "total".
        minimum: The share in percent.
    """

    name: str
    minimum: float


class Settings(NamedTuple):
    """The settings of `--dag-cov`.

    Attributes:
        is_shown: Whether to print the report to the terminal.
        files: The format and the path of each report.
        thresholds: The shares that must be reached.
        base: The earlier coverage; None without a comparison.
        base_path: Its file; None without a comparison.
        shards: The coverage of other sessions, which is added.
        fails_new: Whether new misses fail the session.
        folder: The folder in which pytest was started.
    """

    is_shown: bool
    files: tuple[tuple[str, Path], ...]
    thresholds: tuple[Threshold, ...]
    base: Coverage | None
    base_path: Path | None
    shards: tuple[Coverage, ...]
    fails_new: bool
    folder: Path

    def shown(self, path: Path | None) -> str:
        """Return a path relative to the folder in which pytest was started, if it is inside."""
        return "" if path is None else shown_path(path, self.folder)


def read_settings(config: pytest.Config) -> Settings:
    """Read the options.

    Raises:
        pytest.UsageError: A format or threshold is unknown, a file cannot be read, or a report cannot be
            written.
    """
    folder = config.invocation_params.dir
    reports: list[str] = config.getoption("dag_cov_report")
    files = [_report(text, folder) for text in reports if text != TERM]
    check_distinct((path for _, path in files), COV_REPORT)
    base: str | None = config.getoption("dag_cov_base")
    base_path = None if base is None else _existing(base, COV_BASE, folder)
    fails_new: bool = config.getoption("dag_cov_fail_new")
    if fails_new and base_path is None:
        raise pytest.UsageError(
            f"--dag-cov-fail-new compares with an earlier report: add {COV_BASE}=FILE, its JSON report"
        )
    return Settings(
        is_shown=not reports or TERM in reports,
        files=tuple(files),
        thresholds=tuple(_threshold(text) for text in config.getoption("dag_cov_fail_under")),
        base=None if base_path is None else _coverage_in(base_path, COV_BASE),
        base_path=base_path,
        shards=tuple(
            _coverage_in(file, COV_FROM)
            for text in config.getoption("dag_cov_from")
            for file in _shards_in(_existing(text, COV_FROM, folder))
        ),
        fails_new=fails_new,
        folder=folder,
    )


def _report(text: str, folder: Path) -> tuple[str, Path]:
    """Return the format and the path of a value of `--dag-cov-report`."""
    name, colon, path_text = text.partition(":")
    if name == TERM and colon:
        raise pytest.UsageError(f"{COV_REPORT}: 'term' prints to the terminal. Write {COV_REPORT}=term")
    if name not in DEFAULT_PATHS:
        forms = ", ".join([TERM, *DEFAULT_PATHS])
        raise pytest.UsageError(
            f"{COV_REPORT}: '{name}' is no format.{_nearest(name, [TERM, *DEFAULT_PATHS])} Write "
            f"{COV_REPORT}=FORMAT or FORMAT:PATH, with one of {forms}"
        )
    if name == "html":
        check_templates(f"{COV_REPORT}=html")
    path = path_text if colon else DEFAULT_PATHS[name]
    return name, report_path(path, folder, f"{COV_REPORT}={name}:")


def _threshold(text: str) -> Threshold:
    from dagflow.testing import DENOMINATORS

    name, colon, number = text.rpartition(":")
    known = [*DENOMINATORS, "total"]
    if colon and name not in known:
        raise pytest.UsageError(
            f"{COV_FAIL_UNDER}: '{name}' is unknown.{_nearest(name, known)} Write {COV_FAIL_UNDER}=NAME:N, "
            f"with one of {', '.join(known)}"
        )
    try:
        minimum = float(number)
    except ValueError:
        minimum = -1
    if not 0 <= minimum <= 100:
        raise pytest.UsageError(
            f"{COV_FAIL_UNDER}: '{number}' is no percentage from 0 to 100. Write {COV_FAIL_UNDER}=80, or "
            f"{COV_FAIL_UNDER}=branches:80 for one denominator"
        )
    return Threshold(name or "total", minimum)


def _existing(text: str, option: str, folder: Path) -> Path:
    path = given_path(text, folder, f"{option}=")
    if not path.exists():
        raise pytest.UsageError(
            f"{option}: '{path}' does not exist. Name the file of an earlier {COV_REPORT}=json:PATH, as "
            f"{option}=PATH"
        )
    return path


def _shards_in(path: Path) -> list[Path]:
    """Return a file, or the JSON files in a folder."""
    found = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    if not found:
        raise pytest.UsageError(
            f"{COV_FROM}: folder '{path}' has no file '*.json'. Name reports of {COV_REPORT}=json:PATH, or a "
            "folder of them"
        )
    return found


def _coverage_in(path: Path, option: str) -> Coverage:
    """Return the coverage in a JSON report."""
    from dagflow import DagflowError
    from dagflow.testing import Coverage

    try:
        return Coverage.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        problem = f"it cannot be read as JSON ({type(error).__name__}: {error})"
    except DagflowError as error:
        problem = str(error)
    raise pytest.UsageError(
        f"{option}: '{path}': {problem}. Name the file of an earlier {COV_REPORT}=json:PATH, as {option}=PATH"
    )


def _nearest(text: str, known: Iterable[str]) -> str:
    near = get_close_matches(text[:100], list(known), 1)
    return f" Did you mean '{near[0]}'?" if near else ""
