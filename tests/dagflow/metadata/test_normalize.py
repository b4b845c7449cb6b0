"""Conversion of plain values to metadata values."""

from __future__ import annotations

import enum
import pathlib
from datetime import datetime

import pytest

from dagflow.errors import DagflowInvalidMetadata, ParameterCheckError
from dagflow.keys import AssetKey
from dagflow.metadata import value as metadata
from dagflow.metadata.normalize import MetadataEntry, normalize_metadata
from dagflow.metadata.value import MetadataValue


@pytest.mark.parametrize(
    ("plain", "wrapped"),
    [
        (1, metadata.IntMetadataValue(1)),
        (1.5, metadata.FloatMetadataValue(1.5)),
        ("x", metadata.TextMetadataValue("x")),
        (True, metadata.BoolMetadataValue(True)),
        (None, metadata.NullMetadataValue()),
        ({"a": [1]}, metadata.JsonMetadataValue({"a": [1]})),
        ([1, 2], metadata.JsonMetadataValue([1, 2])),
        (AssetKey("a"), metadata.DagflowAssetMetadataValue(AssetKey("a"))),
        (pathlib.Path("/x"), metadata.PathMetadataValue("/x")),
    ],
)
def test_plain_values_are_wrapped(plain: object, wrapped: MetadataValue) -> None:
    """Each type of plain value has its class of metadata value."""
    (value,) = normalize_metadata({"k": plain}, "op 'x'").values()

    assert value == wrapped
    assert type(value) is type(wrapped)


def test_metadata_values_pass_as_they_are() -> None:
    """A metadata value is not wrapped again."""
    url = MetadataValue.url("https://example.org")

    assert normalize_metadata({"k": url}, "op 'x'")["k"] is url


def test_no_metadata_is_an_empty_dict() -> None:
    """None and an empty dict become an empty dict."""
    assert normalize_metadata(None, "op 'x'") == normalize_metadata({}, "op 'x'") == {}


def test_a_subclass_counts_as_its_base() -> None:
    """An IntEnum member becomes an integer value."""
    level = enum.IntEnum("level", "LOW").LOW

    assert normalize_metadata({"k": level}, "op 'x'")["k"] == MetadataValue.int(1)


@pytest.mark.parametrize("value", [(1, 2), {1}, object(), datetime(2020, 1, 1), b"x", int])
def test_other_kinds_are_refused(value: object) -> None:
    """A value of another type is an error that names the owner, the key and the type."""
    with pytest.raises(DagflowInvalidMetadata, match=r"'rows' in the metadata of op 'x'.*") as caught:
        normalize_metadata({"rows": value}, "op 'x'")

    assert f"'{type(value).__name__}'" in str(caught.value)


def test_json_that_cannot_be_encoded_is_refused() -> None:
    """A dict must be valid JSON at every depth; the error names the key."""
    with pytest.raises(DagflowInvalidMetadata, match=r"'rows'.*JSON"):
        normalize_metadata({"rows": {"a": object()}}, "op 'x'")
    with pytest.raises(DagflowInvalidMetadata, match="JSON"):
        MetadataValue.json(object())  # type: ignore[arg-type]


def test_names_must_be_texts_and_metadata_a_dict() -> None:
    """A name that is not a string and metadata that is not a dict are errors."""
    with pytest.raises(ParameterCheckError, match="op 'x'"):
        normalize_metadata({1: 1}, "op 'x'")  # type: ignore[dict-item]
    with pytest.raises(ParameterCheckError, match="op 'x'"):
        normalize_metadata([1], "op 'x'")  # type: ignore[arg-type]


def test_an_entry_is_a_value_with_a_name() -> None:
    """Either argument is the value, wrapped as in a dict; the default is None."""
    given = [MetadataEntry("rows", entry_data=3), MetadataEntry("rows", "all", value=3)]

    assert [entry.entry_data for entry in given] == [MetadataValue.int(3)] * 2
    assert [entry.description for entry in given] == [None, "all"]
    assert MetadataEntry("rows").value == MetadataValue.null()
    with pytest.raises(DagflowInvalidMetadata, match="'rows'"):
        MetadataEntry("rows", value=object())
