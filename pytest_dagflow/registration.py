"""The registration of the options and ini keys, with their help texts."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from pytest_dagflow import runtime
from pytest_dagflow.options import (
    AGAINST,
    AGAINST_FAIL,
    AGAINST_PART,
    AGAINST_REPEAT,
    AGAINST_REPORT,
    AGAINST_RULE,
    AGAINST_RULES,
    COV,
    COV_BASE,
    COV_FAIL_NEW,
    COV_FAIL_UNDER,
    COV_FROM,
    COV_LINES,
    COV_REPORT,
    DEFINITIONS,
    FILES,
    HTML,
    INVALIDATE,
    MUTATE_FAIL_UNDER,
    MUTATE_OPTION,
    MUTATE_REPORT_OPTION,
    MUTATE_TIMEOUT,
    REAL_TIME,
    RECORD_FROM_OPTION,
    RECORD_OPTION,
    RUN,
    RUN_PARTITION,
    SAVE_FAILED,
    SHADOW,
)


class _ExplainAction(argparse.Action):
    """The option `--dag-explain`, whose value is optional. It never takes the path behind it as its value."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(nargs=0, **arguments)

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, "json" if (option or "").endswith("json") else "text")


def add_options(parser: pytest.Parser) -> None:
    """Register the options and the ini keys."""
    group = parser.getgroup("dagflow", "data pipelines")
    group.addoption(
        "--dag-select",
        action="append",
        default=[],
        metavar="EXPR",
        help="run only the tests that touch these nodes: names with walks ('*water', 'water++'), attributes "
        "('kind:dbt', 'tag:team=core', 'key:raw_*', 'schedule:nightly'), functions (sinks(...), roots(...), "
        "changed(), new(), failed()), and, or, not; repeated options select the union",
    )
    group.addoption(
        "--dag-exclude",
        action="append",
        default=[],
        metavar="EXPR",
        help="run no test that touches these nodes; syntax as in --dag-select",
    )
    group.addoption(
        "--dag-explain",
        "--dag-explain=json",
        action=_ExplainAction,
        dest="dag_explain",
        default="",
        help="print for each test function the nodes that it touches, the source of each link, what changed, "
        "and why it was kept or dropped; --dag-explain=json prints one JSON document (its form is in "
        "docs/changes.md)",
    )
    group.addoption(
        "--dag-unknown",
        default="run",
        metavar="run|drop",
        help="whether a selection keeps the tests that use dagflow and whose nodes are unknown; default: run",
    )
    group.addoption(
        "--dag-first",
        action="store_true",
        default=False,
        help="run all tests, those of --dag-select first; without --dag-select, those of changed()",
    )
    group.addoption(
        SHADOW,
        action="store_true",
        default=False,
        help="run all tests, and report the failures that --dag-select would have missed, and the tests that "
        "it would have saved; without --dag-select, those of changed()",
    )
    group.addoption(
        RECORD_OPTION,
        default=None,
        metavar="PATH",
        help="keep the record of earlier sessions, which changed() compares with, in this file instead of "
        "pytest's cache",
    )
    group.addoption(
        RECORD_FROM_OPTION,
        action="append",
        default=[],
        metavar="PATH",
        help="read and merge the records in this file or folder too, such as those of the shards of a CI "
        "job; can be repeated",
    )
    group.addoption(
        SAVE_FAILED,
        default=None,
        metavar="FOLDER",
        help="write each failed step of a failing test as a test of its own into this folder: it calls the "
        "function of the step with the same inputs, config and partition",
    )
    group.addoption(
        "--dag-smoke",
        action="store_true",
        default=False,
        help="also test each job, asset, check, schedule, sensor and resource of the project: its default "
        "config, resources, partition mappings, ticks; 'pytest dag-smoke::asset:orders' tests one of them",
    )
    group.addoption(
        HTML,
        default=None,
        metavar="PATH",
        help="write a page of the session: each test with its outcome, and a timeline of each run of it; "
        "with --dag-cov it also has the coverage of the graph",
    )
    _add_coverage_options(group)
    _add_mutate_options(group)
    _add_against_options(parser, group)
    runtime.add_runtime_options(parser, group)
    parser.addini(
        DEFINITIONS,
        help="the definitions of the project, as 'package.module:attribute', for --dag-smoke, --dag-cov and "
        "--dag-select; without it, the last two use the definitions that the collected test modules and "
        "their conftests name",
        default="",
    )
    parser.addini(
        REAL_TIME,
        type="bool",
        help="wait in real time for the retries of runs in all tests; by default these waits are skipped",
        default=False,
    )
    parser.addini(
        FILES,
        type="linelist",
        help="files that belong to nodes for changed(), a glob on each line: 'data/*.parquet' for all nodes, "
        "or 'NODES: data/*.parquet' for those of an expression in the syntax of --dag-select; needed for "
        "files that a library opens without Python's open()",
        default=[],
    )
    parser.addini(
        INVALIDATE,
        type="linelist",
        help="globs of files: changed() selects all tests when such a file changes, is new or is deleted",
        default=[],
    )


