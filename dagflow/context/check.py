"""`AssetCheckExecutionContext`: the context of an asset check while its function runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from dagflow.context.availability import unavailable
from dagflow.context.current import context_of_step
from dagflow.context.op import OpExecutionContext
from dagflow.context.resources import ScopedResources
from dagflow.errors import CheckError, check_type
from dagflow.keys import AssetCheckKey

if TYPE_CHECKING:
    from dagflow.context.debugger import ForkedPdb
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.events.run import DagflowRun
    from dagflow.instance.instance import DagflowInstance
    from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
    from dagflow.partitions.multi_key import MultiPartitionKey


class AssetCheckExecutionContext:
    """The context of an asset check: the first parameter of its function, if that is named `context`.

    What it lacks, such as the config or the tags of the run, is in `op_execution_context`.

    Args:
        op_execution_context: The context of the op of the check.

    Raises:
        ParameterCheckError: The argument is not an OpExecutionContext.

    Example:
        >>> from dagflow import AssetCheckResult, asset, asset_check, materialize_to_memory
        >>> @asset
        ... def beans():
        ...     return 3
        >>> @asset_check(asset=beans)
        ... def counted(context):
        ...     return AssetCheckResult(passed=True, description=context.describe_op())
        >>> materialize_to_memory([beans, counted]).get_asset_check_evaluations()[0].description
        'op "beans_counted"'
    """

    __slots__ = ("__dict__", "__weakref__", "_op_execution_context")
    __dagflow_context__ = "check"

    def __init__(self, op_execution_context: OpExecutionContext) -> None:
        self._op_execution_context: OpExecutionContext = check_type(
            op_execution_context, OpExecutionContext, "op_execution_context", "an AssetCheckExecutionContext"
        )

    @staticmethod
    def get() -> AssetCheckExecutionContext:
        """Return the context of the check that runs now.

        Raises:
            DagflowInvariantViolationError: No check runs now.
        """
        found: AssetCheckExecutionContext = context_of_step("check", "AssetCheckExecutionContext")
        return found

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """The context of the op of the check."""
        return self._op_execution_context

    @property
    def check_specs(self) -> Sequence[AssetCheckSpec]:
        """The declarations of the selected checks of the function."""
        state = self.op_execution_context.call_state
        if state.op_def is None:
            raise unavailable("check_specs")
        return [] if state.assets_def is None else state.assets_def.check_specs

    @property
    def selected_asset_check_keys(self) -> set[AssetCheckKey]:
        """The keys of the checks that this step evaluates."""
        return self.op_execution_context.selected_asset_check_keys

    @property
    def is_subset(self) -> bool:
        """True if the run selects only some of the checks of the function."""
        return self.op_execution_context.is_subset

    @property
    def resources(self) -> ScopedResources:
        """The resources, by attribute."""
        return self.op_execution_context.resources

    @property
    def instance(self) -> DagflowInstance:
        """The instance."""
        return self.op_execution_context.instance

    @property
    def run(self) -> DagflowRun:
        """The run."""
        return self.op_execution_context.run

    @property
    def log(self) -> DagflowLogManager:
        """The log of the step."""
        return self.op_execution_context.log

    @property
    def pdb(self) -> ForkedPdb:
        """A debugger for this process: `context.pdb.set_trace()`."""
        return self.op_execution_context.pdb

    @property
    def job_def(self) -> JobDefinition:
        """The job."""
        return self.op_execution_context.job_def

    @property
    def op_def(self) -> OpDefinition:
        """The op of the check."""
        return self.op_execution_context.op_def

    @property
    def repository_def(self) -> NoReturn:
        """Raise: a run does not belong to a repository.

        Raises:
            CheckError: Always.
        """
        raise CheckError(
            "'repository_def' was read in a check, but its run does not belong to a repository. The job is "
            "'job_def'."
        )

    @property
    def retry_number(self) -> int:
        """0 in the first attempt, 1 in the first retry."""
        return self.op_execution_context.retry_number

    @property
    def step_launcher(self) -> None:
        """None, because step launchers do not exist here."""
        return self.op_execution_context.step_launcher

    @property
    def has_partition_key(self) -> bool:
        """True if the run is for a partition."""
        return self.op_execution_context.has_partition_key

    @property
    def partition_key(self) -> str:
        """The partition that the run is for.

        Raises:
            DagflowInvariantViolationError: The run is for no partition.
        """
        return self.op_execution_context.partition_key

    @property
    def partition_keys(self) -> Sequence[str]:
        """The partitions that the run is for."""
        return self.op_execution_context.partition_keys

    @property
    def has_partition_key_range(self) -> bool:
        """True if the run is for several partitions."""
        return self.op_execution_context.has_partition_key_range

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """The partitions that the run is for, as a range; start and end are equal for one."""
        return self.op_execution_context.partition_key_range

    @property
    def partition_time_window(self) -> TimeWindow:
        """The start and end of the partition."""
        return self.op_execution_context.partition_time_window

    @property
    def multi_partition_key(self) -> MultiPartitionKey:
        """The partition that the run is for, as a key with a part for each dimension."""
        return self.op_execution_context.multi_partition_key

    def describe_op(self) -> str:
        """Return a string that names the op of the check."""
        return self.op_execution_context.describe_op()

    def get_step_execution_context(self) -> NoReturn:
        """Raise: a context has no further context behind it.

        Raises:
            DagflowInvalidPropertyError: Always.
        """
        self.op_execution_context.get_step_execution_context()

    if not TYPE_CHECKING:  # so that a type checker reports unknown attributes

        def __getattr__(self, name: str) -> NoReturn:
            # called only for names that the class lacks
            if not name.startswith("_") and hasattr(OpExecutionContext, name):
                raise AttributeError(
                    f"the context of a check has no '{name}'. Read context.op_execution_context.{name}."
                )
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __repr__(self) -> str:
        return f"<AssetCheckExecutionContext of {self.op_execution_context!r}>"
