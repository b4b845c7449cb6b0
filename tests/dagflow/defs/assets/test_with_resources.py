"""Assets with the resources that they need bound to them."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetsDefinition,
    AssetSpec,
    InMemoryIOManager,
    SourceAsset,
    asset,
    build_asset_context,
    materialize,
    resource,
    with_resources,
)
from dagflow.errors import (
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
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
    """In a run and in a direct call; the asset itself stays as it was."""
    bound = _bound(coffee, {"beans": 3, "spare": 4})

    assert materialize([bound]).output_for_node("coffee") == 3
    assert bound(build_asset_context()) == 3
    with pytest.raises(DagflowInvalidInvocationError, match="'beans', but <asset 'coffee'> brings one"):
        bound(build_asset_context(resources={"beans": 5}))
    assert (set(bound.resource_defs), coffee.resource_defs) == ({"beans"}, {})


def test_config_by_key() -> None:
    """Instead of config from the run config, which is taken where none is given."""
    given = {"beans": {"config": 7}, "unknown": 3}

    assert materialize([_bound(coffee, {"beans": configured_beans}, given)]).output_for_node("coffee") == 7
    late = _bound(coffee, {"beans": configured_beans})
    run_config = {"resources": {"beans": {"config": 8}}}
    assert materialize([late], run_config=run_config).output_for_node("coffee") == 8
    with pytest.raises(DagflowInvalidConfigError, match="resource with key 'beans'"):
        with_resources([coffee], {"beans": configured_beans}, {"beans": {"config": "x"}})
    with pytest.raises(DagflowInvalidInvocationError, match="resource key 'beans'"):
        with_resources([coffee], {"beans": configured_beans}, {"beans": 3})


def test_what_a_resource_needs_comes_with_it() -> None:
    """Those that the asset brings along may need given ones."""

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
        DagflowInvariantViolationError, match="'mill' required by resource with key 'beans', but"
    ):
        with_resources([coffee], {"beans": beans})


def test_a_source_asset() -> None:
    """Gets its I/O manager; one without a key of its own has the default."""
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
    """The asset brings a resource along already."""
    own = asset(resource_defs={"beans": 3})(coffee.node_def.body.fn)

    with pytest.raises(DagflowInvalidInvocationError, match=r'\["coffee"\] has conflicting.*keys: beans'):
        with_resources([own], {"beans": 3})
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'beans' required by op 'coffee' was not provided"
    ):
        with_resources([coffee], {})
