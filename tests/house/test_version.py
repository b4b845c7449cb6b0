"""The version of the package has one source, and the changelog knows it."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

import dagflow

ROOT = Path(__file__).parents[2]


def test_the_version_is_that_of_the_distribution() -> None:
    """`dagflow.__version__` is the version in `pyproject.toml`."""
    (version,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)

    assert dagflow.__version__ == version


def test_without_a_distribution_there_is_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the package that is not installed says so."""

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)

    with pytest.raises(AttributeError, match="'pytest-dagflow' is not installed"):
        _ = dagflow.__version__


def test_the_changelog_has_the_version() -> None:
    """The changelog begins with the unreleased changes, and has a section for the current version."""
    page = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    headings = re.findall(r"^## (\S+)", page, flags=re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert dagflow.__version__ in headings
