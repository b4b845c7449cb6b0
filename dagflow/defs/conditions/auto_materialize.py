"""The older form of automation conditions: `AutoMaterializePolicy`, a set of rules."""

from __future__ import annotations

from collections.abc import Set
from enum import Enum

from dagflow.defs.conditions.condition import AutomationCondition
from dagflow.defs.conditions.operators import AndCondition, NotCondition, OrCondition
from dagflow.defs.conditions.rules import AutoMaterializeDecisionType, AutoMaterializeRule, RuleCondition
from dagflow.errors import (
    CheckError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.values import Constant

_MATERIALIZE, _SKIP = AutoMaterializeDecisionType.MATERIALIZE, AutoMaterializeDecisionType.SKIP


class AutoMaterializePolicyType(Enum):
    """Whether an asset is materialized soon, or only when it is needed."""

    EAGER = "EAGER"
    LAZY = "LAZY"


class AutoMaterializePolicy(Constant):
    """The rules under which a deployment materializes an asset: the older form of AutomationCondition.

    On an asset it becomes an automation condition.

    Args:
        rules: The rules.
        max_materializations_per_minute: The most partitions that are materialized at once; None for no limit.
        asset_condition: A condition instead of rules.

    Raises:
        ParameterCheckError: Neither or both of rules and condition are given, or one is of the wrong type.
        CheckError: The most partitions are 0 or fewer.

    Example:
        >>> policy = AutoMaterializePolicy.lazy().with_rules(AutoMaterializeRule.materialize_on_missing())
        >>> sorted(rule.kind for rule in policy.materialize_rules)
        ['materialize_on_missing', 'materialize_on_required_for_freshness']
    """

    __slots__ = ("asset_condition", "max_materializations_per_minute", "rules")
    _names = ("rules", "max_materializations_per_minute", "asset_condition")

    rules: frozenset[AutoMaterializeRule]
    max_materializations_per_minute: int | None
    asset_condition: AutomationCondition | None

    def __init__(
        self,
        rules: Set[AutoMaterializeRule] | None,
        max_materializations_per_minute: int | None = 1,
        asset_condition: AutomationCondition | None = None,
    ) -> None:
        place = "an AutoMaterializePolicy"
        check_optional(rules, (set, frozenset), "rules", place)
        given = frozenset(check_elements(rules or (), AutoMaterializeRule, "rules"))
        condition = check_optional(asset_condition, AutomationCondition, "asset_condition", place)
        limit = check_optional(max_materializations_per_minute, int, "max_materializations_per_minute", place)
        if bool(given) == (condition is not None):
            raise ParameterCheckError(f"{place} needs either 'rules' or an 'asset_condition'")
        if condition is not None and limit is not None:
            raise ParameterCheckError(
                f"{place} with an 'asset_condition' has no 'max_materializations_per_minute': set it to None"
            )
        if limit is not None and limit <= 0:
            raise CheckError(
                f"'max_materializations_per_minute' of {place} is {limit}, and must be 1 or more. None means "
                "no limit."
            )
        self._set(rules=given, max_materializations_per_minute=limit, asset_condition=condition)

    @staticmethod
    def eager(max_materializations_per_minute: int | None = 1) -> AutoMaterializePolicy:
        """Return the policy to materialize an asset soon after its dependencies.

        Args:
            max_materializations_per_minute: The most partitions that are materialized at once.

        Raises:
            CheckError: The number is 0 or less, or is not an integer.

        Example:
            >>> AutoMaterializePolicy.eager().policy_type
            <AutoMaterializePolicyType.EAGER: 'EAGER'>
        """
        lazy = AutoMaterializePolicy.lazy(max_materializations_per_minute)
        return lazy.with_rules(
            AutoMaterializeRule.materialize_on_missing(), AutoMaterializeRule.materialize_on_parent_updated()
        )

    @staticmethod
    def lazy(max_materializations_per_minute: int | None = 1) -> AutoMaterializePolicy:
        """Return the policy to materialize an asset when a freshness policy needs it.

        Args:
            max_materializations_per_minute: The most partitions that are materialized at once.

        Raises:
            CheckError: The number is 0 or less, or is not an integer.
        """
        rules = {
            AutoMaterializeRule.materialize_on_required_for_freshness(),
            AutoMaterializeRule.skip_on_parent_missing(),
            AutoMaterializeRule.skip_on_parent_outdated(),
            AutoMaterializeRule.skip_on_required_but_nonexistent_parents(),
            AutoMaterializeRule.skip_on_backfill_in_progress(),
        }
        return AutoMaterializePolicy(rules, max_materializations_per_minute)

    @staticmethod
    def from_automation_condition(automation_condition: AutomationCondition) -> AutoMaterializePolicy:
        """Return the policy of a condition.

        Args:
            automation_condition: The condition.

        Raises:
            ParameterCheckError: It is not an AutomationCondition.
        """
        condition = check_type(
            automation_condition, AutomationCondition, "automation_condition", "from_automation_condition"
        )
        return AutoMaterializePolicy(None, None, condition)

    def to_automation_condition(self) -> AutomationCondition:
        """Return the policy as an automation condition.

        Example:
            >>> [part.name for part in AutoMaterializePolicy.eager().to_automation_condition().children]
            ['OR', 'NOT', 'NOT']
        """
        if self.asset_condition is not None:
            return self.asset_condition
        parts: list[AutomationCondition] = [
            OrCondition(_conditions(self.materialize_rules)),
            NotCondition(OrCondition(_conditions(self.skip_rules))),
        ]
        if self.max_materializations_per_minute is not None:
            limit = {"limit": self.max_materializations_per_minute}
            discard = AutoMaterializeRule("discard_on_max_materializations_exceeded", limit)
            parts.append(NotCondition(RuleCondition(discard)))
        return AndCondition(parts)

    def with_rules(self, *rules_to_add: AutoMaterializeRule) -> AutoMaterializePolicy:
        """Return a copy with further rules.

        Args:
            *rules_to_add: The rules.

        Raises:
            CheckError: One is not an AutoMaterializeRule, or the policy has a condition instead of rules.
        """
        return self.with_changes(
            rules=self.rules | set(check_elements(rules_to_add, AutoMaterializeRule, "rules"))
        )

    def without_rules(self, *rules_to_remove: AutoMaterializeRule) -> AutoMaterializePolicy:
        """Return a copy without some rules.

        Args:
            *rules_to_remove: Rules of this policy.

        Raises:
            ParameterCheckError: The policy has no such rule, or no rule would be left.

        Example:
            >>> policy = AutoMaterializePolicy.eager()
            >>> policy.without_rules(AutoMaterializeRule.materialize_on_missing()).policy_type.name
            'EAGER'
        """
        missing = [rule for rule in rules_to_remove if rule not in self.rules]
        if missing:
            raise ParameterCheckError(f"an AutoMaterializePolicy has no rules {repr_of(missing)}")
        return self.with_changes(rules=self.rules - set(rules_to_remove))

    @property
    def materialize_rules(self) -> set[AutoMaterializeRule]:
        """The rules to materialize the asset."""
        return {rule for rule in self.rules if rule.decision_type is _MATERIALIZE}

    @property
    def skip_rules(self) -> set[AutoMaterializeRule]:
        """The rules to wait."""
        return {rule for rule in self.rules if rule.decision_type is _SKIP}

    @property
    def policy_type(self) -> AutoMaterializePolicyType:
        """EAGER with the rule to materialize the asset after its dependencies, else LAZY."""
        kinds = {rule.kind for rule in self.rules}
        is_eager = "materialize_on_parent_updated" in kinds
        return AutoMaterializePolicyType.EAGER if is_eager else AutoMaterializePolicyType.LAZY


def _conditions(rules: set[AutoMaterializeRule]) -> list[AutomationCondition]:
    return [RuleCondition(rule) for rule in sorted(rules, key=lambda rule: rule.kind)]
