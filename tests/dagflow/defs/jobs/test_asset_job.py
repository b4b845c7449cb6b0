"""Asset jobs: the assets that run, their graph, and invalid sets of assets."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    AssetKey,
    AssetSelection,
    AssetSpec,
    Definitions,
    DynamicPartitionsDefinition,
    ResourceDefinition,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    graph_asset,
    materialize_to_memory,
    mem_io_manager,
    op,
    resource,
    static_partitioned_config,
)
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.errors import (
    CheckError,
    DagflowError,
    DagflowInvalidAssetSelectionError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidSubsetError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)


@asset
def water() -> Any:
    return 1


@asset
def leaves() -> Any:
    return 2


@asset(key_prefix="hot")
def tea(water: Any, leaves: Any) -> Any:
    return water + leaves


@asset(deps=[tea])
def party() -> Any: ...


ASSETS = [party, tea, leaves, water]


def _runs(selection: Any) -> list[str]:
    return sorted(build_asset_job(ASSETS, selection=selection).graph.node_names())


def test_the_job() -> None:
    """An asset job has a name, tags, dependencies and an asset layer."""
    made = build_asset_job(ASSETS, tags={"t": 1})

    assert made.name == "__ephemeral_asset_job__"
    assert made.tags == {"t": "1"}
    assert set(made.graph.wires["hot__tea"]) == {"water", "leaves"}
    assert made.graph.wires["party"]["hot_tea"].node == "hot__tea"
    assert made.asset_layer is not None
    assert made.asset_layer.definitions[("hot__tea",)] is tea


@pytest.mark.parametrize("container", [list, tuple, set])
def test_collections_of_assets(container: Any) -> None:
    """Any collection of assets is accepted, and a repeated asset counts once."""
    made = build_asset_job(container([water, water, leaves]))
    assert sorted(made.graph.node_names()) == ["leaves", "water"]


@pytest.mark.parametrize(
    ("selection", "nodes"),
    [
        (None, ["hot__tea", "leaves", "party", "water"]),
        ("*", ["hot__tea", "leaves", "party", "water"]),
        ("water", ["water"]),
        ([water, tea], ["hot__tea", "water"]),
        ((AssetKey("water"),), ["water"]),
        (["water", "kind:no", "+key:party and not key:water"], ["hot__tea", "leaves", "party", "water"]),
        (AssetSelection.assets(tea).upstream() - AssetSelection.assets(leaves), ["hot__tea", "water"]),
        ("group:nope", []),
        ("hot/tea", ["hot__tea"]),
        ("+hot/tea", ["hot__tea", "leaves", "water"]),
        ("*party", ["hot__tea", "leaves", "party", "water"]),
        ("water+", ["hot__tea", "water"]),
        ("water*", ["hot__tea", "party", "water"]),
    ],
)
def test_selections(selection: Any, nodes: list[str]) -> None:
    """A selection is an AssetSelection, a string, or a list of strings, keys or definitions."""
    assert _runs(selection) == nodes


@pytest.mark.parametrize(
    "selection", ["nope", ["nope"], [AssetKey("nope")], ["water", "nope"], [SourceAsset("x")], "+nope"]
)
def test_unknown_selections(selection: Any) -> None:
    """An unknown asset raises an error of the selection, which is the cause of the error of a job."""
    job = define_asset_job("drinks", selection)

    with pytest.raises(DagflowInvalidSubsetError, match="was selected, but no AssetsDefinition"):
        _runs(selection)
    with pytest.raises(DagflowInvalidDefinitionError, match="Failed to resolve asset job 'drinks'") as raised:
        job.resolve(ASSETS)
    assert isinstance(raised.value.__cause__, DagflowInvalidSubsetError)


@pytest.mark.parametrize("selection", ["beans", "beans+", "is:external"])
def test_an_external_asset_cannot_run(selection: str) -> None:
    """The error has the keys that nothing computes."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"contains \['beans'\], which nothing computes"):
        build_asset_job([*ASSETS, SourceAsset("beans")], selection=selection)


@pytest.mark.parametrize("selection", [5, object(), [5], [], {"water"}, water, ["water", water], [["water"]]])
def test_what_is_no_selection(selection: Any) -> None:
    """A value of another form raises when the job is defined."""
    with pytest.raises(DagflowError, match="'selection' must be an AssetSelection"):
        define_asset_job("drinks", selection)


