"""Tests of the fixtures `dag_instance`, `module_dag_instance` and `session_dag_instance`."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_each_test_has_an_empty_instance_of_its_own(pytester: pytest.Pytester):
    """A test does not see the runs of another test."""
    pytester.makepyfile(
        """
        import pytest
        from dagflow import job

        @job
        def breakfast():
            pass

        @pytest.mark.parametrize("number", [1, 2])
        def test_one(dag_instance, number):
            breakfast.execute_in_process(instance=dag_instance)

            assert dag_instance.is_ephemeral
            assert dag_instance.get_runs_count() == 1
        """
    )

    pytester.runpytest().assert_outcomes(passed=2)


def test_wider_instances_are_shared(pytester: pytest.Pytester):
    """A module shares one instance, and the session shares another."""
    code = """
        import pytest
        from dagflow import job

        @job
        def breakfast():
            pass

        @pytest.mark.parametrize("number", [1, 2])
        def test_shared(module_dag_instance, session_dag_instance, number):
            breakfast.execute_in_process(instance=module_dag_instance)
            breakfast.execute_in_process(instance=session_dag_instance)

            assert module_dag_instance.get_runs_count() == number
            assert session_dag_instance.get_runs_count() == number + {}
        """
    pytester.makepyfile(test_a=code.format(0), test_b=code.format(2))

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=4)


def test_the_files_of_an_instance_go_away_with_it(pytester: pytest.Pytester):
    """Files are deleted with each scope; pytest keeps those of a test with `tmp_path` for some sessions."""
    pytester.makepyfile(
        """
        import os
        import pytest
        from dagflow import asset, materialize

        @asset
        def water():
            return 1

        @pytest.fixture(scope="session")
        def folders():
            found = []
            yield found
            print("left:", [folder for folder in found if os.path.exists(folder)])

        @pytest.mark.parametrize("scope", ["", "module_", "session_"])
        def test_files(folders, request, scope):
            instance = request.getfixturevalue(scope + "dag_instance")
            materialize([water], instance=instance)
            folders.append(instance.root_directory)

            assert os.path.isfile(os.path.join(instance.storage_directory(), "water"))

        def test_tmp_path(dag_instance, tmp_path):
            assert dag_instance.root_directory == str(tmp_path / "dagflow")
        """
    )
    result = pytester.runpytest("-p", "no:randomly", "-s")

    result.assert_outcomes(passed=4)
    # the fixture `folders` is set up first, so it is torn down last
    result.stdout.fnmatch_lines(["*left: []*"])


def test_the_instance_of_the_developer_is_left_alone(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Nothing is written to DAGFLOW_HOME."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGFLOW_HOME", str(home))
    pytester.makepyfile(
        """
        from dagflow import asset

        @asset
        def water():
            return 1

        def test_one(materialize, session_dag_instance):
            materialize([water])
            materialize([water], instance=session_dag_instance)
        """
    )

    pytester.runpytest().assert_outcomes(passed=1)
    assert list(home.iterdir()) == []
