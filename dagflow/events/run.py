"""Runs: `DagflowRun` with its arguments and status, its record in an instance, and a filter of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.absent import explains_absent
from dagflow.errors import (
    CheckError,
    ElementCheckError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.values import Constant

if TYPE_CHECKING:
    from datetime import datetime


class DagflowRunStatus(Enum):
    """The status of a run."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"


FINISHED = frozenset({DagflowRunStatus.SUCCESS, DagflowRunStatus.FAILURE, DagflowRunStatus.CANCELED})


class DagflowRun:
    """One run of a job.

    Attributes: `job_name`, `run_id`, `run_config` (as given by the caller), `status`, `tags`, `op_selection`,
    `resolved_op_selection`, `asset_selection`, `asset_check_selection`, `step_keys_to_execute`,
    `root_run_id`, `parent_run_id`. Compared by value.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        ElementCheckError: A tag is not a string.
        CheckError: Only one of `root_run_id` and `parent_run_id` is given.

    Example:
        >>> DagflowRun("cafe", tags={"size": "big"}).status.name
        'NOT_STARTED'
    """

    __slots__ = (
        "asset_check_selection",
        "asset_selection",
        "job_name",
        "op_selection",
        "parent_run_id",
        "resolved_op_selection",
        "root_run_id",
        "run_config",
        "run_id",
        "status",
        "step_keys_to_execute",
        "tags",
    )

    def __init__(
        self,
        job_name: str,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        status: DagflowRunStatus = DagflowRunStatus.NOT_STARTED,
        tags: Mapping[str, str] | None = None,
        *,
        op_selection: Sequence[str] | None = None,
        resolved_op_selection: frozenset[str] | None = None,
        asset_selection: frozenset[AssetKey] | None = None,
        asset_check_selection: frozenset[Any] | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
    ) -> None:
        self.job_name: str = check_type(job_name, str, "job_name")
        self.run_id: str = _new_id() if run_id is None else check_type(run_id, str, "run_id")
        given = {} if run_config is None else check_type(run_config, Mapping, "run_config")
        self.run_config: Mapping[str, Any] = given
        self.status: DagflowRunStatus = check_type(status, DagflowRunStatus, "status")
        self.tags: dict[str, str] = checked_tags(tags) if tags else {}
        if (root_run_id is None) is not (parent_run_id is None):
            raise CheckError("a re-execution needs both 'root_run_id' and 'parent_run_id'")
        if op_selection:
            check_elements(op_selection, str, "op_selection")
        if resolved_op_selection:
            check_elements(resolved_op_selection, str, "resolved_op_selection")
        if asset_selection:
            check_elements(asset_selection, AssetKey, "asset_selection")
        if asset_check_selection:
            check_elements(asset_check_selection, AssetCheckKey, "asset_check_selection")
        if step_keys_to_execute:
            check_elements(step_keys_to_execute, str, "step_keys_to_execute")
        self.op_selection: Sequence[str] | None = op_selection
        self.resolved_op_selection: frozenset[str] | None = resolved_op_selection
        self.asset_selection: frozenset[AssetKey] | None = asset_selection
        self.asset_check_selection: frozenset[Any] | None = asset_check_selection
        self.step_keys_to_execute: Sequence[str] | None = step_keys_to_execute
        self.root_run_id: str | None = root_run_id
        self.parent_run_id: str | None = parent_run_id

    def with_changes(self, **changes: Any) -> DagflowRun:
        """Return a copy with some attributes changed."""
        copy = DagflowRun.__new__(DagflowRun)
        for name in DagflowRun.__slots__:
            setattr(copy, name, getattr(self, name))
        for name, value in changes.items():
            setattr(copy, name, value)
        return copy

    @property
    def pipeline_name(self) -> str:
        """The name of the job (an older spelling)."""
        return self.job_name

    @property
    def is_success(self) -> bool:
        """True if the run succeeded."""
        return self.status is DagflowRunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """True if the run failed."""
        return self.status is DagflowRunStatus.FAILURE

    @property
    def is_canceled(self) -> bool:
        """True if the run was canceled."""
        return self.status is DagflowRunStatus.CANCELED

    @property
    def is_failure_or_canceled(self) -> bool:
        """True if the run failed or was canceled."""
        return self.is_failure or self.is_canceled

    @property
    def is_finished(self) -> bool:
        """True if the run has ended: it succeeded, failed or was canceled."""
        return self.status in FINISHED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DagflowRun):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(self.run_id)

    def __repr__(self) -> str:
        return f"DagflowRun(job_name={self.job_name!r}, run_id={self.run_id!r}, status={self.status.name})"


