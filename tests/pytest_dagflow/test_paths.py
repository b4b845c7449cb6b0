"""The paths that options name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_dagflow.paths import created_folder, report_path, shown_path


def test_a_path_outside_is_shown_in_full(tmp_path: Path) -> None:
    """A path is relative to the folder if it is inside."""
    assert shown_path(tmp_path / "a" / "b", tmp_path) == str(Path("a", "b"))
    assert shown_path(tmp_path, tmp_path / "a") == str(tmp_path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "--x: the path is empty. Write --x=PATH"),
        ("~nobody-has-this/x", "there is no home folder of '~nobody-has-this'. Write --x=PATH"),
        ("a" * 300, "a: File name too long. Write --x=PATH"),
        ("file/x", "file' is a file"),
    ],
)
@pytest.mark.parametrize("check", [report_path, created_folder])
def test_an_impossible_path_is_an_error(
    tmp_path: Path, check: Callable[[str, Path, str], Path], path: str, message: str
) -> None:
    """No file and no folder can have the path."""
    tmp_path.joinpath("file").touch()

    with pytest.raises(pytest.UsageError, match=re.escape(message)):
        check(path, tmp_path, "--x=")


@pytest.mark.parametrize(
    "prefix",
    [
        "--dag-cov-report=json:",
        "--dag-cov-base=",
        "--dag-cov-from=",
        "--dag-html=",
        "--dag-record=",
        "--dag-record-from=",
        "--dag-save-failed=",
        "--dag-mutate-report=json:",
        "--dag-runtime-report=json:",
    ],
)
def test_each_option_names_itself(pytester: pytest.Pytester, prefix: str) -> None:
    """The session does not start, and the message has the form to write."""
    switches = {"--dag-mutate": "--dag-mutate", "--dag-runtime": "--dag-runtime=dagflow"}
    switch = next((on for name, on in switches.items() if prefix.startswith(name)), "--dag-cov")

    result = pytester.runpytest_subprocess(switch, f"{prefix}~nobody-has-this")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {prefix}~nobody-has-this: *. Write {prefix}PATH"])


@pytest.mark.parametrize("feature", ["mutate", "runtime"])
def test_two_reports_with_one_file(pytester: pytest.Pytester, feature: str) -> None:
    """The later report would replace the other one, also by another form of its path."""
    switch = "--dag-mutate" if feature == "mutate" else "--dag-runtime=dagflow"
    option = f"--dag-{feature}-report"

    result = pytester.runpytest_subprocess(switch, f"{option}=json:a.json", f"{option}=json:x/../a.json")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {option}: two reports have the file '*a.json'. Name another file"])
