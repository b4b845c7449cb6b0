"""The paths of reports."""

from __future__ import annotations

from pathlib import Path

from pytest_dagflow.pages.files import shown_path


def test_a_path_outside_is_shown_in_full(tmp_path: Path) -> None:
    """A path is relative to the folder if it is inside."""
    assert shown_path(tmp_path / "a" / "b", tmp_path) == str(Path("a", "b"))
    assert shown_path(tmp_path, tmp_path / "a") == str(tmp_path)
