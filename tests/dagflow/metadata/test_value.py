"""Metadata values: their content, and that they are immutable."""

from __future__ import annotations

import datetime
import pathlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.errors import CheckError, ParameterCheckError
from dagflow.keys import AssetKey
from dagflow.metadata.value import MetadataValue

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "attribute", "content"),
    [
        (MetadataValue.text("x"), "text", "x"),
        (MetadataValue.md("x"), "md_str", "x"),
        (MetadataValue.url("x"), "url", "x"),
        (MetadataValue.path(pathlib.Path("/x")), "path", "/x"),
        (MetadataValue.path("/x"), "fspath", "/x"),
        (MetadataValue.notebook("x"), "fspath", "x"),
        (MetadataValue.json({"a": 1}), "data", {"a": 1}),
        (MetadataValue.asset(AssetKey("a")), "asset_key", AssetKey("a")),
        (MetadataValue.dagflow_run("r"), "run_id", "r"),
        (MetadataValue.timestamp(3.0), "value", 3.0),
        (MetadataValue.pool("p"), "name", "p"),
        (MetadataValue.null(), "value", None),
    ],
)
def test_content_has_its_own_name_and_is_the_value(
    value: MetadataValue, attribute: str, content: object
) -> None:
    """The content is an attribute with its own name, and equals `value`."""
    assert getattr(value, attribute) == value.value == content


def test_a_python_artifact_is_module_and_name() -> None:
    """A function or class is stored as its module and name."""
    value = MetadataValue.python_artifact(AssetKey)

    assert (value.module, value.name, value.value) == ("dagflow.keys", "AssetKey", value)
    with pytest.raises(ParameterCheckError, match="python_artifact"):
        MetadataValue.python_artifact(3)  # type: ignore[arg-type]


def test_a_timestamp_knows_its_zone() -> None:
    """A datetime needs a time zone; an int is not a timestamp."""
    moment = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)

    assert MetadataValue.timestamp(moment).value == moment.timestamp()
    with pytest.raises(CheckError, match="time zone"):
        MetadataValue.timestamp(datetime.datetime(2020, 1, 1))
    with pytest.raises(CheckError, match="timestamp"):
        MetadataValue.timestamp("now")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (MetadataValue.int, "x"),
        (MetadataValue.float, 1),
        (MetadataValue.bool, 1),
        (MetadataValue.text, 3),
        (MetadataValue.url, 3),
        (MetadataValue.md, 3),
        (MetadataValue.path, 3),
        (MetadataValue.pool, 3),
        (lambda wrong: MetadataValue.job("j", wrong), 3),
        (MetadataValue.asset, "a"),
        (MetadataValue.dagflow_run, 3),
    ],
)
def test_constructors_check_their_argument(make: object, wrong: object) -> None:
    """A constructor raises for content of another type."""
    with pytest.raises(ParameterCheckError):
        make(wrong)  # type: ignore[operator]


@given(json_values.filter(lambda value: isinstance(value, (dict, list))))
def test_json_values_are_equal_by_content(data: dict[str, object] | list[object]) -> None:
    """Values with equal data are equal, have equal hashes and survive pickling."""
    first, second = MetadataValue.json(data), MetadataValue.json(data)

    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first


def test_json_is_a_copy() -> None:
    """Later changes of the data do not change the metadata; tuples become lists."""
    data = {"a": (1, 2)}
    value = MetadataValue.json(data)
    data["b"] = (3,)

    assert value.data == {"a": [1, 2]}


def test_values_of_another_kind_differ() -> None:
    """Values of different classes differ, and a metadata value differs from its content."""
    assert MetadataValue.text("a") != MetadataValue.url("a")
    assert MetadataValue.int(1) != 1
    assert len({MetadataValue.int(1), MetadataValue.int(1), MetadataValue.int(2)}) == 2


def test_values_do_not_change() -> None:
    """Setting an attribute raises."""
    with pytest.raises(AttributeError, match="'value'"):
        MetadataValue.int(1).value = 2  # type: ignore[misc]


def test_repr_shows_class_and_content() -> None:
    """The repr has the class and the content."""
    assert repr(MetadataValue.md("x")) == "MarkdownMetadataValue(md_str='x')"
    assert repr(MetadataValue.null()) == "NullMetadataValue()"


def test_a_job_is_named_with_its_place() -> None:
    """The value of a reference to a job is the object itself, with job and location."""
    value = MetadataValue.job("j", "here", repository_name="r")

    assert (value.job_name, value.location_name, value.repository_name) == ("j", "here", "r")
    assert value.value is value


def test_equal_values_have_equal_hashes() -> None:
    """1, 1.0 and True are equal in Python, so values with them are equal too."""
    ones = [MetadataValue.json({"a": one}) for one in (1, 1.0, True)]

    assert len(set(ones)) == 1
