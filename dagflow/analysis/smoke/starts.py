"""The smoke tests of what starts runs: jobs, schedules and sensors. No run is started.

Functions of the user that make config and requests are called: with an instance in memory, and with the time
of the tick. A function that needs a resource is not called, unless the resource is a plain value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dagflow.analysis.smoke.findings import SmokeFinding, of_config, of_error
from dagflow.analysis.smoke.parts import SmokeTest
from dagflow.analysis.smoke.project import NO_KEYS
from dagflow.automation.schedule_context import build_schedule_context
from dagflow.automation.sensor_context import build_sensor_context
from dagflow.automation.tick_times import tick_times
from dagflow.clock import VirtualClock
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import DagflowInvalidConfigError
from dagflow.instance.instance import DagflowInstance
from dagflow.options import set_options
from dagflow.plan.compile import compile_plan
from dagflow.plan.surroundings import Surroundings
from dagflow.runs.in_process import validate_run_config
from dagflow.tags import system_tag_spellings

_TICKS = 3
_NOT_LOADED = SmokeFinding(
    "it is not tested, because the definitions do not load as a whole",
    is_failure=False,
)


class JobTest(SmokeTest):
    """The job is complete, its default config is valid, and its plan can be made. A partitioned job has
    valid config and a plan for its first and last partition, and those at the end of a month or year and at
    a change of the clock.
    """

    kind = "job"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing or invalid."""
        job = None if self.project.jobs is None else self.project.jobs[self.name]
        if job is None:
            yield _NOT_LOADED
            return
        keys: list[str] = [] if job.partitions_def is None else self.project.boundaries(job.partitions_def)
        for key in keys or (None,):
            found = list(self._findings_for(job, key))
            yield from found
            if found:  # the other partitions have the same problem, most likely
                return

    def _findings_for(self, job: JobDefinition, key: str | None) -> Iterator[SmokeFinding]:
        subject = self.subject if key is None else f"{self.subject} for partition '{key}'"
        of_key = job.partitioned_config
        is_of_key = key is not None and of_key is not None
        config: Any = {}
        try:
            if key is not None and of_key is not None:
                config = of_key.get_run_config_for_partition_key(key)
            validate_run_config(job, config)
            compile_plan(
                job,
                config,
                Surroundings(os.environ, self.project.now, NO_KEYS),
                partition_key=key,
                bound_inputs=frozenset(job.input_values),
                in_process=False,
            )
        except DagflowInvalidConfigError as error:
            is_complete = is_of_key or bool(job.default_config)
            invalid = f"the default config of {subject} is invalid"
            for finding in of_config(subject, error, is_complete=is_complete, invalid=invalid):
                if finding.is_failure or "environment variable" not in finding.fact:
                    yield finding
        except Exception as error:  # also of the user's config functions
            yield of_error(f"{subject} has no plan" if not is_of_key else f"{subject} has no config", error)


