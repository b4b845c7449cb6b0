"""Data versions by partition, and the provenance of a materialization."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetKey,
    CheckError,
    DataProvenance,
    DataVersion,
    DataVersionsByPartition,
    ParameterCheckError,
)

A, B = AssetKey("a"), AssetKey(["p", "q"])
TAGS = {
    "dagflow/code_version": "v1",
    "dagflow/input_data_version/a": "x",
    "dagflow/input_data_version/p/q": "y",
    "dagflow/input_event_pointer/a": "12",
    "dagflow/input_event_pointer/p/q": "NULL",
    "dagflow/data_version": "z",
}


def test_strings_become_data_versions():
    """A string is the value of a DataVersion, so both forms are equal."""
    versions = DataVersionsByPartition({"k": "1", "l": DataVersion("2")})

    assert versions.data_versions_by_partition == {"k": DataVersion("1"), "l": DataVersion("2")}
    assert versions == DataVersionsByPartition({"k": DataVersion("1"), "l": "2"})
    assert versions != DataVersionsByPartition({"k": "1"})


@pytest.mark.parametrize("given", [{"k": 1}, {1: "k"}, {"k": None}])
def test_an_entry_of_another_type_is_refused(given):
    """A partition key is a string, and its version a string or a DataVersion."""
    with pytest.raises(CheckError, match="partition key"):
        DataVersionsByPartition(given)


@pytest.mark.parametrize("given", ["k", None, [("k", "1")], 3])
def test_versions_are_a_dict(given):
    """Anything but a dict is refused."""
    with pytest.raises(ParameterCheckError, match="data_versions_by_partition"):
        DataVersionsByPartition(given)


def test_provenance_from_tags():
    """The tags of a materialization have the versions and the storage ids; NULL means no event."""
    provenance = DataProvenance.from_tags(TAGS)

    assert provenance == DataProvenance(
        "v1", {A: DataVersion("x"), B: DataVersion("y")}, {A: 12, B: None}, False
    )
    assert provenance.has_input_asset(B)
    assert not provenance.has_input_asset(AssetKey("q"))


def test_provenance_of_a_version_of_the_user():
    """A tag marks the data version as given by user code."""
    assert DataProvenance.from_tags(
        {**TAGS, "dagflow/data_version_is_user_provided": "true"}
    ).is_user_provided


def test_provenance_from_tags_of_the_other_prefix():
    """Tags that were written with the prefix of Dagster are read too."""
    assert DataProvenance.from_tags({"dagster/code_version": "v1"}) == DataProvenance("v1", {}, {}, False)


@pytest.mark.parametrize("tags", [{}, {"dagflow/input_data_version/a": "x"}])
def test_no_provenance_without_code_version(tags):
    """Tags without a code version have no provenance."""
    assert DataProvenance.from_tags(tags) is None


@pytest.mark.parametrize(
    "change",
    [
        {"code_version": 1},
        {"input_data_versions": "x"},
        {"input_data_versions": {"a": DataVersion("1")}},
        {"input_data_versions": {A: "1"}},
        {"input_storage_ids": {A: "x"}},
        {"is_user_provided": None},
    ],
)
def test_arguments_of_a_provenance_are_checked(change):
    """Each argument of another type is refused with its name."""
    arguments = {
        "code_version": "1",
        "input_data_versions": {},
        "input_storage_ids": {},
        "is_user_provided": False,
    }

    with pytest.raises(CheckError, match=next(iter(change))):
        DataProvenance(**{**arguments, **change})


def test_tags_are_a_dict():
    """`from_tags` refuses anything but a dict."""
    with pytest.raises(ParameterCheckError, match="tags"):
        DataProvenance.from_tags(None)
