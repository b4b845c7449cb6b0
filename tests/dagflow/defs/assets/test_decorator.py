"""`@asset`: key, inputs, op and errors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetSpec,
    LastPartitionMapping,
    Nothing,
    OpExecutionContext,
    RetryPolicy,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    materialize_to_memory,
    mem_io_manager,
    op,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidMetadata,
    DagflowInvariantViolationError,
    ParameterCheckError,
)


def water() -> Any:
    """Fresh."""
    return 1


@pytest.mark.parametrize(
    ("arguments", "key", "node"),
    [
        ({}, ["water"], "water"),
        ({"name": "tea"}, ["tea"], "tea"),
        ({"key_prefix": "p"}, ["p", "water"], "p__water"),
        ({"key_prefix": ["p", "q"], "name": "b"}, ["p", "q", "b"], "p__q__b"),
        ({"key": ["x", "y"]}, ["x", "y"], "x__y"),
        ({"key": "a-b.c"}, ["a-b.c"], "a_b_c"),
        ({"key": AssetKey("k")}, ["k"], "k"),
    ],
)
def test_keys(arguments: dict[str, Any], key: list[str], node: str) -> None:
    """The key comes from the name, a prefix or `key`; the op is named after the parts of the key."""
    made = asset(**arguments)(water)

    assert made.key == AssetKey(key)
    assert made.op.name == node


def test_a_bare_asset() -> None:
    """The description is the docstring; there are no partitions; the I/O manager is the default one."""
    made = asset(water)

    assert made.specs[0].description == "Fresh."
    assert (made.partitions_def, made.resource_defs, made.partition_mappings) == (None, {}, {})
    assert made.op.outs["result"].io_manager_key == "io_manager"
    assert made.__wrapped__ is water


def test_every_parameter() -> None:
    """Each parameter of `@asset` is stored in the definition."""
    policy, parts = RetryPolicy(2), StaticPartitionsDefinition(["a"])
    made = asset(
        metadata={"m": 1},
        tags={"t": "1"},
        description="d",
        config_schema={"n": int},
        required_resource_keys={"db"},
        resource_defs={"db": 5, "more": 6},
        io_manager_key="io",
        dagflow_type=int,
        partitions_def=parts,
        op_tags={"o": 1},
        group_name="g",
        output_required=False,
        retry_policy=policy,
        code_version="1",
        owners=["team:me"],
        kinds={"sql"},
        pool="p",
    )(water)
    spec, node, out = made.specs[0], made.op, made.op.outs["result"]

    assert (spec.description, spec.group_name, spec.code_version, spec.owners) == ("d", "g", "1", ["team:me"])
    assert (spec.skippable, spec.partitions_def, made.partitions_def) == (True, parts, parts)
    assert spec.metadata == out.metadata == {"m": 1}
    assert (node.tags, node.retry_policy, node.code_version, node.pool) == ({"o": "1"}, policy, "1", "p")
    assert node.required_resource_keys == {"db", "more"}
    assert node.config_field is not None
    assert (out.io_manager_key, out.is_required, out.dagflow_type.display_name) == ("io", False, "Int")


def test_none_makes_no_value() -> None:
    """The return annotation None becomes the type Nothing; a missing annotation becomes Any."""

    def silent() -> None: ...

    assert asset(silent).op.outs["result"].dagflow_type.is_nothing
    assert asset(water).op.outs["result"].dagflow_type.is_any


def test_parameters_read_assets() -> None:
    """A parameter reads the asset of its name, or the asset in `ins`."""
    mapping = LastPartitionMapping()

    @asset(
        ins={
            "b": AssetIn(
                key=["x", "b"], metadata={"m": 1}, input_manager_key="im", partition_mapping=mapping
            ),
            "c": AssetIn(key_prefix="p", dagflow_type=int),
        }
    )
    def made(context: AssetExecutionContext, a: Any, b: Any, c: Any) -> Any: ...

    assert made.keys_by_input_name == {
        "a": AssetKey("a"),
        "b": AssetKey(["x", "b"]),
        "c": AssetKey(["p", "c"]),
    }
    assert made.partition_mappings == {AssetKey(["x", "b"]): mapping}
    assert made.op.ins["b"].input_manager_key == "im"
    assert made.op.ins["c"].dagflow_type.display_name == "Int"
    assert {dep.asset_key for dep in made.specs[0].deps} == made.dependency_keys


def test_deps_come_before_without_being_loaded() -> None:
    """`deps` accepts keys, definitions, specs, sources and AssetDeps."""
    mapping = LastPartitionMapping()
    upstream = asset(water)

    @asset(
        deps=[
            "a",
            ["b", "c"],
            upstream,
            AssetSpec("s"),
            SourceAsset("t"),
            AssetDep("d", partition_mapping=mapping),
        ]
    )
    def made() -> Any: ...

    names = ["a", "b_c", "water", "s", "t", "d"]
    assert list(made.keys_by_input_name) == names
    assert all(made.op.ins[name].dagflow_type.is_nothing for name in names)
    assert made.partition_mappings == {AssetKey("d"): mapping}


def test_an_asset_named_twice_is_one_dependency() -> None:
    """An asset that is in `deps` twice, or in `deps` and among the parameters, is one dependency."""

    @asset
    def a() -> int:
        return 1

    @asset(deps=["a", a, AssetKey("a")])
    def after() -> None: ...

    @asset(deps=[a])
    def read(a: int) -> int:
        return a + 1

    assert after.keys_by_input_name == read.keys_by_input_name == {"a": AssetKey("a")}
    assert [dep.asset_key for dep in read.specs[0].deps] == [AssetKey("a")]
    assert read(5) == 6
    assert materialize_to_memory([a, after, read]).asset_value("read") == 2


def test_the_mapping_of_an_asset_dep_holds_for_the_parameter() -> None:
    """An AssetDep gives a partition mapping to the parameter that reads the same asset."""
    mapping = LastPartitionMapping()

    @asset(deps=[AssetDep("a", partition_mapping=mapping)])
    def read(a: int) -> int:
        return a

    assert read.partition_mappings == {AssetKey("a"): mapping}
    assert not read.op.ins["a"].dagflow_type.is_nothing


def test_each_dependency_has_an_input_of_its_own() -> None:
    """Dependencies whose keys look alike as Python names, or are reserved names, are all kept."""

    @asset(deps=["a-b", "a_b", "config", "c"], ins={"c": AssetIn("d")})
    def made(c: int) -> int:
        return c

    assert set(made.keys_by_input_name.values()) == {
        AssetKey(key) for key in ("a-b", "a_b", "config", "c", "d")
    }
    assert made.keys_by_input_name["c"] == AssetKey("d")


def test_nothing_ins_and_further_keywords() -> None:
    """An input outside of the signature only orders, or is passed to `**kwargs`."""

    @asset(ins={"after": AssetIn("a", dagflow_type=Nothing)})
    def ordered() -> Any: ...

    @asset(ins={"x": AssetIn("a"), "y": AssetIn("b")})
    def taken(**more: Any) -> Any:
        return more

    a, b = (asset(name=name)(lambda: 1) for name in "ab")

    assert ordered.keys_by_input_name == {"after": AssetKey("a")}
    assert materialize_to_memory([a, b, taken, ordered]).asset_value("taken") == {"x": 1, "y": 1}


def test_an_io_manager_of_its_own() -> None:
    """`io_manager_def` is stored under a key made from the asset key; a second key is refused."""
    own = asset(io_manager_def=mem_io_manager)(water)

    assert own.op.outs["result"].io_manager_key == "water__io_manager"
    assert own.resource_defs == {"water__io_manager": mem_io_manager}
    assert own.op.required_resource_keys == frozenset()
    with pytest.raises(CheckError, match="asset 'water' has an 'io_manager_key' and an 'io_manager_def'"):
        asset(io_manager_def=mem_io_manager, io_manager_key="k")(water)


def test_contexts() -> None:
    """An asset accepts an op context and an asset context."""

    @asset
    def one(context: AssetExecutionContext) -> Any: ...

    @asset
    def two(context: OpExecutionContext) -> Any: ...

    assert [made.op.body.context for made in (one, two)] == ["asset", "op"]


BAD: list[tuple[str, Any, type[Exception], str]] = [
    (
        "no function",
        lambda: asset()(5),
        DagflowInvalidDefinitionError,
        "@asset must decorate a function, not 5",
    ),
    (
        "name",
        lambda: asset(name="a b")(water),
        DagflowInvalidDefinitionError,
        '"a b" is not a valid name for an asset',
    ),
    (
        "key",
        lambda: asset(key="a b")(water),
        DagflowInvalidDefinitionError,
        '"a b" is not a valid name for an asset',
    ),
    ("prefix", lambda: asset(key_prefix="a/b")(water), DagflowInvalidDefinitionError, '"a/b__water"'),
    (
        "key twice",
        lambda: asset(key="a", name="b")(water),
        DagflowInvalidDefinitionError,
        r"test_decorator.*'key' is the whole key",
    ),
    ("lambda", lambda: asset(lambda: 1), DagflowInvalidDefinitionError, '"<lambda>"'),
    (
        "ins",
        lambda: asset(ins={"a": AssetIn()})(water),
        DagflowInvalidDefinitionError,
        r"asset 'water' .*'ins' names an input 'a'",
    ),
    ("ins kind", lambda: asset(ins=["a"])(water), ParameterCheckError, "'ins' of asset 'water'"),
    (
        "an AssetIn",
        lambda: asset(name="x", ins={"a": 5})(lambda a: 1),
        ParameterCheckError,
        r"ins\['a'\]' of asset 'x'",
    ),
    (
        "deps text",
        lambda: asset(deps="abc")(water),
        ParameterCheckError,
        "'deps' of asset 'water' must be a list .*'abc'",
    ),
    (
        "deps asset",
        lambda: asset(deps=asset(name="a")(water))(water),
        ParameterCheckError,
        "'deps' of asset 'water'",
    ),
    ("a dep", lambda: asset(deps=[5])(water), ParameterCheckError, "5 does not name an asset"),
    (
        "dep twice",
        lambda: asset(deps=["a", AssetDep("a", partition_mapping=LastPartitionMapping())])(water),
        DagflowInvariantViolationError,
        "asset 'water' names asset 'a' more than once",
    ),
    (
        "dep and mapped input",
        lambda: asset(name="x", deps=["a"], ins={"a": AssetIn(partition_mapping=LastPartitionMapping())})(
            lambda a: 1
        ),
        DagflowInvalidDefinitionError,
        r"asset 'x' .*test_decorator.*: asset 'a' is in 'deps', and an AssetIn gives it a partition mapping",
    ),
    (
        "two mappings",
        lambda: asset(
            name="x", ins={"a": AssetIn(partition_mapping=LastPartitionMapping()), "b": AssetIn("a")}
        )(lambda a, b: 1),
        DagflowInvalidDefinitionError,
        "two inputs read asset 'a' with different partition mappings",
    ),
    (
        "itself",
        lambda: asset(deps=["water"])(water),
        DagflowInvalidDefinitionError,
        r"asset 'water' .*test_decorator.* depends on itself.*start_offset=-1",
    ),
    (
        "itself by a parameter",
        lambda: asset(name="a", partitions_def=StaticPartitionsDefinition(["x"]))(lambda a: 1),
        DagflowInvalidDefinitionError,
        "asset 'a' .* depends on itself",
    ),
    ("op is no dep", lambda: asset(deps=[op(water)])(water), ParameterCheckError, "does not name an asset"),
    ("partitions", lambda: asset(partitions_def=5)(water), ParameterCheckError, "'partitions_def'"),
    ("starred", lambda: asset(name="x")(lambda *args: 1), DagflowInvalidDefinitionError, "asset 'x' "),
]


@pytest.mark.parametrize(
    ("define", "error", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_what_is_refused(define: Any, error: type[Exception], message: str) -> None:
    """An invalid argument raises at the definition; the message names the asset and the argument."""
    with pytest.raises(error, match=message):
        define()


def test_metadata_that_cannot_be_is_that_of_the_asset() -> None:
    """An error about metadata names the asset, not an Out."""
    with pytest.raises(DagflowInvalidMetadata, match="'a' in the metadata of asset 'jam'"):

        @asset(metadata={"a": object()})
        def jam() -> None: ...
