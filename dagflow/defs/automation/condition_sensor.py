"""The sensor that evaluates automation conditions, and the default one of a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from dagflow import _doors
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.automation.sensor import DefaultSensorStatus, SensorDefinition, SensorType
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import (
    CheckError,
    DagflowError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.tags import jsonable_tags, system_tag

DEFAULT_SENSOR_NAME = "default_automation_condition_sensor"
"""The name of the sensor of the conditions that no other sensor evaluates."""


class AutomationConditionSensorDefinition(SensorDefinition):
    """A sensor that evaluates the automation conditions of assets and checks, and requests runs of them.

    Args:
        name: The name of the sensor.
        target: The assets and checks, as an AssetSelection, a selection string or a list.
        tags: The tags of the sensor; runs do not get them.
        run_tags: The tags of the requested runs.
        default_status: The first status in a deployment.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        metadata: Metadata by name.
        emit_backfills: Whether a deployment may request many partitions of an asset as one backfill.
        use_user_code_server: Whether the conditions are evaluated in the process of the project, and not by
            the daemon of a deployment. `evaluate_tick` and direct calls need it.
        default_condition: The condition of assets and checks without one; needs `use_user_code_server`.

    Raises:
        DagflowInvalidDefinitionError: The name is invalid.
        DagflowError: The target is of another type.
        ParameterCheckError: An argument has the wrong type, or `default_condition` is not allowed.

    Example:
        >>> beans = AutomationConditionSensorDefinition("beans", target="group:beans", run_tags={"team": "a"})
        >>> beans.run_tags, beans.sensor_type
        ({'team': 'a'}, <SensorType.AUTO_MATERIALIZE: 'AUTO_MATERIALIZE'>)
    """

    __slots__ = ("default_condition", "emit_backfills", "run_tags", "use_user_code_server")

    asset_selection: AssetSelection

    def __init__(
        self,
        name: str,
        *,
        target: Any,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        emit_backfills: bool = True,
        use_user_code_server: bool = False,
        default_condition: AutomationCondition | None = None,
    ) -> None:
        place = f"automation condition sensor {repr_of(name)}"
        if target is None:
            raise CheckError(f"{place} needs a target: give it '*' for all assets, or a selection of them")
        try:
            selection = AssetSelection.from_coercible([target] if isinstance(target, AssetKey) else target)
        except DagflowError as error:
            raise type(error)(f"the target of {place} is invalid: {error}") from None
        super().__init__(
            check_type(name, str, "name", place),
            evaluation_fn=_evaluated_by_the_tick,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            default_status=default_status,
            asset_selection=selection,
            tags=tags,
        )
        self.run_tags: Mapping[str, str] = jsonable_tags(run_tags, place)
        self.emit_backfills: bool = check_type(emit_backfills, bool, "emit_backfills", place)
        own = {system_tag("emit_backfills"): emit_backfills}
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata({**(metadata or {}), **own}, place)
        self.use_user_code_server: bool = check_type(
            use_user_code_server, bool, "use_user_code_server", place
        )
        check_optional(default_condition, AutomationCondition, "default_condition", place)
        if default_condition is not None and not use_user_code_server:
            raise ParameterCheckError(
                f"'default_condition' of {place} needs use_user_code_server=True. Add it, or give each asset "
                "its automation_condition."
            )
        self.default_condition: AutomationCondition | None = default_condition

    @property
    def sensor_type(self) -> SensorType:
        """The kind of the sensor."""
        return SensorType.AUTOMATION if self.use_user_code_server else SensorType.AUTO_MATERIALIZE

    def evaluate_tick(self, context: _doors.SensorEvaluationContext) -> _doors.SensorExecutionData:
        """Return the requests of a tick; see `SensorDefinition.evaluate_tick`.

        Raises:
            NotImplementedError: The sensor has no `use_user_code_server`.
        """
        self._check_user_code("evaluate_tick")
        return super().evaluate_tick(context)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate the conditions with a context of `build_sensor_context`, and return a SensorResult.

        Raises:
            NotImplementedError: The sensor has no `use_user_code_server`.
        """
        self._check_user_code("a call")
        return super().__call__(*args, **kwargs)

    def _check_user_code(self, what: str) -> None:
        if not self.use_user_code_server:
            raise NotImplementedError(
                "Automation condition sensors cannot be evaluated like regular user-space sensors: "
                f"{what} of sensor '{self.name}' needs use_user_code_server=True."
            )

    def __repr__(self) -> str:
        return f"<automation condition sensor '{self.name}'>"


def _evaluated_by_the_tick(context: Any) -> None:
    """Stand for the function of the sensor, which has none of its own."""
    raise NotImplementedError("the tick of an automation condition sensor evaluates the conditions itself")


def with_default_sensor(sensors: Sequence[SensorDefinition], graph: AssetGraph) -> list[SensorDefinition]:
    """Return the sensors of a project, with one for the conditions that none of them evaluates.

    Args:
        sensors: The sensors.
        graph: The assets and checks of the project.

    Raises:
        DagflowInvalidDefinitionError: Two sensors evaluate the condition of one asset.
    """
    own = [one for one in sensors if isinstance(one, AutomationConditionSensorDefinition)]
    owners: dict[AssetKey | AssetCheckKey, AutomationConditionSensorDefinition] = {}
    for one in own:
        for key in sorted(_keys_of(one.asset_selection, graph), key=str):
            other = owners.setdefault(key, one)
            if other is not one:
                raise DagflowInvalidDefinitionError(
                    f"the automation condition sensors '{other.name}' and '{one.name}' have overlapping "
                    f"asset selections: both target '{key.to_user_string()}'. Each asset and check can have "
                    "one only: leave it out of one of them."
                )
    if all(key in owners for key in _keys_with_conditions(graph)):
        return list(sensors)
    everything = AssetSelection.all()
    rest = everything - reduce(or_, [one.asset_selection for one in own]) if own else everything
    return [AutomationConditionSensorDefinition(DEFAULT_SENSOR_NAME, target=rest), *sensors]


def _keys_of(selection: AssetSelection, graph: AssetGraph) -> set[AssetKey | AssetCheckKey]:
    return {*selection.resolve(graph), *selection.resolve_checks(graph)}


def _keys_with_conditions(graph: AssetGraph) -> Iterable[AssetKey | AssetCheckKey]:
    """Yield the keys of the executable assets and of the checks that have a condition."""
    for key in graph.executable_asset_keys:
        if graph.get(key).spec.automation_condition is not None:
            yield key
    for check in graph.asset_check_keys:
        if graph.get_check_spec(check).automation_condition is not None:
            yield check