def _add_coverage_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        COV,
        action="store_true",
        default=False,
        help="measure which nodes, outputs, branches, edges, checks, retries, failures, hooks, partitions, "
        "config fields, schedules and sensors of the graph the tests exercise",
    )
    group.addoption(
        COV_REPORT,
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help="write a report of --dag-cov: term (default), html, json, lcov, cobertura, markdown, sarif or "
        "badge, each with an optional path as in lcov:out/graph.lcov; can be repeated",
    )
    group.addoption(
        COV_FAIL_UNDER,
        action="append",
        default=[],
        metavar="[NAME:]N",
        help="fail if --dag-cov is below N percent in total, or of one denominator as in branches:80; can be "
        "repeated",
    )
    group.addoption(
        COV_BASE,
        default=None,
        metavar="FILE",
        help="compare --dag-cov with the JSON report of an earlier session, and name the new misses",
    )
    group.addoption(
        COV_FAIL_NEW,
        action="store_true",
        default=False,
        help="fail if there is an item that --dag-cov-base does not have as a miss, and no test exercises it",
    )
    group.addoption(
        COV_FROM,
        action="append",
        default=[],
        metavar="PATH",
        help="add the JSON reports in this file or folder to --dag-cov, such as those of the shards of a CI "
        "job; can be repeated",
    )
    group.addoption(
        COV_LINES,
        action="store_true",
        default=False,
        help="name in the data of a running coverage.py the node that ran each line, as a context such as "
        "'asset orders'; for 'coverage html --show-contexts', after 'coverage run -m pytest' or with --cov",
    )


def _add_mutate_options(group: Any) -> None:
    group.addoption(
        MUTATE_OPTION,
        nargs="?",
        const="",
        action="append",
        default=None,
        metavar="EXPR",
        help="break the pipeline on purpose, one mutant at a time: drop an edge, swap inputs, skip a check, "
        "ignore a retry policy, change a constant... Each mutant runs the tests of its node, and survives if "
        "they pass. --dag-mutate='changed()' mutates the nodes of an expression of --dag-select; write paths "
        "before this option",
    )
    group.addoption(
        MUTATE_REPORT_OPTION,
        action="append",
        default=[],
        metavar="FORMAT:PATH",
        help="also write the result of --dag-mutate to a file: json:PATH or sarif:PATH; can be repeated",
    )
    group.addoption(
        MUTATE_FAIL_UNDER,
        default=None,
        metavar="N",
        help="fail if --dag-mutate kills less than N percent of the mutants",
    )
    group.addoption(
        MUTATE_TIMEOUT,
        default=None,
        metavar="SECONDS",
        help="the time limit of each mutant of --dag-mutate; default: 5 seconds and three times the time of "
        "its tests without a mutation",
    )
    group.addoption("--dag-mutant", default=None, help=argparse.SUPPRESS)


def _add_against_options(parser: pytest.Parser, group: Any) -> None:
    group.addoption(AGAINST_PART, default=None, help=argparse.SUPPRESS)
    group.addoption(
        AGAINST,
        default=None,
        metavar="REVISION",
        help="run the selected tests also on the merge base with this revision of git, in a process of its "
        "own, and report what differs in the data of each node: outputs, metadata, checks, events. Without "
        "--dag-select, the tests of changed(since=REVISION) are selected",
    )
    group.addoption(
        AGAINST_FAIL,
        default=None,
        metavar="unexpected|any|never",
        help="which differences of --dag-against fail the session: those that nothing declares (the "
        "default), any, or none",
    )
    group.addoption(
        AGAINST_REPEAT,
        default=None,
        metavar="N",
        help="how often --dag-against repeats the tests of a node that differs, on each side, to tell a "
        "change from what differs with itself; default: 1",
    )
    group.addoption(
        AGAINST_RULE,
        action="append",
        default=[],
        metavar="[NODES: ]SETTINGS",
        help="what --dag-against counts as equal: 'rel=1e-9', 'orders: abs=0.01 keys=id', "
        "'orders: ignore=loaded_at', 'scratch_*: ignore', 'orders: expect=fare'; can be repeated, and the "
        "later rule wins",
    )
    group.addoption(
        AGAINST_REPORT,
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help="write a report of --dag-against: term (default), markdown, json or html, each with an optional "
        "path as in markdown:out/comment.md; can be repeated",
    )
    group.addoption(
        RUN,
        action="append",
        default=[],
        metavar="SELECTION",
        help="also run this selection of the project on both revisions of --dag-against: a job, or an "
        "expression of --dag-select, as dag_run('SELECTION') does in a test; can be repeated",
    )
    group.addoption(
        RUN_PARTITION,
        action="append",
        default=[],
        metavar="KEY",
        help="a partition key for --dag-run; can be repeated, for a run for each key",
    )
    parser.addini(
        AGAINST_RULES,
        type="linelist",
        help="the rules of --dag-against, one on each line, as --dag-against-rule has them",
        default=[],
    )
