"""Objects that user code returns, yields, logs and raises: their checks and their equality."""

from __future__ import annotations

import pickle

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DataVersion,
    DynamicOutput,
    ExpectationResult,
    Failure,
    MaterializeResult,
    MetadataValue,
    Output,
    ParameterCheckError,
    RetryRequested,
)

METADATA = {"n": 1, "text": "t"}
MADE = [
    lambda: Output(1, "cup", METADATA, DataVersion("v"), tags={"a": "b"}),
    lambda: DynamicOutput(1, "k", "cup", METADATA),
    lambda: AssetMaterialization(["a", "b"], "said", METADATA, "p", {"a": "b"}),
    lambda: AssetObservation("a", metadata=METADATA),
    lambda: ExpectationResult(True, "label", "said", METADATA),
    lambda: MaterializeResult("a", METADATA, data_version=DataVersion("v"), value=3),
    lambda: DataVersion("v"),
]


@pytest.mark.parametrize("make", MADE)
def test_equal_by_value(make):
    """The same arguments give equal objects with the same hash and a repr with all fields."""
    one, other = make(), make()

    assert one == other
    assert hash(one) == hash(other)
    assert repr(one).startswith(f"{type(one).__name__}(")
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != "something else"


def test_an_observation_is_no_materialization():
    """An observation and a materialization differ, even with the same arguments."""
    assert AssetMaterialization("a") != AssetObservation("a")
    assert AssetObservation("a") != AssetObservation("b")


def test_an_observation_shows_what_it_holds():
    """The repr of an observation has the same attributes as that of a materialization."""
    assert repr(AssetObservation("a")) == repr(AssetMaterialization("a")).replace(
        "Materialization", "Observation"
    )


def test_metadata_is_made_of_metadata_values():
    """Plain values become metadata values; the error about others names the owner of the metadata."""
    assert Output(1, metadata={"n": 1}).metadata == {"n": MetadataValue.int(1)}
    with pytest.raises(DagflowInvalidMetadata, match="'cup'"):
        Output(1, "cup", metadata={"x": object()})


@pytest.mark.parametrize(
    "made", [Output(1), Output(1, None), DynamicOutput(1, "k"), DynamicOutput(1, "k", None)]
)
def test_the_default_output(made):
    """The default name of an output is `result`."""
    assert made.output_name == "result"
    assert made.metadata == {}


@pytest.mark.parametrize("key", ["", "a b", "a-b", "a.b", "a/b", "ä", "a\n"])
def test_mapping_keys_are_names(key):
    """A mapping key has letters, digits and underscores only."""
    with pytest.raises(DagflowInvalidDefinitionError, match="mapping key"):
        DynamicOutput(1, key)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Output(1, 3),
        lambda: Output(1, data_version="v"),
        lambda: Output(1, tags=["a"]),
        lambda: DynamicOutput(1, 3),
        lambda: MaterializeResult(data_version="v"),
        lambda: MaterializeResult(metadata=[3]),
        lambda: DataVersion(3),
        lambda: AssetMaterialization("a", partition=3),
        lambda: ExpectationResult("yes"),
        lambda: AssetMaterialization(3),
        lambda: AssetMaterialization("a", description=3),
        lambda: ExpectationResult(True, 3),
        lambda: Failure(3),
        lambda: Failure("spilt", allow_retries="no"),
        lambda: RetryRequested("3"),
        lambda: RetryRequested(True, "3"),
        lambda: RetryRequested(seconds_to_wait="soon"),
        lambda: RetryRequested(seconds_to_wait=True),
    ],
)
def test_arguments_of_the_wrong_type(make):
    """The error names the argument of the wrong type."""
    with pytest.raises(ParameterCheckError, match="must be"):
        make()


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_wait_has_a_finite_length(seconds):
    """A negative or infinite delay of a retry is an error."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'seconds_to_wait' must be a finite number"):
        RetryRequested(seconds_to_wait=seconds)


def test_a_retry_has_defaults():
    """The default is one retry without a delay."""
    retry = RetryRequested()

    assert (retry.max_retries, retry.seconds_to_wait) == (1, None)
    assert RetryRequested(None).max_retries == 1


def test_a_number_of_retries_is_checked_before_it_is_shown():
    """A value that has no text is a parameter of the wrong type, too."""

    class WithoutText:
        def __format__(self, spec):
            raise ValueError("no text")

    with pytest.raises(ParameterCheckError, match="max_retries"):
        RetryRequested(max_retries=WithoutText())


@pytest.mark.parametrize(("given", "allowed"), [(None, True), (True, True), (False, False)])
def test_a_failure_allows_retries_unless_it_says_no(given, allowed):
    """The default of `allow_retries` is True; a failure survives pickling with its fields."""
    failure = Failure("spilt", METADATA, given)

    assert failure.allow_retries is allowed
    again = pickle.loads(pickle.dumps(failure))
    assert (again.description, again.metadata, again.allow_retries) == ("spilt", failure.metadata, allowed)
    assert str(failure) == "spilt"


def test_the_label_of_an_asset():
    """The label consists of the parts of the key."""
    made = AssetMaterialization(["a", "b"])

    assert (made.label, made.asset_key) == ("a b", AssetKey(["a", "b"]))
    assert (made.description, made.metadata, made.partition, made.tags) == (None, {}, None, {})


def test_equal_objects_have_equal_hashes():
    """1, 1.0 and True are equal in Python, so objects with them have equal hashes."""
    assert len({hash(Output(one, metadata={"n": one})) for one in (1, True)}) == 1
    assert hash(Output([1])) == hash(Output([1.0]))
    assert hash(Output(([],))) == hash(Output(([],)))


@pytest.mark.parametrize(
    "make",
    [
        lambda metadata: Output(5, "cup", metadata, DataVersion("v"), tags={"a": "b"}),
        lambda metadata: AssetMaterialization(["a", "b"], "said", metadata, "p", {"a": "b"}),
        lambda metadata: AssetObservation(["a", "b"], "said", metadata, "p", {"a": "b"}),
    ],
)
def test_metadata_can_be_replaced(make):
    """`with_metadata` returns a copy with other metadata; the other fields and the original are unchanged."""
    made = make(METADATA)

    assert made.with_metadata({"new": 2}) == make({"new": 2})
    assert made.with_metadata({**made.metadata, "new": 2}) == make({**METADATA, "new": 2})
    assert made.with_metadata(None) == make(None)
    assert made == make(METADATA)


def test_tags_are_texts():
    """A tag that is not a string is an error that names the owner of the tags."""
    for make in (lambda tags: Output(1, "cup", tags=tags), lambda tags: MaterializeResult(tags=tags)):
        with pytest.raises(DagflowInvalidDefinitionError, match=r"output 'cup'|MaterializeResult"):
            make({"x": 1})
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"AssetObservation of asset 'a'.*'x' has the value 1"
    ):
        AssetObservation("a", tags={"x": 1})


def test_a_file_is_an_asset():
    """The default key of the asset of a file is its path."""
    made = AssetMaterialization.file("/shelf/cups.csv", "written")

    assert made.asset_key == AssetKey(["shelf", "cups.csv"])
    assert (made.description, made.metadata) == ("written", {"path": MetadataValue.path("/shelf/cups.csv")})
    assert AssetMaterialization.file("/shelf/cups.csv", asset_key="cups").asset_key == AssetKey("cups")


def test_an_observation_may_know_a_version():
    """The data version of an observation is in a tag, in either spelling."""
    assert AssetObservation("a").data_version is None
    for tag in ("dagflow/data_version", "dagster/data_version"):
        assert AssetObservation("a", tags={tag: "3"}).data_version == "3"
