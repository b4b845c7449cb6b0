"""The objects that the functions of schedules and sensors return, besides RunRequest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagflow.defs.jobs.request_partition import PartitionsRequest
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import CheckError, ElementCheckError, check_elements, check_optional, check_texts, repr_of
from dagflow.events.check import AssetCheckEvaluation
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from dagflow.values import Constant

AssetEvent = AssetMaterialization | AssetObservation | AssetCheckEvaluation


class SkipReason(Constant):
    """The reason why a schedule or sensor starts no run.

    Args:
        skip_message: A sentence for people.

    Raises:
        ParameterCheckError: The message is not a string.

    Example:
        >>> SkipReason("no new file")
        SkipReason(skip_message='no new file')
    """

    __slots__ = ("skip_message",)

    skip_message: str | None

    def __init__(self, skip_message: str | None = None) -> None:
        check_texts("a SkipReason", skip_message=skip_message)
        self._set(skip_message=skip_message)


class SensorResult(Constant):
    """The result of the function of a sensor: requests for runs, a cursor, and requests for partitions.

    Args:
        run_requests: The requests for runs.
        skip_reason: The reason why no run starts; instead of `run_requests`.
        cursor: The cursor that the next tick finds in its context.
        dynamic_partitions_requests: Keys of dynamic partitions to add or delete.
        asset_events: Events of assets that the sensor has seen outside of runs.

    Raises:
        ParameterCheckError: An argument has the wrong type.
        CheckError: Both `run_requests` and `skip_reason` are given, or an element has the wrong type.

    Example:
        >>> SensorResult([RunRequest("beans.csv")], cursor="beans.csv").cursor
        'beans.csv'
    """

    __slots__ = ("asset_events", "cursor", "dynamic_partitions_requests", "run_requests", "skip_reason")
    _names = ("run_requests", "skip_reason", "cursor", "dynamic_partitions_requests", "asset_events")

    run_requests: Sequence[RunRequest] | None
    skip_reason: SkipReason | None
    cursor: str | None
    dynamic_partitions_requests: Sequence[PartitionsRequest]
    asset_events: Sequence[AssetEvent]

    def __init__(
        self,
        run_requests: Sequence[RunRequest] | None = None,
        skip_reason: str | SkipReason | None = None,
        cursor: str | None = None,
        dynamic_partitions_requests: Sequence[PartitionsRequest] | None = None,
        asset_events: Sequence[AssetEvent] | None = None,
    ) -> None:
        check_optional(skip_reason, (str, SkipReason), "skip_reason", "a SensorResult")
        check_texts("a SensorResult", cursor=cursor)
        requests = None if run_requests is None else check_elements(run_requests, RunRequest, "run_requests")
        if requests and skip_reason:
            raise CheckError(
                "Expected a single skip reason or one or more run requests: received values for both "
                "run_requests and skip_reason of a SensorResult. Remove one of them."
            )
        self._set(
            run_requests=requests,
            skip_reason=SkipReason(skip_reason) if isinstance(skip_reason, str) else skip_reason,
            cursor=cursor,
            dynamic_partitions_requests=_members(
                dynamic_partitions_requests,
                (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest),
                "dynamic_partitions_requests",
            ),
            asset_events=_members(
                asset_events, (AssetMaterialization, AssetObservation, AssetCheckEvaluation), "asset_events"
            ),
        )


def _members(given: Any, classes: tuple[type[Any], ...], name: str) -> list[Any]:
    """Return the elements of a list, an empty list for None, if all are of one of the classes."""
    values: list[Any] = check_elements(() if given is None else given, object, name)
    for value in values:
        if not isinstance(value, classes):
            wanted = " or ".join(cls.__name__ for cls in classes)
            raise ElementCheckError(
                f"parameter '{name}' of a SensorResult must hold values of type {wanted}, not "
                f"{repr_of(value)} of type '{type(value).__name__}'"
            )
    return values
