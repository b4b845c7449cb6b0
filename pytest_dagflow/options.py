"""The names of the options and ini keys, and their values, read once into a frozen `Options`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_dagflow import runtime
from pytest_dagflow.paths import created_folder, given_path

DEFINITIONS = "dag_definitions"
"""The ini key that names the definitions of the project."""
REAL_TIME = "dag_real_time"
"""The ini key that switches the skipping of waits off; also the name of a marker."""
RECORD_OPTION = "--dag-record"
"""The option with the file of the record."""
RECORD_FROM_OPTION = "--dag-record-from"
"""The option with more records, such as those of the shards of a CI job."""
COV = "--dag-cov"
"""The option that measures the coverage of the graph."""
COV_REPORT = "--dag-cov-report"
COV_FAIL_UNDER = "--dag-cov-fail-under"
COV_BASE = "--dag-cov-base"
COV_FAIL_NEW = "--dag-cov-fail-new"
COV_FROM = "--dag-cov-from"
HTML = "--dag-html"
"""The option that writes a page of the session."""
COV_LINES = "--dag-cov-lines"
"""The option that names the node of each line in the reports of coverage.py."""
_RUN, _DROP = "run", "drop"

FILES = "dag_files"
"""The ini key that names files which nodes read."""
INVALIDATE = "dag_invalidate"
"""The ini key that names files which concern all tests."""


class NodeFiles(NamedTuple):
    """One line of `dag_files`.

    Attributes:
        nodes: An expression in the syntax of `--dag-select`; "" for all nodes.
        glob: A glob relative to the root folder.
    """

    nodes: str
    glob: str


MUTATE_OPTION = "--dag-mutate"
"""The option that breaks the pipeline on purpose, to see whether a test fails."""
MUTATE_REPORT_OPTION = "--dag-mutate-report"
MUTATE_FORMATS = ("json", "sarif")
MUTATE_FAIL_UNDER = "--dag-mutate-fail-under"
MUTATE_TIMEOUT = "--dag-mutate-timeout"
SAVE_FAILED = "--dag-save-failed"
SHADOW = "--dag-shadow"
AGAINST = "--dag-against"
"""The option that compares the data of two revisions."""
AGAINST_FAIL = "--dag-against-fail"
AGAINST_REPEAT = "--dag-against-repeat"
AGAINST_RULE = "--dag-against-rule"
AGAINST_RULES = "dag_against_rules"
"""The ini key with the rules of `--dag-against`."""
AGAINST_REPORT = "--dag-against-report"
AGAINST_PART = "--dag-against-part"
"""The option of the second session of `--dag-against`: the file of its task. Users do not write it."""
RUN = "--dag-run"
"""The option with a selection that `--dag-against` runs beside the tests."""
RUN_PARTITION = "--dag-run-partition"
RUN_ID = "dag-run"
"""The node id of the items of `--dag-run`."""

SMOKE_ID = "dag-smoke"
"""The node id of the items of `--dag-smoke`."""


class Options(NamedTuple):
    """The options of one session.

    Attributes:
        select: The expressions of `--dag-select`; their union is selected.
        exclude: The expressions of `--dag-exclude`; their union is excluded.
        explain: The form in which to print for each test why it was kept or dropped: "text", "json", or
            empty for not at all.
        is_first: Whether to reorder the tests, the affected ones first, instead of selecting them.
        is_shadow: Whether to run all tests, and to report the failures that the selection would have missed.
        drops_unknown: Whether to drop the tests that can reach dagflow and have no known nodes.
        record: The file of the record; None for pytest's cache.
        record_from: The files with more records.
        definitions: The definitions of the project, as `package.module:attribute`; empty by default.
        is_time_real: Whether all tests wait in real time for retries.
        save_failed: The folder for the tests of failed steps; None without the option.
        coverage: Whether to measure the coverage of the graph.
        html: The file of `--dag-html`, as it is given; None without the option.
        cov_lines: Whether to name the node of each line in the data of coverage.py.
        smoke: Whether to test each definition of the project.
        smoke_names: The definitions to test, as "asset:orders"; empty: all.
        files: The files that nodes read without Python's `open`.
        invalidate: The globs of the files that make `changed()` select all tests when they change.
        mutates: Whether to break the pipeline, and to run the tests on each mutant.
        mutant: The file with the mutant that this process runs for another session; None for no mutant.
        against: The revision of `--dag-against`; None without the option.
        against_part: The file of the task of this process, if it is a second session of `--dag-against`.
        runtime: The value of `--dag-runtime`; empty without the option and the ini key.
        runtime_reports: The values of `--dag-runtime-report`.
        runtime_part: The file for the results of this process, if it is the second one of both runtimes.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    explain: str = ""
    is_first: bool = False
    is_shadow: bool = False
    drops_unknown: bool = False
    record: Path | None = None
    record_from: tuple[Path, ...] = ()
    definitions: str = ""
    is_time_real: bool = False
    save_failed: Path | None = None
    coverage: bool = False
    html: str | None = None
    cov_lines: bool = False
    smoke: bool = False
    smoke_names: tuple[str, ...] = ()
    files: tuple[NodeFiles, ...] = ()
    invalidate: tuple[str, ...] = ()
    mutates: bool = False
    mutant: Path | None = None
    against: str | None = None
    against_part: Path | None = None
    runtime: str = ""
    runtime_reports: tuple[str, ...] = ()
    runtime_part: Path | None = None

    @property
    def is_selecting(self) -> bool:
        """True if this session needs the links between tests and nodes."""
        return bool(self.select or self.exclude or self.explain or self.is_first or self.is_shadow)

    @property
    def drops_tests(self) -> bool:
        """True if the selection drops tests, and does not only explain, reorder or compare."""
        return bool(self.select or self.exclude) and not (self.is_first or self.is_shadow)


