"""The I/O manager of a branch deployment: it stores in the branch, and loads what the branch lacks from its
parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow.context.io import InputContext, OutputContext
from dagflow.defs.resources.classes import ResourceDependency
from dagflow.errors import DagflowInvariantViolationError, repr_of
from dagflow.events.user import AssetMaterialization
from dagflow.instance.records import AssetRecordsFilter
from dagflow.io.manager import IOManager
from dagflow.io.model import ConfigurableIOManager
from dagflow.keys import AssetKey


class BranchingIOManager(ConfigurableIOManager):
    """The I/O manager that stores values in a branch, and loads assets from the branch or from its parent.

    The latest materialization of an asset decides: it has the name of the branch in its metadata if its value
    is in the branch. Several partitions are loaded from the branch only if all of them are there. Outputs
    that are no assets are stored in the branch and loaded from it.

    Args:
        parent_io_manager: The I/O manager that loads what is not in the branch. It stores nothing.
        branch_io_manager: The I/O manager of the branch.
        branch_name: The name of the branch.
        branch_metadata_key: The name of the metadata that has the name of the branch.

    Example:
        >>> from dagflow import DagflowInstance, InMemoryIOManager, asset, materialize
        >>> @asset
        ... def beans():
        ...     return "beans"
        >>> @asset
        ... def coffee(beans):
        ...     return f"coffee of {beans}"
        >>> production, branch = InMemoryIOManager(), InMemoryIOManager()
        >>> both = BranchingIOManager(parent_io_manager=production, branch_io_manager=branch)
        >>> with DagflowInstance.ephemeral() as instance:
        ...     _ = materialize([beans], instance=instance, resources={"io_manager": production})
        ...     result = materialize(
        ...         [beans, coffee], instance=instance, resources={"io_manager": both}, selection=[coffee]
        ...     )
        >>> [key.to_user_string() for key, _ in branch.assets]
        ['coffee']
    """

    parent_io_manager: ResourceDependency[IOManager]
    branch_io_manager: ResourceDependency[IOManager]
    branch_name: str = "dev"
    branch_metadata_key: str = "io_manager_branch"

    def handle_output(self, context: OutputContext, obj: Any) -> Any:
        """Store a value in the branch. The materialization of an asset gets the name of the branch."""
        result = _checked(self.branch_io_manager, "branch_io_manager").handle_output(context, obj)
        if context.has_asset_key:
            context.add_output_metadata({self.branch_metadata_key: self.branch_name})
        return result

    def load_input(self, context: InputContext) -> Any:
        """Load a value from the branch, or an asset that is not in the branch from its parent."""
        place = "branch_io_manager" if self._is_in_branch(context) else "parent_io_manager"
        return _checked(getattr(self, place), place).load_input(context)

    def _is_in_branch(self, context: InputContext) -> bool:
        if not context.has_asset_key:
            return True
        key = context.asset_key
        keys: Sequence[str | None] = context.asset_partition_keys if context.has_asset_partitions else ()
        return all(self._is_latest_of_branch(_latest(context, key, each)) for each in keys or (None,))

    def _is_latest_of_branch(self, latest: AssetMaterialization | None) -> bool:
        metadata: Mapping[str, Any] = {} if latest is None else latest.metadata
        name = metadata.get(self.branch_metadata_key)
        return getattr(name, "value", None) == self.branch_name


def _checked(manager: Any, argument: str) -> Any:
    if not (hasattr(manager, "handle_output") and hasattr(manager, "load_input")):
        raise DagflowInvariantViolationError(
            f"the argument '{argument}' of BranchingIOManager is {repr_of(manager)}, which lacks the methods "
            "of an IOManager. Give it an IOManager."
        )
    return manager


def _latest(context: InputContext, key: AssetKey, partition: str | None) -> AssetMaterialization | None:
    wanted = AssetRecordsFilter(key, asset_partitions=None if partition is None else [partition])
    records = context.instance.fetch_materializations(wanted, limit=1).records
    return records[0].asset_materialization if records else None
