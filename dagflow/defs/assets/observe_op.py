"""The op that observes a SourceAsset: it turns the result of the function into observations."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import wraps
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from dagflow._util import UNSET
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import Out
from dagflow.defs.parts.function import Body, location
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidObservationError,
    DagflowInvariantViolationError,
    repr_of,
)
from dagflow.event_loop import waiting
from dagflow.events.asset_result import ObserveResult
from dagflow.events.data_versions import DataVersionsByPartition, tags_of_version
from dagflow.events.user import AssetObservation, DataVersion, Output
from dagflow.types.kinds import Nothing


def observing_op(
    observe_fn: Callable[..., Any],
    spec: AssetSpec,
    io_manager_key: str,
    resource_keys: frozenset[str],
    op_tags: Mapping[str, Any],
) -> OpDefinition:
    """Return the op that observes a SourceAsset.

    Args:
        observe_fn: The function of the user. It gets the context, resources and config.
        spec: The facts about the asset.
        io_manager_key: The resource that loads the asset. The op itself stores nothing.
        resource_keys: The resources that the function reads from its context.
        op_tags: The tags of the op.

    Raises:
        DagflowInvalidDefinitionError: The function has other parameters, or the key is no valid name of an
            op.
    """
    place = f"observable source asset '{spec.key.to_user_string()}'"
    body = Body(observe_fn, place)
    if body.inputs:
        raise DagflowInvalidDefinitionError(
            f"{place} ({location(observe_fn)}): nothing gives its parameter '{body.inputs[0].name}' a value. "
            "The function of an observable source asset has a first parameter 'context', resources, and "
            "'config' only."
        )
    body = copy.copy(body)
    body.fn, body.function_type, body.is_indirect = _observing(observe_fn, spec), "generator", False
    body.return_annotation = UNSET  # of the data version, not of the output
    return OpDefinition(
        body.fn,
        spec.key.to_python_identifier(),
        outs={"result": Out(Nothing, io_manager_key=io_manager_key, metadata=spec.metadata)},
        description=spec.description,
        required_resource_keys=resource_keys,
        tags=op_tags,
        owner="observable_source_asset",
        body=body,
    )


def _observing(observe_fn: Callable[..., Any], spec: AssetSpec) -> Callable[..., Any]:
    """Return the function of the op: it yields the observations, and then the output without a value."""

    @wraps(observe_fn)
    def observe(*args: Any, **kwargs: Any) -> Iterator[Any]:
        result = observe_fn(*args, **kwargs)
        if isinstance(result, (CoroutineType, Awaitable)):
            with waiting() as wait:
                result = wait(result)
        yield from observations_in(result, spec, location(observe_fn))
        yield Output(None)

    return observe


def observations_in(result: Any, spec: AssetSpec, at: str) -> list[AssetObservation]:
    """Return the observations that the result of a function stands for.

    Args:
        result: The result.
        spec: The facts about the observed asset.
        at: The file and line of the function, for messages.

    Raises:
        DagflowInvalidObservationError: The result is of another type, or does not fit the partitions.
        DagflowInvariantViolationError: An ObserveResult is of another asset, or has results of checks.
    """
    text = spec.key.to_user_string()
    what = f"the function of observable source asset '{text}' ({at}) returned {repr_of(result)}"
    if isinstance(result, DataVersionsByPartition):
        if spec.partitions_def is None:
            raise DagflowInvalidObservationError(
                f"{what}, but the asset is not partitioned. Return a DataVersion."
            )
        return [
            AssetObservation(spec.key, partition=key, tags=tags_of_version(version, is_user_provided=False))
            for key, version in result.data_versions_by_partition.items()
        ]
    if not isinstance(result, (DataVersion, ObserveResult)):
        if isinstance(result, GeneratorType):
            result.close()
        is_generator = isinstance(result, (GeneratorType, AsyncGeneratorType))
        verb = "It must not yield. Return" if is_generator else "Return"
        wanted = (
            "a DataVersion or an ObserveResult" if spec.partitions_def is None else "DataVersionsByPartition"
        )
        raise DagflowInvalidObservationError(f"{what} of type '{type(result).__name__}'. {verb} {wanted}.")
    if spec.partitions_def is not None:
        raise DagflowInvalidObservationError(
            f"{what}, but the asset is partitioned. Return DataVersionsByPartition, with a data version for "
            "each partition."
        )
    if isinstance(result, DataVersion):
        return [AssetObservation(spec.key, tags=tags_of_version(result, is_user_provided=False))]
    return [_of_result(result, spec, what)]


def _of_result(result: ObserveResult, spec: AssetSpec, what: str) -> AssetObservation:
    if result.asset_key is not None and result.asset_key != spec.key:
        raise DagflowInvariantViolationError(
            f"{what}, which is of asset '{result.asset_key.to_user_string()}'. Correct its asset_key, or "
            "leave it out."
        )
    if result.check_results:
        raise DagflowInvariantViolationError(
            f"{what}, whose check_results would be lost, because an observable source asset declares no "
            "checks. Use @multi_observable_source_asset(specs=[...], check_specs=[...])."
        )
    tags = {**tags_of_version(result.data_version, is_user_provided=False), **(result.tags or {})}
    return AssetObservation(spec.key, metadata=result.normalized_metadata(), tags=tags)
