"""Tests of the record, `--dag-record` and `--dag-record-from`: what earlier sessions know about each test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

KITCHEN = """
    from dagflow import asset

    @asset
    def water():
        return {water}

    @asset
    def milk():
        return 1
"""
TESTS = """
    from dagflow import materialize_to_memory
    import kitchen

    def test_water():
        assert materialize_to_memory([kitchen.water]).success

    def test_hidden():
        assert materialize_to_memory([getattr(kitchen, "mi" + "lk")]).success

    def test_plain():
        pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Create two assets, a test for each, and a test without dagflow."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    pytester.makepyfile(kitchen=KITCHEN.format(water=1), test_it=TESTS)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process."""
    return project.runpytest("-p", "no:randomly", "-v", *arguments)


def selected(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the tests that changed() selects, without `test_`."""
    result = run(project, "--dag-select", "changed()", *arguments)
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


def lines_of(path: Path) -> list:
    """Return the JSON values of a record."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cached(project: pytest.Pytester) -> Path:
    """Return the record in pytest's cache."""
    return project.path / ".pytest_cache" / "d" / "dagflow" / "record.jsonl"


def names_in(path: Path) -> list[str]:
    """Return the names of the recorded tests."""
    return sorted(name for _, tables in lines_of(path)[1:] for name in tables["tests"])


def test_every_session_records_its_tests(project: pytest.Pytester):
    """A session without an option of the plugin records the tests that use dagflow."""
    run(project)

    head, line = lines_of(cached(project))
    assert (head["dagflow_record"], line[0]) == (2, "test_it.py")
    assert names_in(cached(project)) == ["test_hidden", "test_plain", "test_water"]


def test_a_session_without_dagflow_records_nothing(pytester: pytest.Pytester):
    """Tests that never import dagflow leave no file."""
    pytester.makepyfile("def test_it(): ...")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)

    assert not cached(pytester).exists()


def test_a_part_of_the_tests_keeps_the_record_of_the_others(project: pytest.Pytester):
    """A session of one test changes the record of this test alone; a deleted test is forgotten."""
    project.makepyfile(test_other="from kitchen import milk\ndef test_other(): assert milk\n")
    run(project)
    run(project, "-k", "water")
    assert selected(project) == []

    project.makepyfile(test_it=TESTS.replace("test_hidden", "test_renamed"))
    (project.path / "test_other.py").unlink()

    assert selected(project) == ["renamed"]
    assert names_in(cached(project)) == ["test_plain", "test_renamed", "test_water"]


def test_workers_of_xdist_write_one_record(project: pytest.Pytester):
    """The controller merges the tests of all workers, also of one that crashes."""
    pytest.importorskip("xdist")
    source = (project.path / "test_it.py").read_text(encoding="utf-8")
    crash = "\ndef test_crash():\n    import os\n    assert kitchen.milk\n    os._exit(1)\n"
    project.makepyfile(test_it=source + crash)

    project.runpytest_subprocess("-n", "2", "-p", "no:randomly")
    result = project.runpytest_subprocess("-p", "no:randomly", "--dag-select=failed()", "--co", "-q")

    result.stdout.fnmatch_lines(["test_it.py::test_crash"])
    result.stdout.no_fnmatch_line("test_it.py::test_water")


def test_a_file_keeps_the_record(project: pytest.Pytester):
    """--dag-record writes and reads a file, without pytest's cache too, and creates its folder."""
    options = ("-p", "no:cacheprovider", "--dag-record=build/record.jsonl")
    run(project, *options)

    assert selected(project, *options) == []
    assert not cached(project).exists()
    project.makepyfile(kitchen=KITCHEN.format(water=2))
    assert selected(project, *options) == ["water"]


def test_records_of_shards_are_merged(project: pytest.Pytester):
    """--dag-record-from takes files and folders; the newest pass wins, and a newer failure wins."""
    run(project, "-k", "water", "--dag-record=shards/1.jsonl")
    run(project, "-k", "hidden", "--dag-record=shards/2.jsonl")
    assert selected(project, "--dag-record-from=shards", "--co") == []
    assert selected(project, "--dag-record=a.jsonl", "--dag-record-from=shards") == []
    assert selected(project, "--dag-record=b.jsonl", "--dag-record-from=shards/2.jsonl") == ["water"]
    assert selected(project, "--dag-record=b.jsonl") == []

    project.makepyfile(kitchen=KITCHEN.format(water="1 / 0"))
    run(project, "-k", "water", "--dag-record=failed.jsonl")
    project.makepyfile(kitchen=KITCHEN.format(water=1))

    assert selected(project, "--dag-record-from=failed.jsonl", "--dag-record-from=shards") == ["water"]