def read_options(config: pytest.Config) -> Options:
    """Read the options of a session.

    Raises:
        pytest.UsageError: An option has an unknown value, or a line of an ini key has the wrong form.
    """
    smoke_names = _take_smoke_names(config)
    select, exclude = tuple(config.getoption("dag_select")), tuple(config.getoption("dag_exclude"))
    part = config.getoption("dag_against_part")
    against = None if part is not None else _against(config)
    if against is not None and not (
        select or config.getoption("dag_first") or config.getoption("dag_shadow")
    ):
        quoted = against.replace('"', '""')
        select = (f'changed(since="{quoted}")',)
    unknown = _choice(config, "--dag-unknown", (_RUN, _DROP))
    mutates = _is_on(config, MUTATE_OPTION, (MUTATE_REPORT_OPTION, MUTATE_FAIL_UNDER, MUTATE_TIMEOUT))
    mutant = config.getoption("dag_mutant")
    folder = config.invocation_params.dir
    record_from = (
        given_path(path, folder, f"{RECORD_FROM_OPTION}=") for path in config.getoption("dag_record_from")
    )
    options = Options(
        select=select,
        exclude=exclude,
        explain=config.getoption("dag_explain"),
        is_first=config.getoption("dag_first"),
        is_shadow=config.getoption("dag_shadow"),
        drops_unknown=unknown == _DROP,
        record=_record(config.getoption("dag_record"), folder),
        record_from=tuple(file for path in record_from for file in _records_in(path)),
        definitions=config.getini(DEFINITIONS).strip(),
        is_time_real=config.getini(REAL_TIME),
        save_failed=_save_folder(config.getoption("dag_save_failed"), folder),
        coverage=_is_on(config, COV, (COV_REPORT, COV_FAIL_UNDER, COV_BASE, COV_FAIL_NEW, COV_FROM)),
        cov_lines=config.getoption("dag_cov_lines"),
        html=config.getoption("dag_html"),
        smoke=config.getoption("dag_smoke") or bool(smoke_names),
        smoke_names=smoke_names,
        files=tuple(_node_files(line) for line in config.getini(FILES)),
        invalidate=tuple(_checked_glob(line, INVALIDATE, line) for line in config.getini(INVALIDATE)),
        mutates=mutates and mutant is None,
        mutant=None if mutant is None else Path(mutant),
        against=against,
        against_part=None if part is None else Path(part),
        **_runtime_options(config),
    )
    _check_runtime(options)
    return options


def _runtime_options(config: pytest.Config) -> dict[str, Any]:
    """Read the options of `--dag-runtime`."""
    choice = runtime.started_runtime(config).choice
    part, reports = config.getoption("dag_runtime_part"), tuple(config.getoption("dag_runtime_report"))
    if part is not None:
        return {"runtime": choice, "runtime_part": Path(part)}
    if reports and choice not in (runtime.DAGFLOW, runtime.BOTH):
        raise pytest.UsageError(
            f"{runtime.REPORT_OPTION} reports a suite for Dagster that runs on dagflow: add "
            f"{runtime.OPTION}={runtime.DAGFLOW} or {runtime.OPTION}={runtime.BOTH}"
        )
    return {"runtime": choice, "runtime_reports": reports}


def _check_runtime(options: Options) -> None:
    """Raise if an option cannot have an effect on the chosen runtime.

    Raises:
        pytest.UsageError: It needs the runs or the graph of dagflow, and the tests run on Dagster.
    """
    if options.runtime_part is not None or options.runtime not in (runtime.DAGSTER, runtime.BOTH):
        return
    # a session of both can only measure on dagflow; it cannot choose tests, because both have the same
    measuring = {
        COV: options.coverage,
        COV_LINES: options.cov_lines,
        SAVE_FAILED: options.save_failed is not None,
    }
    choosing = {
        AGAINST: options.against is not None,  # first, because it also selects
        "--dag-select, --dag-exclude, --dag-explain, --dag-first or --dag-shadow": options.is_selecting,
        "--dag-smoke": options.smoke,
        MUTATE_OPTION: options.mutates,
    }
    given = choosing if options.runtime == runtime.BOTH else {**choosing, **measuring}
    for names, is_given in given.items():
        if is_given:
            raise pytest.UsageError(
                f"{names} needs the graph and the runs of dagflow, and has no effect on Dagster. Leave it "
                f"out, or write {runtime.OPTION}={runtime.DAGFLOW}."
            )


