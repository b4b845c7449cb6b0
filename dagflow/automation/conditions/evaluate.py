"""`evaluate_automation_conditions`, and its result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagflow.automation.conditions.context import AutomationResult
from dagflow.automation.conditions.cursor import AutomationCursor
from dagflow.automation.conditions.entities import EntityKey
from dagflow.automation.conditions.evaluation import Evaluation
from dagflow.automation.conditions.program import Program, program_of
from dagflow.automation.conditions.results import result_of
from dagflow.defs.assets.definition import AnyAsset
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import check_optional, check_type, invalid_cursor
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import AssetCheckKey, AssetJobKey, AssetKey, CoercibleToAssetKey
from dagflow.options import current_options
from dagflow.partitions.loading import partition_loading_context

if TYPE_CHECKING:
    from dagflow.defs.jobs.definition import JobDefinition


class EvaluateAutomationConditionsResult:
    """The result of `evaluate_automation_conditions`. Nothing is started.

    Attributes:
        cursor: The cursor for the next evaluation. `serialize_value` can store it.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self.cursor: AutomationCursor = evaluation.cursor()

    @property
    def results(self) -> list[AutomationResult]:
        """The result of the condition of each asset, check and job that was evaluated, dependencies first."""
        return [result_of(root) for root in self._evaluation.roots]

    @property
    def total_requested(self) -> int:
        """The number of partitions of assets, checks and jobs whose own condition is true."""
        return sum(map(len, self._evaluation.own))

    def get_requested_partitions(
        self, key: CoercibleToAssetKey | AssetCheckKey | AssetJobKey
    ) -> set[str | None]:
        """Return the requested partitions of an asset, check or job.

        An asset is requested too if another one is that always runs with it.

        Args:
            key: Its key. An unknown key has no requests.

        Returns:
            The partition keys; `{None}` if it is requested and has no partitions.
        """
        return set(self._evaluation.requested_slots(_key_of(key)))

    def get_num_requested(self, key: CoercibleToAssetKey | AssetCheckKey | AssetJobKey) -> int:
        """Return the number of requested partitions of an asset, check or job. See
        `get_requested_partitions`.
        """
        return len(self._evaluation.requested_slots(_key_of(key)))

    def __repr__(self) -> str:
        return f"<EvaluateAutomationConditionsResult with {self.total_requested} requests>"


def evaluate_automation_conditions(
    defs: Definitions | Sequence[AnyAsset],
    instance: DagflowInstance,
    asset_selection: AssetSelection | None = None,
    evaluation_time: datetime | None = None,
    cursor: AutomationCursor | None = None,
) -> EvaluateAutomationConditionsResult:
    """Evaluate the automation conditions of definitions once, as a deployment does at each tick.

    Args:
        defs: The Definitions, or a list of assets.
        instance: The instance with the runs and events so far.
        asset_selection: The assets to evaluate, as an AssetSelection. Default: all assets, checks and jobs.
        evaluation_time: The time. A datetime without a time zone is in UTC. Default: the time of the clock.
        cursor: The cursor of the result of the previous evaluation. Default: this is the first evaluation.

    Returns:
        The requests. Nothing is started: materialize or report what is requested before the next evaluation.

    Raises:
        ParameterCheckError: An argument has the wrong type.
        DagflowInvalidCursorError: The cursor is not the cursor of an evaluation.
        DagflowUserCodeExecutionError: A condition could not be evaluated. The message names the asset.
        DagflowInvalidDefinitionError: The definitions do not fit together.

    Example:
        >>> from dagflow import AutomationCondition, asset, materialize
        >>> @asset
        ... def beans(): ...
        >>> @asset(deps=[beans], automation_condition=AutomationCondition.eager())
        ... def coffee(): ...
        >>> defs = Definitions([beans, coffee])
        >>> with DagflowInstance.ephemeral() as instance:
        ...     first = evaluate_automation_conditions(defs, instance)
        ...     _ = materialize([beans], instance=instance)
        ...     second = evaluate_automation_conditions(defs, instance, cursor=first.cursor)
        >>> first.total_requested, second.get_requested_partitions("coffee")
        (0, {None})
    """
    place = "evaluate_automation_conditions"
    check_type(instance, DagflowInstance, "instance", place)
    check_optional(asset_selection, AssetSelection, "asset_selection", place)
    check_optional(evaluation_time, datetime, "evaluation_time", place)
    if cursor is not None and not isinstance(cursor, AutomationCursor):
        raise invalid_cursor(cursor, place, "result")
    if not isinstance(defs, Definitions):
        defs = Definitions(list(check_type(defs, Sequence, "defs", place)))
    program = program_of_project(defs, with_jobs=asset_selection is None)
    chosen: set[EntityKey] | None = None
    if asset_selection is not None:
        graph = program.graph
        chosen = {*asset_selection.resolve(graph), *asset_selection.resolve_checks(graph)}
    evaluation = evaluate_entities(program, instance, _moment(evaluation_time), cursor, chosen)
    return EvaluateAutomationConditionsResult(evaluation)


def evaluate_entities(
    program: Program,
    instance: DagflowInstance,
    moment: datetime,
    cursor: AutomationCursor | None,
    chosen: Collection[EntityKey] | None,
) -> Evaluation:
    """Evaluate the conditions of assets, checks and jobs once, dependencies first.

    Args:
        program: The entities and their conditions.
        instance: The instance with the log.
        moment: The time, with a time zone.
        cursor: The cursor of the previous evaluation; None for the first one.
        chosen: The keys of those to evaluate; None for all.

    Raises:
        DagflowUserCodeExecutionError: A condition could not be evaluated.
    """
    with partition_loading_context(moment, instance):
        evaluation = Evaluation(program, instance, moment, cursor)
        for entity in program.ordered:
            if entity.condition is not None and (chosen is None or entity.key in chosen):
                evaluation.evaluate(entity, entity.condition)
    return evaluation


def program_of_project(defs: Definitions, *, with_jobs: bool = True) -> Program:
    """Return the program of the assets and checks of a project, and of its jobs.

    Raises:
        DagflowInvalidDefinitionError: The definitions do not fit together.
    """
    jobs: list[JobDefinition] = []
    if with_jobs:
        named = [job for job in defs.all_jobs() if getattr(job, "automation_condition", None) is not None]
        jobs = [defs.get_job_def(job.name) for job in named]
    return program_of(defs.resolve_asset_graph(), jobs)


def _moment(given: datetime | None) -> datetime:
    """Return the time of an evaluation with a time zone."""
    if given is None:
        return datetime.fromtimestamp(current_options().clock.now(), timezone.utc)
    return given if given.tzinfo is not None else given.replace(tzinfo=timezone.utc)


def _key_of(key: Any) -> EntityKey:
    if isinstance(key, (AssetKey, AssetCheckKey, AssetJobKey)):
        return key
    return AssetKey.from_coercible(key)
