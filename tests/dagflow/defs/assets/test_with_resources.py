"""`with_resources`: assets with bound resources."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetIn,
    AssetsDefinition,
    AssetSpec,
    ConfigurableResource,
    DagflowType,
    EnvVar,
    Field,
    InMemoryIOManager,
    IntSource,
    ResourceParam,
    SourceAsset,
    StringSource,
    asset,
    build_asset_context,
    configured,
    dagflow_type_loader,
    input_manager,
    materialize,
    resource,
    success_hook,
    with_resources,
)
from dagflow.errors import (
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    ParameterCheckError,
)


@asset(required_resource_keys={"beans"})
def coffee(context: Any) -> Any:
    """Reads a resource."""
    return context.resources.beans


@resource(config_schema=int)
def configured_beans(context: Any) -> int:
    """Takes config."""
    return int(context.resource_config)


def _bound(definition: Any, resources: dict[str, Any], config: Any = None) -> AssetsDefinition:
    (bound,) = with_resources([definition], resources, config)
    assert isinstance(bound, AssetsDefinition)
    return bound


def test_a_bound_asset_needs_no_more() -> None:
    """A bound asset runs and can be called without resources; the original asset is unchanged."""
    bound = _bound(coffee, {"beans": 3, "spare": 4})

    assert materialize([bound]).output_for_node("coffee") == 3
    assert bound(build_asset_context()) == 3
    with pytest.raises(DagflowInvalidInvocationError, match="'beans', but <asset 'coffee'> brings one"):
        bound(build_asset_context(resources={"beans": 5}))
    assert (set(bound.resource_defs), coffee.resource_defs) == ({"beans"}, {})


def test_config_by_key() -> None:
    """`resource_config_by_key` replaces config from the run config, which is used otherwise."""
    given = {"beans": {"config": 7}}

    assert materialize([_bound(coffee, {"beans": configured_beans}, given)]).output_for_node("coffee") == 7
    late = _bound(coffee, {"beans": configured_beans})
    run_config = {"resources": {"beans": {"config": 8}}}
    assert materialize([late], run_config=run_config).output_for_node("coffee") == 8
    with pytest.raises(DagflowInvalidConfigError, match="resource with key 'beans'"):
        with_resources([coffee], {"beans": configured_beans}, {"beans": {"config": "x"}})
    with pytest.raises(DagflowInvalidInvocationError, match="resource key 'beans'"):
        with_resources([coffee], {"beans": configured_beans}, {"beans": 3})


def test_config_for_an_unknown_key() -> None:
    """A key of `resource_config_by_key` that no resource has is refused with the nearest one."""
    with pytest.raises(
        DagflowInvalidInvocationError, match=r"key 'bean', .*\['beans'\]. Did you mean 'beans'"
    ):
        with_resources([coffee], {"beans": configured_beans}, {"bean": {"config": 7}})


class Roaster(ConfigurableResource[Any]):
    """A resource class whose config may come from the environment."""

    degrees: int = 200
    name: str


@resource(config_schema={"name": StringSource})
def roaster(context: Any) -> Any:
    return context.resource_config["name"]


@asset
def roasted(beans: ResourceParam[Any]) -> Any:
    return getattr(beans, "name", beans)


@pytest.mark.parametrize(
    "definition",
    [
        Roaster.configure_at_launch(),
        Roaster(name="x"),
        Roaster.configure_at_launch(degrees=3),
        roaster,
        configured(roaster, config_schema={"name": StringSource})(lambda config: config),
    ],
)
def test_config_by_key_from_the_environment(monkeypatch: pytest.MonkeyPatch, definition: Any) -> None:
    """`resource_config_by_key` may name environment variables, which are read when a run starts."""
    (bound,) = with_resources(
        [roasted], {"beans": definition}, {"beans": {"config": {"name": {"env": "ROASTER"}}}}
    )

    for name in ("first", "second"):
        monkeypatch.setenv("ROASTER", name)
        assert materialize([bound]).output_for_node("roasted") == name
    monkeypatch.delenv("ROASTER")
    with pytest.raises(DagflowInvalidConfigError, match='"ROASTER" which is not set'):
        materialize([bound])


def test_what_a_resource_needs_comes_with_it() -> None:
    """A resource of the asset may need a given resource."""

    @resource(required_resource_keys={"mill"})
    def beans(context: Any) -> Any:
        return context.resources.mill

    assert materialize([_bound(coffee, {"beans": beans, "mill": 2})]).output_for_node("coffee") == 2
    own = asset(resource_defs={"beans": beans})(coffee.node_def.body.fn)
    assert materialize([_bound(own, {"mill": 9})]).output_for_node("coffee") == 9
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'mill' required by resource with key 'beans' was"
    ):
        with_resources([own], {})
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'mill' required by resource with key 'beans' was"
    ):
        with_resources([coffee], {"beans": beans})
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'mill' required by resource with key 'beans' was"
    ):
        materialize([coffee], resources={"beans": beans})
    itself = resource(required_resource_keys={"beans"})(lambda context: 1)
    with pytest.raises(DagflowInvariantViolationError, match="'beans' -> 'beans'"):
        with_resources([coffee], {"beans": itself})


def test_what_inputs_types_and_hooks_need() -> None:
    """Resources of inputs, types and hooks are bound, or reported as missing, like those of the function."""

    @success_hook(required_resource_keys={"bell"})
    def ring(context: Any) -> None:
        rung.append(context.resources.bell)

    def check(context: Any, value: Any) -> bool:
        return bool(value <= context.resources.most)

    rung: list[Any] = []
    few = DagflowType(check, "Few", required_resource_keys={"most"})
    shelf = input_manager(lambda context: 5)

    @asset(ins={"beans": AssetIn(input_manager_key="shelf")}, dagflow_type=few, hooks={ring})
    def ground(beans: int) -> int:
        return beans + 1

    given = {"shelf": shelf, "most": 9, "bell": "ding", "spare": 1}
    bound = _bound(ground, given)
    assert set(bound.resource_defs) == {"shelf", "most", "bell"}
    assert materialize([SourceAsset("beans"), bound]).output_for_node("ground") == 6
    assert rung == ["ding"]
    for key, by in {
        "shelf": "input manager with key 'shelf' required by input 'beans' of op 'ground'",
        "most": "resource with key 'most' required by the type of output 'result' of op 'ground'",
        "bell": "resource with key 'bell' required by hook 'ring' attached to asset 'ground'",
    }.items():
        with pytest.raises(DagflowInvalidDefinitionError, match=by):
            with_resources([ground], {name: value for name, value in given.items() if name != key})


def test_a_loader_of_an_input() -> None:
    """The resource of a type loader is required as any other: each run of the asset checks it."""
    loader = dagflow_type_loader(int, required_resource_keys={"scale"})(lambda context, value: value)
    loaded = DagflowType(lambda context, value: True, "Loaded", loader=loader)
    ground = asset(name="ground", ins={"beans": AssetIn(dagflow_type=loaded)})(lambda beans: 1)

    assert set(_bound(ground, {"scale": 1}).resource_defs) == {"scale"}
    with pytest.raises(DagflowInvalidDefinitionError, match=r"the loader of input 'beans' .*asset 'ground'"):
        with_resources([ground], {})


def test_config_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables are read when the run starts; other errors in the config raise at once."""
    schema = {"name": StringSource, "grams": Field(IntSource, default_value=9)}
    beans = resource(config_schema=schema)(lambda context: context.resource_config)
    monkeypatch.delenv("BEANS", raising=False)
    bound = _bound(coffee, {"beans": beans}, {"beans": {"config": {"name": {"env": "BEANS"}}}})

    with pytest.raises(DagflowInvalidConfigError, match='"BEANS" which is not set'):
        materialize([bound])
    monkeypatch.setenv("BEANS", "arabica")
    assert materialize([bound]).output_for_node("coffee") == {"name": "arabica", "grams": 9}
    for config, message in [
        ({"name": {"env": "BEANS"}, "grams": "x"}, "path root:config:grams"),
        ({"name": EnvVar("BEANS")}, r"EnvVar\("),
    ]:
        with pytest.raises(DagflowInvalidConfigError, match=message):
            with_resources([coffee], {"beans": beans}, {"beans": {"config": config}})


