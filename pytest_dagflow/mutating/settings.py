"""The options of `--dag-mutate`, checked before the tests are collected."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_dagflow.options import (
    COV,
    HTML,
    MUTATE_FAIL_UNDER,
    MUTATE_FORMATS,
    MUTATE_OPTION,
    MUTATE_REPORT_OPTION,
    MUTATE_TIMEOUT,
    SAVE_FAILED,
    SHADOW,
)
from pytest_dagflow.paths import check_distinct, report_path
from pytest_dagflow.selecting.project import parse_expression

_SETTINGS = pytest.StashKey["Settings"]()
_OTHERS = {
    COV: "no test runs in this process, so that it has nothing to measure",
    HTML: "no test runs in this process, so that the page would have no test",
    SHADOW: "no test runs in this process, so that it has nothing to compare",
    SAVE_FAILED: "it would write a test for each step that fails because of a mutant",
}
"""The options that have no meaning together with `--dag-mutate`, each with the reason."""


class MutateReport(NamedTuple):
    """One value of `--dag-mutate-report`.

    Attributes:
        format: One of MUTATE_FORMATS.
        path: The file to write.
    """

    format: str
    path: Path


class Settings(NamedTuple):
    """The settings of `--dag-mutate`.

    Attributes:
        expressions: The expressions, whose union is mutated; none for all nodes.
        reports: The files with the results.
        fail_under: The percentage of killed mutants below which the session fails; None for no limit.
        timeout: The time limit of a mutant in seconds; None: from the time without a mutation.
    """

    expressions: tuple[str, ...]
    reports: tuple[MutateReport, ...]
    fail_under: float | None
    timeout: float | None


def settings_of(config: pytest.Config) -> Settings:
    """Return the settings of a session, which are read at the first call.

    Raises:
        pytest.UsageError: An option is invalid, or has no meaning together with `--dag-mutate`.
    """
    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = _read_settings(config)
    return config.stash[_SETTINGS]


def _read_settings(config: pytest.Config) -> Settings:
    _refuse_others(config)
    expressions = tuple(text for text in config.getoption("dag_mutate") if text.strip())
    for text in expressions:
        parse_expression(text, MUTATE_OPTION)
    timeout = _number(config, MUTATE_TIMEOUT, "30", None)
    if timeout == 0:
        raise pytest.UsageError(f"{MUTATE_TIMEOUT}: 0 leaves no time. Write {MUTATE_TIMEOUT}=30.")
    reports = tuple(_report(config, text) for text in config.getoption("dag_mutate_report"))
    check_distinct((report.path for report in reports), MUTATE_REPORT_OPTION)
    return Settings(expressions, reports, _number(config, MUTATE_FAIL_UNDER, "80", 100), timeout)


def _refuse_others(config: pytest.Config) -> None:
    if getattr(config.option, "dist", "no") != "no":
        raise pytest.UsageError(
            f"{MUTATE_OPTION} starts a process for each mutant itself, and has no workers of xdist. Leave "
            "'-n' out, or write '-n 0'."
        )
    for option, reason in _OTHERS.items():
        if config.getoption(option.strip("-").replace("-", "_")):
            raise pytest.UsageError(f"{option} has no meaning with {MUTATE_OPTION}: {reason}. Leave one out.")


def _report(config: pytest.Config, text: str) -> MutateReport:
    form, colon, path = text.partition(":")
    if form not in MUTATE_FORMATS or not colon or not path.strip():
        forms = " or ".join(f"{MUTATE_REPORT_OPTION}={one}:PATH" for one in MUTATE_FORMATS)
        raise pytest.UsageError(f"{MUTATE_REPORT_OPTION}: '{text}' is not FORMAT:PATH. Write {forms}.")
    file = report_path(path, config.invocation_params.dir, f"{MUTATE_REPORT_OPTION}={form}:")
    return MutateReport(form, file)


def _number(config: pytest.Config, option: str, example: str, most: float | None) -> float | None:
    text = config.getoption(option)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= (math.inf if most is None else most) or math.isinf(value):
        bounds = "a positive number" if most is None else f"a number from 0 to {most:g}"
        raise pytest.UsageError(f"{option}: '{text}' is not {bounds}. Write {option}={example}.")
    return value
