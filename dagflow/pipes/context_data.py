"""The facts about a step that an external process receives: its assets, partitions, run and extras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from dagflow.errors import ParameterCheckError, check_optional, check_type

if TYPE_CHECKING:
    from dagflow.context.op import AssetExecutionContext, OpExecutionContext
    from dagflow.events.data_versions import DataProvenance


class PipesContextData(TypedDict):
    """The facts about a step, in the form of the protocol.

    Attributes:
        asset_keys: The selected assets; None for an op.
        code_version_by_asset_key: The code version of each asset.
        provenance_by_asset_key: The versions with which each asset was last materialized.
        partition_key: The partition; None without partitions, or for several.
        partition_key_range: The first and the last partition, as "start" and "end".
        partition_time_window: The times of both, in ISO format.
        run_id: The id of the run.
        job_name: The job; None in a direct call.
        retry_number: 0 in the first attempt.
        extras: The extras of the caller.
    """

    asset_keys: list[str] | None
    code_version_by_asset_key: dict[str, str | None] | None
    provenance_by_asset_key: dict[str, dict[str, Any] | None] | None
    partition_key: str | None
    partition_key_range: dict[str, str] | None
    partition_time_window: dict[str, str] | None
    run_id: str
    job_name: str | None
    retry_number: int
    extras: dict[str, Any]


def build_context_data(
    context: OpExecutionContext | AssetExecutionContext, extras: Mapping[str, Any] | None
) -> PipesContextData:
    """Return the facts about the step of a context.

    Args:
        context: The context of an op or asset, in a run or in a direct call.
        extras: JSON values for the external process, by name.

    Raises:
        ParameterCheckError: The extras are not a mapping, or cannot be encoded as JSON.
    """
    state = context.call_state
    data: PipesContextData = {
        "asset_keys": None,
        "code_version_by_asset_key": None,
        "provenance_by_asset_key": None,
        "partition_key": None,
        "partition_key_range": None,
        "partition_time_window": None,
        "run_id": context.run_id,
        "job_name": None if state.run.job_def is None else state.run.job_def.name,
        "retry_number": context.retry_number,
        "extras": _checked(extras),
    }
    if state.assets_def is not None:
        keys = sorted(context.selected_asset_keys or {key.asset_key for key in state.assets_def.check_keys})
        specs = {spec.key: spec for spec in state.assets_def.specs}
        data["asset_keys"] = [key.to_escaped_user_string() for key in keys]
        data["code_version_by_asset_key"] = {
            key.to_escaped_user_string(): specs[key].code_version if key in specs else None for key in keys
        }
        data["provenance_by_asset_key"] = {
            key.to_escaped_user_string(): _provenance(context.get_asset_provenance(key)) for key in keys
        }
    _add_partitions(data, context)
    return data


def _add_partitions(data: PipesContextData, context: OpExecutionContext | AssetExecutionContext) -> None:
    if not (context.has_partition_key or context.has_partition_key_range):
        return
    keys = context.partition_key_range
    data["partition_key_range"] = {"start": keys.start, "end": keys.end}
    if keys.start == keys.end:
        data["partition_key"] = keys.start
    if hasattr(context.call_state.partitions_def, "time_window_for_partition_key"):
        window = context.partition_time_window
        data["partition_time_window"] = {"start": window.start.isoformat(), "end": window.end.isoformat()}


def _provenance(provenance: DataProvenance | None) -> dict[str, Any] | None:
    if provenance is None:
        return None
    return {
        "code_version": provenance.code_version,
        "input_data_versions": {
            key.to_escaped_user_string(): version.value
            for key, version in provenance.input_data_versions.items()
        },
        "is_user_provided": provenance.is_user_provided,
    }


def _checked(extras: Mapping[str, Any] | None) -> dict[str, Any]:
    plain = dict(check_optional(extras, Mapping, "extras") or {})
    for name, value in plain.items():
        check_type(name, str, "extras", "a pipes session, its names")
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ParameterCheckError(
                f"extra '{name}' cannot be sent to an external process, because it is not JSON: {error}. "
                "Give numbers, strings, bools, None, lists and dicts."
            ) from error
    return plain
