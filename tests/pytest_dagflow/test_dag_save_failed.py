"""Tests of `--dag-save-failed`: each failed step of a failing test becomes a test of its own."""

from __future__ import annotations

import pytest

CAFE = """
    from dagflow import asset, job, op

    @op
    def beans():
        return 3

    @op
    def brew(count):
        raise ValueError(f"no water for {count}")

    @job
    def cafe():
        brew(beans())
"""
TESTS = """
    import pytest
    from cafe import cafe
    from dagflow import asset

    @pytest.mark.parametrize("path", ["../a/b", "c"])
    def test_run(path):
        cafe.execute_in_process()

    def test_local(materialize_to_memory):
        @asset
        def inside():
            raise ValueError("x")

        materialize_to_memory([inside])

    def test_expected():
        assert not cafe.execute_in_process(raise_on_error=False).success
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with three failing tests."""
    pytester.makeini("[pytest]\npythonpath = .")
    pytester.makepyfile(cafe=CAFE)
    pytester.mkdir("tests")
    pytester.makepyfile(**{"tests/test_cafe": TESTS})
    return pytester


def test_the_report_names_the_option(project: pytest.Pytester):
    """A failing test names the command that writes its failed step as a test."""
    result = project.runpytest_inprocess("-k", "test_run and c", "tests")

    result.stdout.fnmatch_lines(
        ["write the failed step as a test:  pytest --dag-save-failed=tests/replayed 'tests?test_cafe.py*"]
    )
    result.stdout.no_fnmatch_line("dag-save-failed: *")


def test_each_failed_step_becomes_a_test(project: pytest.Pytester):
    """The test fails with the error of the user. Ids are no paths. Passing tests write nothing."""
    result = project.runpytest_inprocess("--dag-save-failed=replayed", "tests", "--junitxml=report.xml")
    replayed = project.runpytest_inprocess("replayed")

    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "run the failed step alone:  pytest replayed?test_cafe_test_run_a_b_brew.py",
            "dag-save-failed: wrote tests of 2 failed steps; run them: pytest replayed",
            "dag-save-failed: step 'inside' cannot be replayed by a test, because it is not a global of *",
        ],
        consecutive=False,
    )
    assert sorted(path.name for path in (project.path / "replayed").glob("*.py")) == [
        "test_cafe_test_run_a_b_brew.py",
        "test_cafe_test_run_c_brew.py",
    ]
    assert 'name="dag_saved"' in (project.path / "report.xml").read_text()
    replayed.assert_outcomes(failed=2)
    replayed.stdout.fnmatch_lines(["E * ValueError: no water for 3"])


def test_a_second_session_writes_nothing_new(project: pytest.Pytester):
    """An equal test is left as it is, also by the workers of xdist, and another one is not overwritten."""
    pytest.importorskip("xdist")
    project.runpytest_inprocess("--dag-save-failed=replayed", "tests")
    mine = project.path / "replayed" / "test_cafe_test_run_c_brew.py"
    mine.write_text("mine = 1\n")

    result = project.runpytest("--dag-save-failed=replayed", "-n", "2", "tests")

    result.stdout.fnmatch_lines(["dag-save-failed: wrote tests of 2 failed steps; *"])
    assert mine.read_text() == "mine = 1\n"
    assert sorted(path.name for path in mine.parent.glob("*.py")) == [
        "test_cafe_test_run_a_b_brew.py",
        "test_cafe_test_run_c_brew.py",
        "test_cafe_test_run_c_brew_2.py",
    ]


def test_a_step_of_a_test_module_is_found_again(pytester: pytest.Pytester):
    """The written test adds the folder of the test module, from which it imports the op."""
    pytester.mkdir("suite")
    run = "\n    def test_cafe():\n        cafe.execute_in_process()\n"
    pytester.makepyfile(**{"suite/test_own": CAFE + run})
    pytester.runpytest("--dag-save-failed=replayed", "suite").assert_outcomes(failed=1)

    result = pytester.runpytest_subprocess("replayed")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * ValueError: no water for 3"])