def test_the_attributes_of_an_unresolved_job() -> None:
    """It has its arguments as attributes, and its metadata can be replaced."""
    plain, full = define_asset_job("j"), define_asset_job("j", "water", tags={"x": 1}, metadata={"n": 1})

    assert (plain.tags, plain.run_tags, full.tags, full.run_tags) == ({}, {}, {"x": "1"}, {})
    assert (plain.config, plain.description, plain.metadata, plain.owners) == (None,) * 4
    assert (plain.executor_def, plain.hooks, plain.op_retry_policy) == (None,) * 3
    changed = full.with_metadata({"n": 2})
    assert (full.metadata, changed.metadata, changed.selection) == ({"n": 1}, {"n": 2}, full.selection)
    assert changed.resolve(ASSETS).metadata["n"].value == 2
    with pytest.raises(CheckError):
        full.with_metadata(5)  # type: ignore[arg-type]


def test_partitions_of_a_job_of_unpartitioned_assets() -> None:
    """They are ignored, because no asset has partitions."""
    job = define_asset_job("j", partitions_def=StaticPartitionsDefinition(["a"])).resolve(ASSETS)

    assert job.partitions_def is None
    assert job.asset_layer is not None
    assert job.asset_layer.executable_asset_keys == {own.key for own in ASSETS}


def test_the_selection_of_an_unresolved_job() -> None:
    """It is an AssetSelection; without one, all materializable assets are selected."""
    assert define_asset_job("j").selection == AssetSelection.all()
    assert define_asset_job("j", "+water").selection == AssetSelection.assets("water").upstream(1)
    graph = Definitions(ASSETS).resolve_asset_graph()
    assert define_asset_job("j", "water").resolve(asset_graph=graph).graph.node_names() == ["water"]
    with pytest.raises(DagflowInvalidAssetSelectionError):
        define_asset_job("j", "wat er(")


@given(st.text(alphabet="watehor/*+ :()", max_size=10))
def test_any_string_selects_or_is_refused(text: str) -> None:
    """Any string selects at least one asset, or raises the error of the selection."""
    with suppress(DagflowInvalidAssetSelectionError, DagflowInvalidSubsetError):
        assert set(_runs(text)) <= set(_runs(None))


def test_what_is_not_selected_is_loaded() -> None:
    """An asset that is not selected is no node, but the layer has it."""
    made = build_asset_job(ASSETS, selection="hot/tea")

    assert made.graph.wires == {"hot__tea": {}}
    assert made.asset_layer is not None
    assert set(made.asset_layer.known) == {own.key for own in ASSETS}


def _cycle() -> Any:
    return build_asset_job([asset(name=a, deps=[b])(lambda: 1) for a, b in ("ab", "bc", "ca")])


other_water = asset(name="water")(lambda: 3)
BAD: list[tuple[str, Any, type[Exception], str]] = [
    (
        "one asset",
        lambda: build_asset_job(water),
        ParameterCheckError,
        "'assets' must be a list of assets, not <asset 'water'>",
    ),
    ("text", lambda: build_asset_job("water"), ParameterCheckError, "'assets' must be a list"),
    ("mapping", lambda: build_asset_job({"a": water}), ParameterCheckError, "'assets' must be a list"),
    ("number", lambda: build_asset_job(5), ParameterCheckError, "not 5 of type 'int'"),
    (
        "element",
        lambda: build_asset_job([water, 5]),
        CheckError,
        "'assets' holds 5 of type 'int', which is not an asset",
    ),
    ("function", lambda: build_asset_job([_cycle]), CheckError, "decorated with @asset"),
    (
        "one key twice",
        lambda: build_asset_job([water, other_water]),
        DagflowInvalidDefinitionError,
        r"Duplicate asset key: AssetKey\(\['water'\]\) .*test_asset_job.py:\d+ and .*test_asset_job.py:\d+",
    ),
    (
        "key of a source",
        lambda: build_asset_job([water, SourceAsset("water")]),
        DagflowInvalidDefinitionError,
        "'water'",
    ),
    (
        "one step twice",
        lambda: build_asset_job([asset(key=key)(lambda: 1) for key in ("a-b", "a.b")]),
        DagflowInvalidDefinitionError,
        "asset 'a-b' .* and asset 'a.b' .* would have one step name, 'a_b', because",
    ),
    (
        "input",
        lambda: build_asset_job([tea, water]),
        DagflowInvalidDefinitionError,
        r"input 'leaves' of asset 'hot/tea' \(.*test_asset_job.py:\d+\) reads asset 'leaves', which was not",
    ),
    (
        "cycle",
        _cycle,
        DagflowInvalidDefinitionError,
        r"in a cycle: 'a' \(.*:\d+\) -> 'c' \(.*\) -> 'b' \(.*\) -> 'a' ",
    ),
    (
        "itself",
        lambda: build_asset_job([asset(name="a", deps=["a"])(lambda: 1)]),
        DagflowInvalidDefinitionError,
        "asset 'a' .*depends on itself",
    ),
    ("resources", lambda: build_asset_job([water], resources=[1]), ParameterCheckError, "resources"),
]


