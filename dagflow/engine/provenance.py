"""Data versions: the versions and events of the inputs of each materialization in a run.

A materialization has the data version of each asset that it depends on, as it was before the step. Within the
run the versions follow from its earlier records. Earlier runs are read from the instance.

A run in memory computes them when the tags of an event are read. A run that is stored outside of this
process computes them when the event happens (`inputs_of`), because later the instance has later events.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dagflow.errors import DagflowInvariantViolationError
from dagflow.events.data_versions import UNKNOWN_POINTER
from dagflow.events.types import CODE, DagflowEventType
from dagflow.instance.records import AssetRecordsFilter, EventLogRecord
from dagflow.keys import AssetKey
from dagflow.plan.step import Step, StepInput, StepOutput
from dagflow.tags import system_tag, system_tag_spellings

if TYPE_CHECKING:
    from dagflow.events.record import DagflowEvent
    from dagflow.events.run import DagflowRun
    from dagflow.instance.instance import DagflowInstance
    from dagflow.plan.plan import Plan

Record = tuple[int, float, int, int, Any]
UNKNOWN_VERSION = "INITIAL"
_MATERIALIZATION = CODE[DagflowEventType.ASSET_MATERIALIZATION]
_OBSERVATION = CODE[DagflowEventType.ASSET_OBSERVATION]


class InputVersion(NamedTuple):
    """The state of one input before a step.

    Attributes:
        key: The asset.
        version: Its data version.
        pointer: The storage id of its latest event, None if it had no event.
    """

    key: AssetKey
    version: str
    pointer: int | None


class _Dependency(NamedTuple):
    """An asset that an output depends on, and the partitions of it; None for its latest event alone."""

    key: AssetKey
    partition_keys: tuple[str, ...] | None


def dependencies_of(step: Step, output: StepOutput) -> list[_Dependency]:
    """Return the assets that an output depends on, ordered by key."""
    assert output.asset is not None
    read: dict[AssetKey, _Dependency] = {}
    for item in step.inputs:
        written = item.definition.asset_key
        if written is not None:
            read[written] = _Dependency(item.source.asset_key or written, _partitions(item))
    found = {
        dep.asset_key: read.get(dep.asset_key) or _Dependency(dep.asset_key, None)
        for dep in output.asset.spec.deps
    }
    return sorted(found.values(), key=lambda dependency: dependency.key)


def _partitions(item: StepInput) -> tuple[str, ...] | None:
    if item.ordered_keys is None:
        return item.partition_keys
    try:
        return item.ordered_keys()
    except DagflowInvariantViolationError:
        return ()  # the step ran without these partitions, because it does not load them


def version_of(code_version: str, inputs: Sequence[InputVersion]) -> str:
    """Return the default data version of a materialization.

    Example:
        >>> version_of("1", [])[:8]
        '6b86b273'
    """
    return _hash([code_version, *(item.version for item in inputs)])


def tags_of(inputs: Sequence[InputVersion]) -> dict[str, str]:
    """Return the tags of a materialization about its inputs."""
    tags = {}
    for item in inputs:
        name = item.key.to_user_string()
        tags[system_tag(f"input_data_version/{name}")] = item.version
        pointer = UNKNOWN_POINTER if item.pointer is None else str(item.pointer)
        tags[system_tag(f"input_event_pointer/{name}")] = pointer
    return tags


def inputs_of(instance: DagflowInstance, step: Step, output: StepOutput) -> tuple[InputVersion, ...]:
    """Return the present state of the inputs of an output, from the instance."""
    return tuple(_stored(instance, dependency, None) for dependency in dependencies_of(step, output))


def complete(streamed: StreamedMaterialization, instance: DagflowInstance, step: Step) -> None:
    """Add the states of the inputs to a materialization from a worker process, which does not know them.

    Args:
        streamed: The payload of the event. A materialization that user code logged stays as it is.
        instance: The instance with the events of the other steps.
        step: The step.
    """
    event = json.loads(streamed.body)
    materialization = event["event_specific_data"]["materialization"]
    tags = materialization["tags"]
    code = tags.get(system_tag("code_version"))
    key = materialization["asset_key"]["path"]
    output = next((one for one in step.outputs if one.asset_key == AssetKey(key)), None)
    if code is None or output is None:
        return
    inputs = inputs_of(instance, step, output)
    if system_tag("data_version_is_user_provided") not in tags:
        tags[system_tag("data_version")] = version_of(code, inputs)
    materialization["tags"] = {system_tag("code_version"): code, **tags, **tags_of(inputs)}
    streamed.body = json.dumps(event)


class StreamedMaterialization(Protocol):
    """The payload of an event of another process: see `dagflow.engine.record.StreamedEvent`."""

    body: str


def _stored(instance: DagflowInstance, dependency: _Dependency, before: int | None) -> InputVersion:
    """Return the state of an asset, from its events with a storage id less than `before`."""
    latest = _latest(instance, dependency.key, None, before)
    if latest is None:
        return InputVersion(dependency.key, UNKNOWN_VERSION, None)
    if dependency.partition_keys is None:
        version = _version_in(latest)
    else:
        found = [_latest(instance, dependency.key, key, before) for key in dependency.partition_keys]
        version = _of_partitions([None if one is None else _version_in(one) for one in found])
    return InputVersion(dependency.key, version, latest.storage_id)


def _latest(
    instance: DagflowInstance, key: AssetKey, partition: str | None, before: int | None
) -> EventLogRecord | None:
    wanted = AssetRecordsFilter(
        key, None if partition is None else [partition], before_storage_id=before,
        after_storage_id=instance.wiped_before(key),
    )  # fmt: skip
    for fetch in (instance.fetch_materializations, instance.fetch_observations):
        records = fetch(wanted, 1).records
        if records:
            return records[0]
    return None


def _version_in(record: EventLogRecord) -> str:
    event = record.event_log_entry.get_dagflow_event()
    data: Any = event.event_specific_data
    happened = getattr(data, "materialization", None) or data.asset_observation
    return _version(happened.tags)


def _version(tags: Mapping[str, str]) -> str:
    found = (tags[tag] for tag in system_tag_spellings("data_version") if tag in tags)
    return next(found, UNKNOWN_VERSION)


def _of_partitions(versions: Sequence[str | None]) -> str:
    return _hash([version for version in versions if version is not None])


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("".join(parts).encode()).hexdigest()


class RunOfVersions(Protocol):
    """The part of a `RunLog` that is read here."""

    plan: Plan
    run: DagflowRun
    records: list[Record]

    def instance(self) -> DagflowInstance | None:
        """Return the instance of a run in memory."""

    def event_of(self, record: Record) -> DagflowEvent:
        """Return the event of a record."""

    def storage_id(self, position: int) -> int:
        """Return the storage id of the event of a record."""


def code_version(run: DagflowRun, step: Step, output: StepOutput) -> str:
    """Return the version of the code of an output; the id of the run if none is declared."""
    declared = None if output.asset is None else output.asset.spec.code_version
    return declared or output.definition.code_version or step.op.code_version or run.run_id


class RunVersions:
    """The states of the inputs of all materializations of a run, in the order of its records.

    Args:
        log: The log of the run.

    Attributes:
        read: The number of records whose events are known.
        latest: The index of the record of the latest event of each asset.
        latest_versions: The data version in that event.
        materialized: The assets that have a materialization, so that observations no longer count.
        versions: The data version of each asset and partition (None without partition).
        inputs: The states of the inputs, by the index of the record.
    """

    __slots__ = ("inputs", "latest", "latest_versions", "log", "materialized", "read", "versions")

    def __init__(self, log: RunOfVersions) -> None:
        self.log = log
        self.read = 0
        self.latest: dict[AssetKey, int] = {}
        self.latest_versions: dict[AssetKey, str] = {}
        self.materialized: set[AssetKey] = set()
        self.versions: dict[tuple[AssetKey, str | None], str] = {}
        self.inputs: dict[int, tuple[InputVersion, ...]] = {}

    def inputs_of(self, record: Record) -> tuple[InputVersion, ...]:
        """Return the states of the inputs of a materialization."""
        while True:
            found = self.inputs.get(id(record))
            if found is not None:
                return found
            self._read_next()

    def _read_next(self) -> None:
        position = self.read
        record = self.log.records[position]
        self.read += 1
        if record[0] not in (_MATERIALIZATION, _OBSERVATION):
            return
        if record[0] == _MATERIALIZATION and isinstance(record[4], tuple):
            self._of_output(position, record)
            return
        data: Any = self.log.event_of(record).event_specific_data
        happened = data.materialization if record[0] == _MATERIALIZATION else data.asset_observation
        if record[0] == _MATERIALIZATION:
            self.materialized.add(happened.asset_key)
        elif self._is_materialized(happened.asset_key):
            return
        self._add(happened.asset_key, happened.partition, _version(happened.tags), position)

    def _is_materialized(self, key: AssetKey) -> bool:
        """Return whether this run or an earlier one has materialized an asset."""
        instance = self.log.instance()
        if key in self.materialized or instance is None:
            return key in self.materialized
        earlier = AssetRecordsFilter(
            key, before_storage_id=self.log.storage_id(0), after_storage_id=instance.wiped_before(key)
        )
        if not instance.fetch_materializations(earlier, 1).records:
            return False
        self.materialized.add(key)
        return True

    def _of_output(self, position: int, record: Record) -> None:
        plan = self.log.plan
        step = plan.steps[record[2]]
        index, _, _, version, _, *partitions = record[4]  # the partition, if the run is for a range
        output = step.outputs[index]
        assert output.asset is not None
        before = self.log.records[position - 1]
        if partitions and before[0] == _MATERIALIZATION and id(before) in self.inputs:
            inputs = self.inputs[id(before)]  # the earlier partitions of this output are no inputs of it
        else:
            inputs = tuple(self._input(dependency) for dependency in dependencies_of(step, output))
        self.inputs[id(record)] = inputs
        code = code_version(self.log.run, step, output)
        made = version_of(code, inputs) if version is None else version.value
        self.materialized.add(output.asset.key)
        partition = partitions[0] if partitions else output.asset.partition_of(plan.partition_key)
        self._add(output.asset.key, partition, made, position)

    def _add(self, key: AssetKey, partition: str | None, version: str, position: int) -> None:
        self.latest[key], self.latest_versions[key] = position, version
        self.versions[key, partition] = version

    def _input(self, dependency: _Dependency) -> InputVersion:
        key, partition_keys = dependency
        instance, position = self.log.instance(), self.latest.get(key)
        if position is None:
            unknown = InputVersion(key, UNKNOWN_VERSION, None)
            return unknown if instance is None else _stored(instance, dependency, self.log.storage_id(0))
        pointer = self.log.storage_id(position)
        if partition_keys is None:
            return InputVersion(key, self.latest_versions[key], pointer)
        found = [self.versions.get((key, partition)) for partition in partition_keys]
        if None in found and instance is not None:
            first = self.log.storage_id(0)
            found = [
                known or self._earlier(instance, key, partition, first)
                for known, partition in zip(found, partition_keys, strict=True)
            ]
        return InputVersion(key, _of_partitions(found), pointer)

    def _earlier(self, instance: DagflowInstance, key: AssetKey, partition: str, before: int) -> str | None:
        record = _latest(instance, key, partition, before)
        return None if record is None else _version_in(record)