def _new_id() -> str:
    import uuid  # imported lazily: the engine creates the ids of its runs itself

    return str(uuid.uuid4())


def checked_tags(tags: Mapping[str, str], name: str = "tags") -> dict[str, str]:
    """Return the tags of a run as a dict.

    Args:
        tags: The argument.
        name: The name of the parameter, for the message.

    Raises:
        ParameterCheckError: They are not a mapping.
        ElementCheckError: A name or a value is not a string.
    """
    for key, value in check_type(tags, Mapping, name).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ElementCheckError(
                f"parameter '{name}' must be a dict of strings, but {repr_of(key)} has the value "
                f"{repr_of(value)}"
            )
    return dict(tags)


class RunsFilter(Constant):
    """A filter of runs. A run must match every field that differs from its default.

    The value of a tag can be a list: the run must have one of its strings. `created_after` and
    `created_before` are datetimes, or seconds since the epoch.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.
        CheckError: `run_ids` is empty.
    """

    __slots__ = (
        "created_after",
        "created_before",
        "job_name",
        "run_ids",
        "statuses",
        "tags",
    )

    run_ids: Sequence[str] | None
    job_name: str | None
    statuses: Sequence[DagflowRunStatus]
    tags: Mapping[str, str | Sequence[str]]
    created_after: datetime | float | None
    created_before: datetime | float | None

    @explains_absent
    def __init__(
        self,
        run_ids: Sequence[str] | None = None,
        job_name: str | None = None,
        statuses: Sequence[DagflowRunStatus] = (),
        tags: Mapping[str, str | Sequence[str]] | None = None,
        created_after: datetime | float | None = None,
        created_before: datetime | float | None = None,
    ) -> None:
        self._set(
            run_ids=run_ids,
            job_name=job_name,
            statuses=statuses,
            tags={} if tags is None else tags,
            created_after=created_after,
            created_before=created_before,
        )
        check_elements(() if self.run_ids is None else self.run_ids, str, "run_ids")
        if self.run_ids is not None and not self.run_ids:
            raise CheckError(
                "parameter 'run_ids' of RunsFilter is empty, so no run matches. Name a run, or omit it for "
                "all runs."
            )
        check_optional(self.job_name, str, "job_name")
        check_elements(() if self.statuses is None else self.statuses, DagflowRunStatus, "statuses")
        for key, value in check_type(self.tags, Mapping, "tags").items():
            check_elements([value] if isinstance(value, str) else value, str, f"tags[{repr_of(key)}]")
        for name in ("created_after", "created_before"):
            moment = getattr(self, name)
            if not hasattr(moment, "timestamp"):
                check_optional(moment, (int, float), name)

    def admits(self, run: DagflowRun, created: float) -> bool:
        """Return whether the filter matches a run that was created at `created` (seconds since the epoch)."""
        return (
            (self.run_ids is None or run.run_id in self.run_ids)
            and (self.job_name is None or run.job_name == self.job_name)
            and (not self.statuses or run.status in self.statuses)
            and all(_tag_matches(run.tags.get(key), wanted) for key, wanted in self.tags.items())
            and (self.created_after is None or created > seconds_of(self.created_after))
            and (self.created_before is None or created < seconds_of(self.created_before))
        )


class RunRecord(NamedTuple):
    """A run in an instance: `storage_id`, the run and its times in seconds since the epoch."""

    storage_id: int
    dagflow_run: DagflowRun
    create_timestamp: float
    update_timestamp: float
    start_time: float | None = None
    end_time: float | None = None


def _tag_matches(value: str | None, wanted: str | Sequence[str]) -> bool:
    return value is not None and (value == wanted if isinstance(wanted, str) else value in wanted)


def seconds_of(moment: Any) -> float:
    """Return the seconds since the epoch of a datetime, or the argument if it is a number of seconds."""
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)
