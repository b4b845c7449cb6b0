"""The number of partitions in one run of a backfill: `BackfillPolicy`."""

from __future__ import annotations

from enum import Enum
from typing import Any

from dagflow.errors import ParameterCheckError, check_optional, check_type
from dagflow.values import Constant


class BackfillPolicyType(Enum):
    """Whether one run makes all partitions of a backfill, or several runs do."""

    SINGLE_RUN = "SINGLE_RUN"
    MULTI_RUN = "MULTI_RUN"


class BackfillPolicy(Constant):
    """The number of partitions in one run of a backfill.

    It is kept on the definition of an asset. A run in this process makes the partitions that it is given,
    whatever the policy.

    Args:
        max_partitions_per_run: The largest number of partitions in one run; None means no limit.

    Raises:
        ParameterCheckError: The number is not an integer.

    Example:
        >>> BackfillPolicy.single_run().policy_type
        <BackfillPolicyType.SINGLE_RUN: 'SINGLE_RUN'>
        >>> BackfillPolicy.multi_run(5)
        BackfillPolicy(max_partitions_per_run=5)
    """

    __slots__ = ("max_partitions_per_run",)

    max_partitions_per_run: int | None

    def __init__(self, max_partitions_per_run: int | None = 1) -> None:
        check_optional(max_partitions_per_run, int, "max_partitions_per_run", "a BackfillPolicy")
        self._set(max_partitions_per_run=max_partitions_per_run)

    @staticmethod
    def single_run() -> BackfillPolicy:
        """Return the policy that makes all partitions in one run."""
        return BackfillPolicy(None)

    @staticmethod
    def multi_run(max_partitions_per_run: int = 1) -> BackfillPolicy:
        """Return the policy that makes the partitions in several runs.

        Args:
            max_partitions_per_run: The largest number of partitions in one run.

        Raises:
            ParameterCheckError: The number is not an integer.

        Example:
            >>> BackfillPolicy.multi_run().policy_type
            <BackfillPolicyType.MULTI_RUN: 'MULTI_RUN'>
        """
        return BackfillPolicy(
            check_type(max_partitions_per_run, int, "max_partitions_per_run", "BackfillPolicy.multi_run")
        )

    @property
    def policy_type(self) -> BackfillPolicyType:
        """SINGLE_RUN without a limit, else MULTI_RUN."""
        is_single = self.max_partitions_per_run is None
        return BackfillPolicyType.SINGLE_RUN if is_single else BackfillPolicyType.MULTI_RUN

    def __str__(self) -> str:
        if self.max_partitions_per_run is None:
            return "BackfillPolicy.single_run()"
        return f"BackfillPolicy.multi_run(max_partitions_per_run={self.max_partitions_per_run})"


def checked_backfill(policy: Any, is_partitioned: bool, place: str) -> BackfillPolicy:
    """Return the backfill policy of an asset, after a check.

    Args:
        policy: The argument.
        is_partitioned: Whether the asset has partitions.
        place: The asset, for the message.

    Raises:
        ParameterCheckError: It is not a BackfillPolicy, or limits the partitions of an asset without any.

    Example:
        >>> checked_backfill(BackfillPolicy.single_run(), False, "asset 'beans'")
        BackfillPolicy(max_partitions_per_run=None)
    """
    checked = check_type(policy, BackfillPolicy, "backfill_policy", place)
    if not is_partitioned and checked.policy_type is BackfillPolicyType.MULTI_RUN:
        raise ParameterCheckError(
            f"{place} has no partitions, so its 'backfill_policy' must be BackfillPolicy.single_run(), not "
            f"{checked}"
        )
    return checked
