"""References to code in metadata."""

from __future__ import annotations

import pytest

from dagflow.errors import CheckError, ParameterCheckError
from dagflow.metadata.code import CodeReferencesMetadataValue, LocalFileCodeReference, UrlCodeReference
from dagflow.metadata.normalize import normalize_metadata


def test_code_is_in_files_and_at_addresses() -> None:
    """A reference is a line of a file or a URL; several make one metadata value."""
    places = [LocalFileCodeReference("cafe.py", 3, "the op"), UrlCodeReference("https://example.org", "docs")]
    value = CodeReferencesMetadataValue(places)

    assert [place.source for place in value.code_references] == ["cafe.py", "https://example.org"]
    assert normalize_metadata({"code": value}, "op 'x'")["code"].value == CodeReferencesMetadataValue(
        tuple(places)
    )


def test_what_is_no_reference_is_refused() -> None:
    """A string is not a reference, because it can be a path or a URL."""
    with pytest.raises(CheckError, match=r"'code_references'.*'cafe\.py'"):
        CodeReferencesMetadataValue(["cafe.py"])  # type: ignore[list-item]
    with pytest.raises(ParameterCheckError, match="'code_references'"):
        CodeReferencesMetadataValue("cafe.py")  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="'file_path'"):
        LocalFileCodeReference(3)  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="'url'"):
        UrlCodeReference(3)  # type: ignore[arg-type]
