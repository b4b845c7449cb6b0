"""The files of reports."""

from __future__ import annotations

from pathlib import Path

from pytest_dagflow.pages.files import shown_path, write_report


def test_missing_folders_are_created(tmp_path: Path) -> None:
    """A report is written into a new folder, with the newlines of its text."""
    path = tmp_path / "a" / "b" / "report.html"

    write_report(path, "one\ntwo\u00e9\n")

    assert path.read_bytes() == "one\ntwo\u00e9\n".encode()


def test_a_path_outside_is_shown_in_full(tmp_path: Path) -> None:
    """A path is relative to the folder if it is inside."""
    assert shown_path(tmp_path / "a" / "b", tmp_path) == str(Path("a", "b"))
    assert shown_path(tmp_path, tmp_path / "a") == str(tmp_path)