@pytest.mark.parametrize(("build", "error", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_refused(build: Any, error: type[Exception], message: str) -> None:
    """Errors name the keys and, if possible, the location."""
    with pytest.raises(error, match=message):
        build()


def test_deps_need_no_definition() -> None:
    """An unknown asset in `deps` is ignored, since `deps` only orders."""
    assert build_asset_job([party]).graph.node_names() == ["party"]


def test_resources_of_assets() -> None:
    """They are added to the given resources; equal objects do not conflict."""
    thing, made = object(), ResourceDefinition.hardcoded_resource(1)
    one = asset(name="one", resource_defs={"a": thing, "b": made})(lambda: 1)
    two = asset(name="two", resource_defs={"a": thing, "b": made})(lambda: 1)

    job = build_asset_job([one, two, AssetSpec("x")], resources={"c": 3})

    assert (job.resource_defs["a"].value, job.resource_defs["b"], job.resource_defs["c"].value) == (
        thing,
        made,
        3,
    )


@pytest.mark.parametrize("same", [False, True])
def test_a_resource_in_two_places(same: bool) -> None:
    """A key from both the asset and the caller raises, even for one object."""
    mine = ResourceDefinition.hardcoded_resource(1)
    one = asset(name="one", resource_defs={"a": mine})(lambda: 1)

    with pytest.raises(
        DagflowInvalidInvocationError, match="resource 'a' was given, but <asset 'one'> has its own"
    ):
        build_asset_job([one], resources={"a": mine if same else 2})


def test_assets_with_different_resources_for_a_key() -> None:
    """The error names both assets and the key."""
    assets = [asset(name=name, resource_defs={"a": object()})(lambda: 1) for name in ("one", "two")]

    with pytest.raises(DagflowInvalidDefinitionError, match=r"key 'a' .*<asset 'one'> and <asset 'two'>"):
        build_asset_job(assets)


def test_the_default_io_manager_stands_for_all_that_are_missing() -> None:
    """It replaces each missing I/O manager of assets and sources; given ones stay."""
    one = asset(name="one", io_manager_key="k1")(lambda: 1)
    source = SourceAsset("s", io_manager_key="k2")

    job = build_asset_job([one, source], resources={"k1": 5}, default_io_manager=mem_io_manager)

    assert job.resource_defs["k1"].value == 5
    assert job.resource_defs["k2"] is job.resource_defs["io_manager"] is mem_io_manager


def test_partitions() -> None:
    """The job has the partitions of its assets, if they have one definition."""
    parts, equal = StaticPartitionsDefinition(["a"]), StaticPartitionsDefinition(["a"])
    other = StaticPartitionsDefinition(["b"])
    one, two, three = (
        asset(name=name, partitions_def=own)(lambda: 1)
        for name, own in (("x", parts), ("y", equal), ("z", other))
    )

    assert build_asset_job([one, two, water]).partitions_def == parts
    assert build_asset_job([one, three], selection=["z"]).partitions_def is other
    assert build_asset_job([water]).partitions_def is None
    with pytest.raises(
        DagflowInvalidDefinitionError, match="<asset 'x'> and <asset 'z'> must have the same partitions"
    ):
        build_asset_job([one, three])


def project_job(*assets, **options):
    """The job `j` of these assets, out of Definitions."""
    return Definitions(assets, jobs=[define_asset_job("j", **options)]).get_job_def("j")


@pytest.mark.parametrize(
    ("selection", "steps"),
    [(None, ["raw", "clean"]), ("raw", ["raw"]), ("*clean", ["raw", "clean"]), (["raw+"], ["raw", "clean"])],
)
def test_a_job_of_a_part_of_the_assets(selection, steps):
    """The job has the assets of the Definitions that its selection selects."""

    @asset
    def raw():
        return 1

    @asset
    def clean(raw):
        return raw

    result = project_job(raw, clean, selection=selection).execute_in_process()

    assert [event.step_key for event in result.get_step_success_events()] == steps


def test_options_of_an_asset_job():
    """The options are passed to the resolved job."""

    @asset(config_schema={"n": int})
    def raw(context):
        return context.op_config["n"]

    made = project_job(
        raw, config={"ops": {"raw": {"config": {"n": 5}}}}, tags={"a": 1}, run_tags={"b": 2}, description="d"
    )

    assert made.execute_in_process().asset_value("raw") == 5
    assert (made.tags, made.run_tags, made.description) == ({"a": "1"}, {"b": "2"}, "d")


def test_an_asset_job_that_cannot_be():
    """An empty selection and other partitions raise an error with the name of the job."""

    @asset(partitions_def=StaticPartitionsDefinition(["a"]))
    def raw():
        return 1

    with pytest.raises(DagflowInvalidDefinitionError, match=r"asset job 'j'.*'rew'.*mean 'raw'"):
        project_job(raw, selection="rew")
    with pytest.raises(DagflowInvalidDefinitionError, match=r"asset job 'j'.*partitions definition is"):
        project_job(raw, partitions_def=StaticPartitionsDefinition(["b"]))
    assert project_job(raw, partitions_def=raw.partitions_def).partitions_def == raw.partitions_def


def test_a_parameter_that_was_meant_for_a_resource() -> None:
    """The error about the missing asset explains the annotation of a resource parameter."""

    @asset
    def jam(shelf: Any) -> None: ...

    with pytest.raises(DagflowInvalidDefinitionError, match=r"asset 'shelf', which was not.*ResourceParam"):
        build_asset_job([jam], resources={"shelf": object()})


def test_an_asset_job_before_its_definitions() -> None:
    """The attributes of a job lead to the job of the Definitions; other attributes are plainly missing."""
    ingest = define_asset_job("ingest", owners=["team:mill"])

    with pytest.raises(AttributeError, match=r"Use defs\.get_job_def\('ingest'\)\.execute_in_process\."):
        ingest.execute_in_process()
    with pytest.raises(AttributeError, match=r"has no attribute 'nope'$"):
        _ = ingest.nope
    assert not hasattr(ingest, "_nope")
    assert repr(ingest) == "<asset job 'ingest', which defs.get_job_def('ingest') resolves>"
    assert ingest.resolve([]).owners == ["team:mill"]


def test_a_request_before_the_definitions() -> None:
    """A job with partitions makes requests for runs, with its config and the tags of the partition."""
    letters = StaticPartitionsDefinition(["a", "b"])
    config = {"ops": {"water": {"config": {"grams": 1}}}}
    job = define_asset_job("brew", config=config, tags={"mine": 1}, partitions_def=letters)

    request = job.run_request_for_partition("a", run_key="k", tags={"own": "x"})

    assert (request.job_name, request.run_key, request.partition_key) == ("brew", "k", "a")
    assert request.run_config == config
    assert (request.tags["own"], request.tags["dagflow/partition"]) == ("x", "a")
    assert job.run_request_for_partition("a", run_config={"ops": {}}).run_config == {"ops": {}}
    with pytest.raises(DagflowUnknownPartitionError, match="'c'"):
        job.run_request_for_partition("c")


def test_a_request_with_the_config_of_the_partition() -> None:
    """A partitioned config makes the config of each request."""

    @static_partitioned_config(["a", "b"])
    def by_letter(key: str) -> Any:
        return {"ops": {"water": {"config": key}}}

    job = define_asset_job("brew", config=by_letter, partitions_def=StaticPartitionsDefinition(["a", "b"]))

    assert job.run_request_for_partition("b").run_config == {"ops": {"water": {"config": "b"}}}


def test_jobs_that_make_no_requests() -> None:
    """A job without partitions, and one with dynamic partitions, name themselves."""
    with pytest.raises(CheckError, match="non-partitioned job, 'brew'"):
        define_asset_job("brew").run_request_for_partition("a")
    with pytest.raises(CheckError, match="not supported for dynamic partitions, as job 'brew'"):
        define_asset_job(
            "brew", partitions_def=DynamicPartitionsDefinition(name="cups")
        ).run_request_for_partition("a")


_OWN = {"cup": ResourceDefinition.hardcoded_resource(1)}


def _needing_cup(kind):
    needs = {"required_resource_keys": {"cup"}}
    if kind == "asset":
        return asset(**needs, name="needs")(lambda context: 1)
    if kind == "graph":
        inner = op(**needs, name="needs")(lambda context: 1)
        return graph_asset(name="made")(lambda: inner())
    if kind == "resource":
        nested = resource(required_resource_keys={"cup"})(lambda context: 1)
        return asset(name="needs", resource_defs={"tray": nested})(lambda: 1)
    return SourceAsset("needs", io_manager_key="cup")


@pytest.mark.parametrize("kind", ["asset", "graph", "resource", "source"])
def test_a_resource_of_another_asset(kind):
    """The resource of one asset does not serve another one."""
    owner = asset(name="owner", resource_defs=_OWN)(lambda: 1)

    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"with key 'cup' required by .* was not provided"
    ):
        materialize_to_memory([owner, _needing_cup(kind)])


def test_an_io_manager_of_another_asset():
    """An asset without an I/O manager does not get the default one of another asset."""
    owner = asset(name="owner", resource_defs={"io_manager": mem_io_manager})(lambda: 1)

    with pytest.raises(DagflowInvalidDefinitionError, match=r"Conflicting.*'io_manager'.*'owner'.*'plain'"):
        materialize_to_memory([owner, asset(name="plain")(lambda: 1)])