@pytest.mark.parametrize(
    ("content", "reason", "is_kept"),
    [
        ("# Notes of a user\n", "it is not a record of dagflow", True),
        ('{"other": 1}\n', "it is not a record of dagflow", True),
        ('{"dagflow_record": 1, "time": 1}\n', "it has the version 1, and this is version 2", False),
        ('{"dagflow_record": 2, "time": "x"}\n', "its first line is broken", False),
        (
            '{"dagflow_record": 2, "time": 1, "untested": {}}\n["test_it.py", {"na',
            "a line of it is broken",
            False,
        ),
        ('{"dagflow_record": 2, "time": 1, "untested": {}}\n["test_it.py", {"na": 1}]', "broken", False),
    ],
)
def test_a_file_that_is_no_record_is_ignored_with_one_line(
    project: pytest.Pytester, content: str, reason: str, is_kept: bool
):
    """All tests run, and the file is named. A file of another program is not replaced."""
    path = project.path / "record.jsonl"
    path.write_text(content, encoding="utf-8")

    result = run(project, "-W", "error", "--dag-record=record.jsonl", "--dag-select", "changed()")

    result.assert_outcomes(passed=3)
    assert len([line for line in result.outlines if "is ignored" in line and reason in line]) == 1
    assert (path.read_text(encoding="utf-8") == content) is is_kept


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--dag-record=", "--dag-record: the path is empty. Write --dag-record=PATH"),
        ("--dag-record=.", "--dag-record: '*' is a folder. Write --dag-record=FILE."),
        ("--dag-record-from=nowhere", "--dag-record-from: '*nowhere' does not exist. Name files *"),
        ("--dag-record-from=.", "--dag-record-from: '*' has no file '[*].jsonl'. Name files *"),
    ],
)
def test_a_wrong_path_is_a_usage_error(project: pytest.Pytester, option: str, message: str):
    """The error names the option and the right form."""
    result = run(project, option, "--dag-select", "changed()")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_file_that_changes_during_the_session_is_named(project: pytest.Pytester):
    """The passes of such a session are not recorded, because the tests may have run with either version."""
    edit = (
        "\ndef test_edit():\n    import os\n    os.utime(kitchen.__file__, (1, 1))\n    assert kitchen.milk\n"
    )
    source = (project.path / "test_it.py").read_text(encoding="utf-8")
    project.makepyfile(test_it=source + edit)

    result = run(project)

    result.stdout.fnmatch_lines(
        ["dagflow: the passes of this session are not recorded, because kitchen.py *"]
    )
    assert "water" in selected(project)


def test_a_module_in_a_temporary_folder_is_no_source(project: pytest.Pytester):
    """A test may write a module into `tmp_path` or another temporary folder, and import it."""
    project.makepyfile(
        test_write="""
            import importlib
            import tempfile
            from pathlib import Path
            import kitchen
            from dagflow import materialize_to_memory

            def test_write(tmp_path, monkeypatch):
                with tempfile.TemporaryDirectory() as other:
                    for folder, name in ((tmp_path, "written_here"), (other, "written_there")):
                        (Path(folder) / f"{name}.py").write_text("AMOUNT = 2")
                        monkeypatch.syspath_prepend(folder)
                        assert importlib.import_module(name).AMOUNT == 2
                assert materialize_to_memory([kitchen.water]).success
        """
    )

    result = run(project)

    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*not recorded*")
    assert selected(project) == []


BROKEN_WATCH = """
    from pytest_dagflow.selecting.outside.places import Places

    def fail(*args):
        raise LookupError("no places")

    Places.file_of = fail
"""


def test_a_session_that_missed_a_read_records_no_pass(project: pytest.Pytester):
    """The tests pass, and the report names the error of the record."""
    project.makeconftest(BROKEN_WATCH)

    # in this process, the session of this test would miss its reads too
    result = project.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*not recorded, because a read was not seen: LookupError: no places*"])


def test_a_cache_that_cannot_be_written(project: pytest.Pytester):
    """The tests run, and a selection says that there is no record."""
    (project.path / ".pytest_cache").write_text("", encoding="utf-8")

    # a process of its own, because the warning of pytest itself is an error here
    project.runpytest_subprocess().assert_outcomes(passed=3, warnings=1)
    result = project.runpytest_subprocess("--dag-select", "changed()")

    result.stdout.fnmatch_lines(["dag-record: none, *pytest's cache is off or has no folder; *"])


def test_parsed_modules_are_kept(project: pytest.Pytester):
    """A later session parses only the modules that have changed; a broken file is written again."""
    run(project)
    path = project.path / ".pytest_cache" / "d" / "dagflow" / "modules.json"
    first = json.loads(path.read_text(encoding="utf-8"))
    project.makepyfile(kitchen=KITCHEN.format(water=2))
    run(project, "--dag-select", "changed()")
    second = json.loads(path.read_text(encoding="utf-8"))
    path.write_text("{", encoding="utf-8")
    project.makepyfile(kitchen=KITCHEN.format(water=3))
    run(project, "--dag-select", "changed()")

    assert len(first) == 2
    assert len(second) == 3
    assert first.items() <= second.items()
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 2


def test_a_skipped_test_is_not_known_to_pass(project: pytest.Pytester):
    """A skipped test runs again; an expected failure counts as a pass."""
    project.makepyfile(
        test_it="""
        import pytest
        from kitchen import water

        @pytest.mark.skip
        def test_skipped():
            assert water

        @pytest.mark.xfail
        def test_expected():
            assert not water
        """
    )
    run(project)

    result = run(project, "--dag-select", "changed()")

    result.assert_outcomes(skipped=1, deselected=1)
