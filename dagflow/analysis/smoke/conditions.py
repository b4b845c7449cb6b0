"""The smoke tests of automation conditions. They start no run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone

from dagflow.analysis.smoke.findings import NOT_LOADED, SmokeFinding, of_error
from dagflow.analysis.smoke.parts import SmokeTest, of_selection
from dagflow.automation.conditions.entities import EntityKey
from dagflow.automation.conditions.evaluate import evaluate_entities, program_of_project
from dagflow.clock import VirtualClock
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.conditions.quantifiers import SelectingCondition
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import AssetCheckKey, AssetJobKey, AssetKey
from dagflow.options import set_options

_MINUTE = timedelta(minutes=1)
_KEYS: Mapping[str, Callable[[str], EntityKey]] = {
    "asset": AssetKey.from_user_string,
    "check": AssetCheckKey.from_user_string,
    "job": AssetJobKey.from_user_string,
}


class ConditionTest(SmokeTest):
    """The automation condition names assets that exist. It can be evaluated on an empty instance, and again a
    minute later with the cursor. No run is started.
    """

    kind = "condition"

    @property
    def subject(self) -> str:
        """The condition for messages, as "the automation condition of asset 'orders'"."""
        owner, _, name = self.name.partition(":")
        return f"the automation condition of {owner} '{name}'"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield the unknown assets, or the error of the evaluation."""
        repository = self.project.repository
        if repository is None:
            yield NOT_LOADED
            return
        yield from self._selection_findings(self.definition, repository.asset_graph)
        problem = self._problem_of_evaluation()
        if problem is not None:
            yield problem

    def _selection_findings(
        self, condition: AutomationCondition, graph: AssetGraph
    ) -> Iterator[SmokeFinding]:
        """Yield the selections of `allow` and `ignore` that name unknown assets: they have no effect."""
        if isinstance(condition, SelectingCondition):
            both = {"allows": condition.allow_selection, "ignores": condition.ignore_selection}
            for verb, selection in both.items():
                fact = f"{self.subject} {verb} assets that do not exist"
                yield from of_selection(fact, selection, graph)
        for part in condition.inner_conditions():
            yield from self._selection_findings(part, graph)

    def _problem_of_evaluation(self) -> SmokeFinding | None:
        owner, _, name = self.name.partition(":")
        key = _KEYS[owner](name)
        program = program_of_project(self.project.definitions)
        moment, cursor = datetime.fromtimestamp(self.project.now, timezone.utc), None
        for which in ("the first time", "with the cursor of a minute before"):
            with set_options(clock=VirtualClock(moment)), DagflowInstance.ephemeral() as instance:
                try:
                    cursor = evaluate_entities(program, instance, moment, cursor, {key}).cursor()
                except Exception as error:  # of user code, too
                    return of_error(f"{self.subject} cannot be evaluated {which}", error)
            moment += _MINUTE
        return None
