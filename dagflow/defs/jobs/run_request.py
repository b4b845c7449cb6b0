"""A request for a run: what a schedule, a sensor or a job says should be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.config.plain import run_config_dict
from dagflow.keys import AssetCheckKey, AssetKey, jsonable_tags

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig


class RunRequest:
    """That a run should start, and with what.

    Args:
        run_key: What the run is for; of two requests with the same key only one is run.
        run_config: Its config, a dict or RunConfig.
        tags: Its tags.
        job_name: Which job; default: the only one of who asks.
        asset_selection: Which assets of the job.
        stale_assets_only: Whether only those run that are out of date.
        partition_key: The partition.
        asset_check_keys: Which asset checks.

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
        self.run_key: str | None = run_key
        self.run_config: Mapping[str, Any] = run_config_dict(run_config, "a RunRequest")
        self.tags: Mapping[str, str] = jsonable_tags(tags, "a RunRequest")
        self.job_name: str | None = job_name
        self.asset_selection: list[AssetKey] | None = (
            None if asset_selection is None else list(asset_selection)
        )
        self.stale_assets_only: bool = stale_assets_only
        self.partition_key: str | None = partition_key
        self.asset_check_keys: list[AssetCheckKey] | None = (
            None if asset_check_keys is None else list(asset_check_keys)
        )

    def _value(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in RunRequest.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunRequest) and self._value() == other._value()

    def __repr__(self) -> str:
        said = [f"{name}={value!r}" for name, value in zip(RunRequest.__slots__, self._value()) if value]  # noqa: B905
        return f"RunRequest({', '.join(said)})"
