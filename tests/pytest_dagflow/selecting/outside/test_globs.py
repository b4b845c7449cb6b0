"""Tests of the globs of ini keys: on the disk, and for paths that no longer exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_dagflow.selecting.outside.globs import files_matching, is_match

PATHS = [
    "x.csv",
    "data/x.csv",
    "data/deep/y.csv",
    "data/deep/er/z.parquet",
    "data/[a].csv",
    ".env",
    "data/^.csv",
]
GLOBS = {
    "*.csv": ["x.csv"],
    "**/*.csv": ["data/[a].csv", "data/^.csv", "data/deep/y.csv", "data/x.csv", "x.csv"],
    "data/*": ["data/[a].csv", "data/^.csv", "data/x.csv"],
    "data/**": sorted(path for path in PATHS if path.startswith("data/")),
    "data/**/*.parquet": ["data/deep/er/z.parquet"],
    "data/de?p/[x-z].csv": ["data/deep/y.csv"],
    "data/[!x].csv": ["data/^.csv"],
    "data/[^].csv": ["data/^.csv"],
    "data/[[]a].csv": ["data/[a].csv"],
    "./data/x.csv": ["data/x.csv"],
    ".env": [".env"],
    "[x": [],
}


@pytest.mark.parametrize(("pattern", "expected"), GLOBS.items())
def test_both_ways_match_the_same_files(tmp_path: Path, pattern: str, expected: list[str]):
    """A glob matches the same paths on the disk and as strings."""
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")

    assert files_matching(str(tmp_path), pattern) == expected
    assert sorted(path for path in PATHS if is_match(path, pattern)) == expected


def test_a_glob_may_leave_the_root_folder(tmp_path: Path):
    """Data may lie beside the root folder."""
    (tmp_path / "root").mkdir()
    (tmp_path / "x.csv").write_text("1")

    assert files_matching(str(tmp_path / "root"), "../*.csv") == ["../x.csv"]
    assert is_match("../x.csv", "../*.csv")