def test_config_for_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """A config function is called when the run starts, with the values of the variables."""
    twice = configured(configured_beans, config_schema=IntSource)(lambda grams: 2 * grams)
    monkeypatch.delenv("GRAMS", raising=False)
    bound = _bound(coffee, {"beans": twice}, {"beans": {"config": {"env": "GRAMS"}}})

    monkeypatch.setenv("GRAMS", "4")
    assert materialize([bound]).output_for_node("coffee") == 8
    with pytest.raises(DagflowInvalidConfigError, match="resource with key 'beans'"):
        with_resources([coffee], {"beans": twice}, {"beans": {"config": "x"}})


def test_a_source_asset() -> None:
    """A SourceAsset gets its I/O manager; without a key it gets the default one."""
    source = SourceAsset("water", io_manager_key="tap")
    (bound,) = with_resources([source], {"tap": InMemoryIOManager()})

    assert isinstance(bound, SourceAsset)
    assert (bound.get_io_manager_key(), source.io_manager_def) == ("tap", None)
    assert bound.io_manager_def is not None
    assert with_resources([SourceAsset("water"), AssetSpec("stone")], {})[1].key.parts == ("stone",)
    with pytest.raises(
        DagflowInvalidDefinitionError, match="io manager with key 'tap' required by SourceAsset"
    ):
        with_resources([source], {})


def test_a_key_that_is_taken() -> None:
    """A key that the asset uses for its own resource raises."""
    own = asset(resource_defs={"beans": 3})(coffee.node_def.body.fn)

    with pytest.raises(DagflowInvalidInvocationError, match=r'\["coffee"\] has conflicting.*keys: beans'):
        with_resources([own], {"beans": 3})
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'beans' required by op 'coffee' was not provided"
    ):
        with_resources([coffee], {})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"definitions": 3, "resource_defs": {}}, "definitions"),
        ({"definitions": [3], "resource_defs": {}}, "definitions"),
        ({"definitions": [], "resource_defs": {}, "resource_config_by_key": [3]}, "resource_config_by_key"),
    ],
)
def test_arguments_of_the_wrong_type(arguments, name):
    """An argument of the wrong type is refused by its name."""
    with pytest.raises(ParameterCheckError, match=f"'{name}' of with_resources must be of type"):
        with_resources(**arguments)
