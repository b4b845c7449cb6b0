"""The smoke tests of what starts runs: jobs, schedules and sensors. No run is started.

Functions of the user that make config and requests are called: with an instance in memory, and with the time
of the tick. A function that needs a resource is not called, unless the resource is a plain value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Any

from dagflow._util import nearest
from dagflow.analysis.smoke.findings import NOT_LOADED, SmokeFinding, of_config, of_error
from dagflow.analysis.smoke.parts import SmokeTest, of_selection
from dagflow.analysis.smoke.project import NO_KEYS
from dagflow.automation.schedule_context import build_schedule_context
from dagflow.automation.sensor_context import build_sensor_context
from dagflow.automation.sensor_tick import evaluate_sensor
from dagflow.automation.tick_times import tick_times
from dagflow.clock import VirtualClock
from dagflow.defs.automation.asset_sensor import AssetSensorDefinition
from dagflow.defs.automation.condition_sensor import AutomationConditionSensorDefinition
from dagflow.defs.automation.multi_asset_sensor import MultiAssetSensorDefinition
from dagflow.defs.automation.run_status_sensor import RunStatusSensorDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.defs.project.automation import check_automations
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import DagflowError, DagflowInvalidConfigError
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import ANONYMOUS_JOB_PREFIX, ASSET_JOB_NAME
from dagflow.options import set_options
from dagflow.plan.compile import compile_plan
from dagflow.plan.surroundings import Surroundings
from dagflow.runs.in_process import validate_run_config
from dagflow.tags import system_tag_spellings

_TICKS = 3


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
            yield NOT_LOADED
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
            # the tests of the resources name the variables
            yield from of_config(
                subject, error, is_complete=is_complete, invalid=invalid, names_variables=False
            )
        except Exception as error:  # also of the user's config functions
            yield of_error(f"{subject} has no plan" if not is_of_key else f"{subject} has no config", error)


class _AutomationTest(SmokeTest):
    """The common part of the tests of schedules and sensors."""

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing, and the ticks that fail."""
        project = self.project
        if project.jobs is not None:
            try:
                check_automations([self.definition], project.jobs, "the project")
            except DagflowError as error:
                yield of_error(f"{self.subject} has no job", error)
                return
        if project.repository is None:
            yield NOT_LOADED
            return
        needed: frozenset[str] = getattr(self.definition, "required_resource_keys", frozenset())
        values, problem = self._resources(needed)
        if problem is not None:
            yield problem
        else:
            yield from self._ticks(project.repository, values)

    def _ticks(self, repository: RepositoryDefinition, resources: dict[str, Any]) -> Iterator[SmokeFinding]:
        """Evaluate ticks, and yield their findings."""
        raise NotImplementedError

    def _resources(self, needed: Iterable[str]) -> tuple[dict[str, Any], SmokeFinding | None]:
        """Return the resources that are plain values, or the reason why the function is not called."""
        known, values = self.project.resources, {}
        for key in sorted(needed):
            found = known.get(key)
            if found is None:
                fact = f"{self.subject} requires resource '{key}', which the project does not have"
                return {}, SmokeFinding(fact, remedy="Give it to the Definitions.")
            if not isinstance(found, ResourceDefinition) or found.resource_type != "value":
                fact = f"{self.subject} is not evaluated: it uses resource '{key}', which would be started"
                remedy = "Write a test of its tick with a fake."
                return {}, SmokeFinding(fact, remedy=remedy, is_failure=False)
            values[key] = found.value
        return values, None

    def _request_findings(self, requests: Iterable[RunRequest], at: str) -> Iterator[SmokeFinding]:
        """Yield the requests that no run can satisfy: their job, assets or config are wrong."""
        known = self.project.jobs
        assert known is not None, "the project loads as a whole"
        for request in requests:
            name = request.job_name or self._only_job_name()
            job = None if name is None else known.get(name)
            if job is not None:
                yield from self._asset_findings(request, job, at)
                yield from self._config_findings(request, job, at)
            elif name != ASSET_JOB_NAME:  # assets with several partitions have no common job
                fact = f"{self.subject} requests job '{name}'{at}, which the project does not have"
                yield SmokeFinding(f"{fact}.{nearest(name, known)}")

    def _asset_findings(self, request: RunRequest, job: JobDefinition, at: str) -> Iterator[SmokeFinding]:
        """Yield the requested assets that the job does not compute."""
        computed = [] if job.asset_layer is None else [key.to_user_string() for key in job.asset_layer.keys]
        target = "its target" if job.name.startswith(ANONYMOUS_JOB_PREFIX) else f"job '{job.name}'"
        for key in request.asset_selection or ():
            text = key.to_user_string()
            if text not in computed:
                fact = f"{self.subject} requests asset '{text}'{at}, which is not in {target}"
                yield SmokeFinding(f"{fact}.{nearest(text, computed)}")

    def _config_findings(self, request: RunRequest, job: JobDefinition, at: str) -> Iterator[SmokeFinding]:
        """Yield what is wrong with the config of a request."""
        config: Any = request.run_config
        try:
            spellings = system_tag_spellings("partition")
            partition = next((request.tags[tag] for tag in spellings if tag in request.tags), None)
            if not config and partition is not None and job.partitioned_config is not None:
                config = job.partitioned_config.get_run_config_for_partition_key(partition)
            validate_run_config(job, config)
        except DagflowInvalidConfigError as error:
            invalid = f"{self.subject} requests job '{job.name}' with invalid config{at}"
            yield from of_config(
                self.subject, error, is_complete=True, invalid=invalid, names_variables=False
            )
        except Exception as error:
            yield of_error(f"{self.subject} requests job '{job.name}'{at}, which has no config", error)

    def _only_job_name(self) -> str | None:
        return None


