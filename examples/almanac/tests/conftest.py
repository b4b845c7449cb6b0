"""The shared fixtures: the archive as a resource of every run, and a file with a missing day."""

import pytest

from almanac.archive import DATA, Archive


@pytest.fixture
def dag_resources():
    """Return the resources of every context and run that a fixture of the plugin makes."""
    return {"archive": Archive()}


@pytest.fixture
def torn_archive(tmp_path):
    """Return an archive whose file lacks the leap day."""
    lines = DATA.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "torn.csv"
    path.write_text("".join(line for line in lines if not line.startswith("2012/02/29")), encoding="utf-8")
    return Archive(path)