class _AutomationTest(SmokeTest):
    """The common part of the tests of schedules and sensors."""

    def _value_resources(self, needed: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the resources that are plain values, and the keys of those that would be started."""
        values: dict[str, Any] = {}
        started = []
        for key in sorted(needed):
            found = self.project.resources.get(key)
            if isinstance(found, ResourceDefinition) and found.resource_type == "value":
                values[key] = found.value
            else:
                started.append(key)
        return values, started

    def _unknown_resources(self, needed: Iterable[str]) -> Iterator[SmokeFinding]:
        for key in sorted(set(needed) - set(self.project.resources)):
            fact = f"{self.subject} requires resource '{key}', which the project does not have"
            yield SmokeFinding(fact, remedy="Give it to the Definitions.")

    def _not_started(self, keys: list[str]) -> SmokeFinding:
        names = ", ".join(f"'{key}'" for key in keys)
        fact = f"{self.subject} is not evaluated, because it uses resource {names}, which would be started"
        return SmokeFinding(fact, remedy="Write a test of its tick with a fake.", is_failure=False)

    def _request_findings(self, requests: Iterable[RunRequest], at: str) -> Iterator[SmokeFinding]:
        """Yield the requests whose config does not fit their job."""
        for request in requests:
            name = request.job_name or self._only_job_name()
            job = None if self.project.jobs is None or name is None else self.project.jobs.get(name)
            if job is None:
                continue  # a selection of assets, or a job of another project
            config: Any = request.run_config
            try:
                partition = next(
                    (request.tags[tag] for tag in system_tag_spellings("partition") if tag in request.tags),
                    None,
                )
                if not config and partition is not None and job.partitioned_config is not None:
                    config = job.partitioned_config.get_run_config_for_partition_key(partition)
                validate_run_config(job, config)
            except DagflowInvalidConfigError as error:
                invalid = f"{self.subject} requests job '{name}' with invalid config{at}"
                yield from (
                    finding
                    for finding in of_config(self.subject, error, is_complete=True, invalid=invalid)
                    if finding.is_failure
                )
            except Exception as error:
                yield of_error(f"{self.subject} requests job '{name}'{at}, which has no config", error)

    def _only_job_name(self) -> str | None:
        return None


class ScheduleTest(_AutomationTest):
    """The job of the schedule exists. Its next three ticks can be evaluated, and the run config and the
    partition of each request fit the job.
    """

    kind = "schedule"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing, and the ticks that fail."""
        if self.project.jobs is None:
            yield _NOT_LOADED
            return
        schedule: ScheduleDefinition = self.project.definitions.get_schedule_def(self.name)
        yield from self._unknown_resources(schedule.required_resource_keys)
        values, started = self._value_resources(schedule.required_resource_keys)
        if started:
            yield self._not_started(started)
            return
        for time in tick_times(schedule, self.project.now, _TICKS):
            found = list(self._tick_findings(schedule, time, values))
            yield from found
            if found:
                return

    def _tick_findings(
        self, schedule: ScheduleDefinition, time: datetime, resources: dict[str, Any]
    ) -> Iterator[SmokeFinding]:
        at = f"its tick at {time:%Y-%m-%d %H:%M %Z}"
        with set_options(clock=VirtualClock(time)), DagflowInstance.ephemeral() as instance:
            repository = self.project.definitions.get_repository_def()
            context = build_schedule_context(instance, time, resources or None, repository)
            try:
                data = schedule.evaluate_tick(context)
            except Exception as error:  # of user code, too
                yield of_error(f"{self.subject} cannot evaluate {at}", error)
                return
            yield from self._request_findings(data.run_requests, f" in {at}")

    def _only_job_name(self) -> str | None:
        name: str = self.definition.job_name
        return name


class SensorTest(_AutomationTest):
    """The jobs of the sensor exist. One tick without a cursor, on an empty instance, can be evaluated, and
    the run config and the partition of each request fit the job.
    """

    kind = "sensor"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing, and the error of the tick."""
        if self.project.jobs is None:
            yield _NOT_LOADED
            return
        sensor: SensorDefinition = self.project.definitions.get_sensor_def(self.name)
        yield from self._unknown_resources(sensor.required_resource_keys)
        values, started = self._value_resources(sensor.required_resource_keys)
        if started:
            yield self._not_started(started)
            return
        with set_options(clock=VirtualClock(self.project.now)), DagflowInstance.ephemeral() as instance:
            repository = self.project.definitions.get_repository_def()
            context = build_sensor_context(
                instance, repository_def=repository, sensor_name=self.name, resources=values or None
            )
            try:
                data = sensor.evaluate_tick(context)
            except Exception as error:  # of user code, too
                yield of_error(f"{self.subject} cannot evaluate a tick", error)
                return
            yield from self._request_findings(data.run_requests or (), "")

    def _only_job_name(self) -> str | None:
        names = {target.job_name for target in self.definition.targets}
        return names.pop() if len(names) == 1 else None