class ScheduleTest(_AutomationTest):
    """The job of the schedule exists. Its next three ticks can be evaluated. The job, the assets, the
    partition and the run config of each request fit together.
    """

    kind = "schedule"

    def _ticks(self, repository: RepositoryDefinition, resources: dict[str, Any]) -> Iterator[SmokeFinding]:
        schedule = self.project.definitions.get_schedule_def(self.name)
        for time in tick_times(schedule, self.project.now, _TICKS):
            at = f"its tick at {time:%Y-%m-%d %H:%M %Z}"
            found = []
            with set_options(clock=VirtualClock(time)), DagflowInstance.ephemeral() as instance:
                context = build_schedule_context(instance, time, resources or None, repository)
                try:
                    requests = schedule.evaluate_tick(context).run_requests
                except Exception as error:  # of user code, too
                    found = [of_error(f"{self.subject} cannot evaluate {at}", error)]
                else:
                    found = list(self._request_findings(requests, f" in {at}"))
            yield from found
            if found:  # the other ticks have the same problem, most likely
                return

    def _only_job_name(self) -> str | None:
        name: str = self.definition.job_name
        return name


class SensorTest(_AutomationTest):
    """The jobs of the sensor exist, and so do the assets and jobs that it waits for. One tick without a
    cursor, on an empty instance, can be evaluated. The job, the assets, the partition and the run config of
    each request fit together. A sensor of automation conditions only selects assets: they exist.
    """

    kind = "sensor"

    def _ticks(self, repository: RepositoryDefinition, resources: dict[str, Any]) -> Iterator[SmokeFinding]:
        sensor = self.project.definitions.get_sensor_def(self.name)
        unknown = list(self._unknown_findings(sensor, repository))
        yield from unknown
        if unknown or (
            isinstance(sensor, AutomationConditionSensorDefinition) and not sensor.use_user_code_server
        ):
            return
        with set_options(clock=VirtualClock(self.project.now)), DagflowInstance.ephemeral() as instance:
            context = build_sensor_context(
                instance, repository_def=repository, sensor_name=self.name, resources=resources or None
            )
            try:
                requests = evaluate_sensor(sensor, context).run_requests  # as a deployment does
            except Exception as error:  # of user code, too
                finding = of_error(f"{self.subject} cannot evaluate a tick", error)
                is_of_conditions = isinstance(sensor, AutomationConditionSensorDefinition)
                yield finding._replace(detail=str(error)) if is_of_conditions else finding  # names the asset
                return
            yield from self._request_findings(requests or (), "")

    def _unknown_findings(
        self, sensor: SensorDefinition, repository: RepositoryDefinition
    ) -> Iterator[SmokeFinding]:
        """Yield the assets and jobs that the sensor waits for, and that the project does not have."""
        if isinstance(sensor, RunStatusSensorDefinition):
            yield from self._unknown_jobs(sensor)
        fact = f"{self.subject} is about an asset that the project does not have"
        yield from of_selection(fact, assets_of_sensor(sensor), repository.asset_graph)

    def _unknown_jobs(self, sensor: RunStatusSensorDefinition) -> Iterator[SmokeFinding]:
        known = self.project.jobs or {}
        for one in sensor.monitored_jobs:
            name = getattr(one, "name", None)  # a selector can be about another code location
            if name is not None and name not in known:
                fact = f"{self.subject} waits for job '{name}', which the project does not have"
                yield SmokeFinding(f"{fact}.{nearest(name, known)}", remedy="Give it to the Definitions.")

    def _only_job_name(self) -> str | None:
        names = {target.job_name for target in self.definition.targets}
        return names.pop() if len(names) == 1 else None


def assets_of_sensor(sensor: SensorDefinition) -> AssetSelection | None:
    """Return the assets whose events a sensor waits for, and those that it selects; None without them."""
    found = [sensor.asset_selection] if sensor.asset_selection is not None else []
    if isinstance(sensor, AssetSensorDefinition):
        found.append(AssetSelection.assets(sensor.asset_key))
    if isinstance(sensor, MultiAssetSensorDefinition):
        keys = sensor.monitored_assets
        found.append(keys if isinstance(keys, AssetSelection) else AssetSelection.assets(*keys))
    return reduce(or_, found) if found else None
