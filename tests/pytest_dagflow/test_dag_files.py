"""Tests of the ini key `dag_files`: files that belong to nodes."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("milk:", "dag_files: 'milk:' lacks the glob behind the colon; write 'GLOB' or 'NODES: GLOB'"),
        (": *.csv", "dag_files: ': [*].csv' lacks the nodes before the colon; write 'GLOB' or 'NODES: GLOB'"),
        ("milk: /data/x.csv", "dag_files: 'milk: /data/x.csv' is not relative to the root folder; write *"),
        ("~/x.csv", "dag_files: '~/x.csv' is not relative to the root folder; write a glob such as *"),
    ],
)
def test_a_line_of_the_wrong_form(pytester: pytest.Pytester, line: str, message: str):
    """The usage error names the line and the right form."""
    pytester.makeini(f"[pytest]\ndag_files =\n  {line}")

    result = pytester.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_lines_of_the_right_form(pytester: pytest.Pytester):
    """A glob belongs to all nodes, or to those of an expression, which may have colons itself."""
    pytester.makeini("[pytest]\ndag_files =\n  *.sql\n  group:raw or milk+: data/**/*.parquet\n")
    pytester.makepyfile(
        """
        from pytest_dagflow.session import session_of

        def test_it(pytestconfig):
            files = session_of(pytestconfig).options.files
            assert files == (("", "*.sql"), ("group:raw or milk+", "data/**/*.parquet"))
        """
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_changed_file_selects_the_tests_of_its_nodes(pytester: pytest.Pytester):
    """A file that no code opens belongs to the nodes of its line, also if it is new."""
    pytester.makeini("[pytest]\ndag_files =\n  key:milk: data/*.parquet\n")
    pytester.mkdir("data")
    (pytester.path / "data" / "a.parquet").write_text("1")
    pytester.makepyfile(
        """
        from dagflow import asset, materialize_to_memory

        @asset
        def milk():
            return 1

        @asset
        def tea():
            return 1

        def test_milk():
            assert materialize_to_memory([milk]).success

        def test_tea():
            assert materialize_to_memory([tea]).success
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)
    for name, content in (("a", "2"), ("b", "1")):
        (pytester.path / "data" / f"{name}.parquet").write_text(content)

        result = pytester.runpytest_inprocess("-v", "--dag-select", "changed(files)", "--dag-explain")

        result.assert_outcomes(passed=1, deselected=1)
        result.stdout.fnmatch_lines(["*test_milk*kept*data/*", "*test_milk PASSED*"])
