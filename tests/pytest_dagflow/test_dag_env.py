"""Tests of the marker `dag_env`, which sets environment variables during a test."""

from __future__ import annotations

import os

import pytest


def test_variables_are_set_during_the_test_and_restored(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    """Fixtures and child processes have them, None removes one, and the nearest marker wins."""
    monkeypatch.setenv("DAG_OLD", "old")
    monkeypatch.delenv("DAG_NEW", raising=False)
    pytester.makepyfile(
        """
        import os, subprocess, sys, unittest
        import pytest
        from dagflow import EnvVar, asset, op

        pytestmark = pytest.mark.dag_env(DAG_NEW="module", DAG_OLD=None)

        @pytest.fixture
        def seen():
            yield os.environ["DAG_NEW"], os.environ.get("DAG_OLD")
            assert "DAG_NEW" in os.environ

        def test_module(seen):
            code = "import os; print(os.environ['DAG_NEW'], 'DAG_OLD' in os.environ)"
            child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            assert seen == ("module", None)
            assert child.stdout.split() == ["module", "False"]

        @pytest.mark.dag_env(DAG_NEW="class")
        class TestClass:
            def test_class(self, seen):
                assert seen == ("class", None)

            @pytest.mark.dag_env.with_args(DAG_OLD="here")
            def test_method(self, seen):
                assert seen == ("class", "here")

            @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.dag_env(DAG_NEW="param"))])
            def test_parameter(self, n, seen):
                assert seen == ("param", None)

        class TestUnit(unittest.TestCase):
            @pytest.mark.dag_env(DAG_NEW="unit")
            def test_unit(self):
                self.assertEqual(os.environ["DAG_NEW"], "unit")

            def test_raises(self):
                raise AssertionError
        """
    )

    pytester.runpytest("-W", "error", "--strict-markers").assert_outcomes(passed=5, failed=1)

    assert os.environ["DAG_OLD"] == "old"
    assert "DAG_NEW" not in os.environ


@pytest.mark.not_in_wasm("it has no processes")
def test_the_processes_of_an_executor_have_them(pytester: pytest.Pytester):
    """A process that was started earlier, for another test, has the variables of this test."""
    pytester.makepyfile(
        jobs="""
        import os
        from dagflow import job, multiprocess_executor, op

        @op
        def read():
            return os.environ.get("DAG_ENV_TEST")

        @job(executor_def=multiprocess_executor)
        def reading():
            read()
        """,
        test_it="""
        import pytest
        from dagflow import build_reconstructable_job, execute_job

        @pytest.mark.parametrize("value", [
            pytest.param(value, marks=pytest.mark.dag_env(DAG_ENV_TEST=value)) for value in ("a", "b", None)
        ])
        def test_it(value, dag_local_instance):
            job = build_reconstructable_job("jobs", "reading")
            with execute_job(job, dag_local_instance) as result:
                assert result.output_for_node("read") == value
        """,
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "missing a variable: write dag_env(NAME='value')"),
        ("NAME=3", "NAME must be a string, or None to remove it, not 3"),
        ("'NAME'", "*takes 0 positional arguments but 1 was given"),
        ("**{'A=B': 'c'}", "'A=B' cannot be the name of a variable"),
        ("NAME='a\\0b'", "NAME cannot contain a null character"),
    ],
)
def test_a_mistake_is_an_error_at_collection(pytester: pytest.Pytester, arguments: str, message: str):
    """The message has the usage."""
    pytester.makepyfile(f"import pytest\n@pytest.mark.dag_env({arguments})\ndef test_it(): ...")

    result = pytester.runpytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"*::test_it: marker dag_env: {message}", "usage: dag_env([*][*]variables)"])
