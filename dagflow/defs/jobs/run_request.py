"""Requests for runs, from a schedule, a sensor or a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.config.plain import run_config_dict
from dagflow.errors import check_elements, check_texts, check_type
from dagflow.keys import AssetCheckKey, AssetKey, jsonable_tags

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig


class RunRequest:
    """A request to start a run, with its config, tags and selection.

    Args:
        run_key: An id of the request. Two requests with one id start one run.
        run_config: The config of the run, a dict or RunConfig.
        tags: The tags of the run.
        job_name: The job; default: the only job of the schedule or sensor.
        asset_selection: The assets of the job to run; default: all.
        stale_assets_only: Whether only assets that are out of date run.
        partition_key: The partition of the run.
        asset_check_keys: The asset checks to run; default: all.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        ElementCheckError: A key of a selection is of the wrong type.

    Example:
        >>> RunRequest(run_key="2024-01-01", tags={"n": 1}).tags
        {'n': '1'}
    """

    __slots__ = (
        "asset_check_keys",
        "asset_selection",
        "job_name",
        "partition_key",
        "run_config",
        "run_key",
        "stale_assets_only",
        "tags",
    )

    def __init__(
        self,
        run_key: str | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        asset_selection: Sequence[AssetKey] | None = None,
        stale_assets_only: bool = False,
        partition_key: str | None = None,
        asset_check_keys: Sequence[AssetCheckKey] | None = None,
    ) -> None:
        check_texts("a RunRequest", run_key=run_key, job_name=job_name, partition_key=partition_key)
        self.run_key: str | None = run_key
        self.run_config: Mapping[str, Any] = run_config_dict(run_config, "a RunRequest")
        self.tags: Mapping[str, str] = jsonable_tags(tags, "a RunRequest")
        self.job_name: str | None = job_name
        self.asset_selection: list[AssetKey] | None = (
            None if asset_selection is None else check_elements(asset_selection, AssetKey, "asset_selection")
        )
        self.stale_assets_only: bool = check_type(stale_assets_only, bool, "stale_assets_only")
        self.partition_key: str | None = partition_key
        self.asset_check_keys: list[AssetCheckKey] | None = (
            None
            if asset_check_keys is None
            else check_elements(asset_check_keys, AssetCheckKey, "asset_check_keys")
        )

    def _value(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in RunRequest.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunRequest) and self._value() == other._value()

    def __repr__(self) -> str:
        arguments = [f"{name}={value!r}" for name, value in zip(RunRequest.__slots__, self._value()) if value]  # noqa: B905
        return f"RunRequest({', '.join(arguments)})"
