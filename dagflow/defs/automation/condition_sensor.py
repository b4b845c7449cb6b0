"""The sensor that evaluates automation conditions: `AutomationConditionSensorDefinition`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dagflow import _doors
from dagflow.defs.automation.sensor import DefaultSensorStatus, SensorDefinition, SensorType
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import DagflowError, ParameterCheckError, check_elements, check_optional, check_type
from dagflow.keys import AssetJobKey, AssetKey
from dagflow.tags import jsonable_tags, system_tag

DEFAULT_NAME = "default_automation_condition_sensor"
"""The name of the sensor of a project for the conditions that no other sensor evaluates."""


class AutomationConditionSensorDefinition(SensorDefinition):
    """A sensor that evaluates the automation conditions of assets and checks, and requests runs of them.

    Only a sensor with `use_user_code_server=True` can be evaluated: by `evaluate_tick`, or by a call. Each
    partition is requested by itself, because dagflow has no backfills. `evaluate_automation_conditions`
    evaluates conditions without a sensor.

    Args:
        name: The name of the sensor.
        target: The assets, as an AssetSelection, a selection string or a list.
        tags: The tags of the sensor; runs do not get them.
        run_tags: The tags of the requested runs.
        default_status: The first status in a deployment.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        metadata: Metadata by name.
        emit_backfills: Whether a deployment requests several partitions by one backfill.
        use_user_code_server: Whether a deployment evaluates the conditions like other sensors.
        default_condition: The condition of the assets that have none.
        asset_job_keys: The jobs whose conditions a deployment evaluates.

    Raises:
        DagflowError: The target is not a selection of assets.
        ParameterCheckError: An argument has the wrong type, or does not fit `use_user_code_server`.

    Example:
        >>> from dagflow import AutomationCondition, DagflowInstance, Definitions, asset, build_sensor_context
        >>> @asset(automation_condition=AutomationCondition.missing())
        ... def beans(): ...
        >>> sensor = AutomationConditionSensorDefinition("soon", target="*", use_user_code_server=True)
        >>> defs = Definitions([beans], sensors=[sensor])
        >>> with DagflowInstance.ephemeral() as instance:
        ...     tick = sensor.evaluate_tick(build_sensor_context(instance, definitions=defs))
        >>> tick.run_requests[0].asset_selection
        [AssetKey(['beans'])]
    """

    __slots__ = (
        "asset_job_keys", "default_condition", "emit_backfills", "run_tags", "use_user_code_server"
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        *,
        target: Any,
        tags: Mapping[str, str] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        emit_backfills: bool = True,
        use_user_code_server: bool = False,
        default_condition: AutomationCondition | None = None,
        asset_job_keys: Collection[AssetJobKey] | None = None,
    ) -> None:
        place = f"sensor '{name}'"
        self.emit_backfills: bool = check_type(emit_backfills, bool, "emit_backfills", place)
        self.use_user_code_server: bool = check_type(
            use_user_code_server, bool, "use_user_code_server", place
        )
        self.run_tags: Mapping[str, str] = jsonable_tags(run_tags, place)
        self.default_condition: AutomationCondition | None = check_optional(
            default_condition, AutomationCondition, "default_condition", place
        )
        self.asset_job_keys: set[AssetJobKey] = set(
            check_elements(asset_job_keys or (), AssetJobKey, "asset_job_keys")
        )
        if default_condition is not None and not use_user_code_server:
            raise ParameterCheckError(
                f"{place} has a 'default_condition', which non-user-code sensors cannot have: set "
                "use_user_code_server=True"
            )
        if self.asset_job_keys and use_user_code_server:
            raise ParameterCheckError(
                f"{place} has 'asset_job_keys', but sensors with use_user_code_server=True do not evaluate "
                "job automation conditions: remove one of them"
            )
        try:
            selection = AssetSelection.from_coercible([target] if isinstance(target, AssetKey) else target)
        except DagflowError as error:
            raise type(error)(f"the target of {place} is invalid: {error}") from None
        super().__init__(
            name,
            evaluation_fn=_evaluate,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            default_status=default_status,
            asset_selection=selection,
            tags=tags,
            metadata={**(metadata or {}), system_tag("emit_backfills"): emit_backfills},
        )

    @property
    def sensor_type(self) -> SensorType:
        """The kind of the sensor."""
        return SensorType.AUTOMATION if self.use_user_code_server else SensorType.AUTO_MATERIALIZE

    def evaluate_tick(self, context: _doors.SensorEvaluationContext) -> _doors.SensorExecutionData:
        """Return the requests of a tick, and the results of the conditions.

        Args:
            context: A context of `build_sensor_context`, with the repository or the definitions.

        Raises:
            NotImplementedError: The sensor has not `use_user_code_server=True`.
            DagflowInvariantViolationError: The context has no repository.
            DagflowInvalidCursorError: The cursor of the context is not that of an earlier tick.
            DagflowInvalidInvocationError: The sensor has more than 500 assets and checks with conditions.
            DagflowUserCodeExecutionError: A condition could not be evaluated.
        """
        self.check_can_evaluate()
        return super().evaluate_tick(context)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the SensorResult of a tick, with a context of `build_sensor_context`.

        Errors as in `evaluate_tick`.
        """
        self.check_can_evaluate()
        return _doors.invoke_condition_sensor(self, args, kwargs)

    def check_can_evaluate(self) -> None:
        """Raise unless code of the user can evaluate the sensor; internal.

        Raises:
            NotImplementedError: Only a deployment evaluates it.
        """
        if not self.use_user_code_server:
            raise NotImplementedError(
                "Automation condition sensors cannot be evaluated like regular user-space sensors. Create "
                f"sensor '{self.name}' with use_user_code_server=True, or use evaluate_automation_conditions."
            )

    def __repr__(self) -> str:
        return f"<sensor '{self.name}' of automation conditions>"


def _evaluate(context: Any) -> Any:
    """Stand in for the function of a sensor, which `dagflow.automation.condition_tick` replaces."""
    raise NotImplementedError