def _against(config: pytest.Config) -> str | None:
    """Return the revision of `--dag-against`; None without it."""
    others = (AGAINST_FAIL, AGAINST_REPEAT, AGAINST_RULE, AGAINST_REPORT, RUN, RUN_PARTITION)
    if not _is_on(config, AGAINST, others):
        return None
    reference: str = config.getoption("dag_against")
    if not reference.strip():
        raise pytest.UsageError(f"{AGAINST}: the revision is empty. Write {AGAINST}=main")
    if config.getoption("dag_mutate") is not None:
        raise pytest.UsageError(
            f"{MUTATE_OPTION} runs mutants in place of the tests, so {AGAINST} would compare nothing. Leave "
            "one of them out."
        )
    if config.getoption("dag_run_partition") and not config.getoption("dag_run"):
        raise pytest.UsageError(f"{RUN_PARTITION} has no effect without {RUN}. Add {RUN}=SELECTION.")
    return reference


def _is_on(config: pytest.Config, option: str, others: Iterable[str]) -> bool:
    """Return whether an option is given; the other options of its feature have no meaning without it."""
    is_on = config.getoption(_name(option)) not in (None, False)
    for other in others:
        if config.getoption(_name(other)) not in (None, False, []) and not is_on:
            raise pytest.UsageError(f"{other} has no effect without {option}. Add {option}.")
    return is_on


def _name(option: str) -> str:
    return option.strip("-").replace("-", "_")


def _take_smoke_names(config: pytest.Config) -> tuple[str, ...]:
    """Remove the node ids of smoke items from the arguments, because they are no files, and return them.

    The ids stay in an option, so that the workers of xdist receive them.
    """
    known: list[str] = getattr(config.option, "dag_smoke_names", [])
    ids = [argument for argument in config.args if argument.partition("::")[0] == SMOKE_ID]
    if ids and not (config.rootpath / SMOKE_ID).exists():
        config.args = [argument for argument in config.args if argument not in ids]
        known = config.option.dag_smoke_names = [argument.partition("::")[2] for argument in ids]
    return tuple(name for name in known if name)


def _choice(config: pytest.Config, option: str, values: Iterable[str]) -> str:
    value: str = config.getoption(option)
    if value not in values:
        forms = " or ".join(f"{option}={one}" for one in values)
        raise pytest.UsageError(f"{option}: '{value}' is unknown. Write {forms}.")
    return value


def _record(text: str | None, folder: Path) -> Path | None:
    """Return the file of the record, which may not exist yet, and which a session may only read."""
    if text is None:
        return None
    path = given_path(text, folder, f"{RECORD_OPTION}=")
    if path.is_dir():
        raise pytest.UsageError(f"{RECORD_OPTION}: '{path}' is a folder. Write {RECORD_OPTION}=FILE.")
    created_folder(str(path.parent), folder, f"{RECORD_OPTION}=")
    return path


def _save_folder(text: str | None, folder: Path) -> Path | None:
    return None if text is None else created_folder(text, folder, f"{SAVE_FAILED}=")


def _records_in(path: Path) -> list[Path]:
    """Return a file, or the records in a folder."""
    found = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    if not path.exists() or not found:
        problem = "has no file '*.jsonl'" if path.exists() else "does not exist"
        raise pytest.UsageError(
            f"{RECORD_FROM_OPTION}: '{path}' {problem}. Name files that {RECORD_OPTION}=PATH wrote, or "
            "folders of them."
        )
    return found


def _node_files(line: str) -> NodeFiles:
    """Split a line of `dag_files` at its last colon with a space behind it; names of nodes have none."""
    nodes, colon, pattern = line.rpartition(": ")
    if (colon and not nodes.strip()) or line.endswith(":"):
        missing = "the nodes before" if colon else "the glob behind"
        raise pytest.UsageError(f"{FILES}: '{line}' lacks {missing} the colon; write 'GLOB' or 'NODES: GLOB'")
    return NodeFiles(nodes.strip(), _checked_glob(pattern.strip(), FILES, line))


def _checked_glob(pattern: str, key: str, line: str) -> str:
    if not pattern:
        raise pytest.UsageError(f"{key}: a glob is empty; write one such as 'data/**/*.csv'")
    if os.path.isabs(pattern) or pattern.startswith("~"):
        raise pytest.UsageError(
            f"{key}: '{line}' is not relative to the root folder; write a glob such as 'data/**/*.csv'"
        )
    return pattern
