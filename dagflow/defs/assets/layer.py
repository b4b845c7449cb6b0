"""AssetLayer: the asset facts of the nodes of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition, io_manager_key_of, spec_of
from dagflow.defs.assets.ports import AssetInput, AssetOutput
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.leaves import NodePath, leaf_inputs, leaf_ops, leaf_output
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.keys import AssetCheckKey, AssetKey

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.partitions.definition import PartitionsDefinition


class AssetLayer:
    """The assets that the ops of a job store and read, and all assets of the job.

    A node path leads to an op at any depth, so an op inside a graph can store an asset, and an op can store
    several.

    Args:
        known: Every asset by key, including the assets that are only read.
        known_checks: The definition that evaluates each check.

    Attributes:
        definitions: The AssetsDefinition that an op belongs to, or its selected part, by node path.
        outputs: The AssetOutput by node path and output name. Always: the same paths as `definitions`.
        inputs: The AssetInput by node path and input name. Always: the same paths as `definitions`.
        checks: The checks by node path and output name, only for ops with checks.
        passing_check_results: The ops whose results of checks are values for other ops of their graph.
        selected: The names of the outputs that an op shall give, only for ops that shall not give all.
    """

    __slots__ = (
        "checks",
        "definitions",
        "inputs",
        "known",
        "known_checks",
        "outputs",
        "passing_check_results",
        "selected",
    )

    def __init__(
        self,
        known: Mapping[AssetKey, AnyAsset],
        known_checks: Mapping[AssetCheckKey, AssetsDefinition] | None = None,
    ) -> None:
        self.known: Mapping[AssetKey, AnyAsset] = known
        self.known_checks: Mapping[AssetCheckKey, AssetsDefinition] = known_checks or {}
        self.checks: dict[NodePath, Mapping[str, AssetCheckSpec]] = {}
        self.passing_check_results: set[NodePath] = set()
        self.selected: dict[NodePath, frozenset[str]] = {}
        self.outputs: dict[NodePath, Mapping[str, AssetOutput]] = {}
        self.inputs: dict[NodePath, Mapping[str, AssetInput]] = {}
        self.definitions: dict[NodePath, AssetsDefinition] = {}

    def add(
        self,
        path: NodePath,
        definition: AssetsDefinition,
        outputs: Mapping[str, AssetOutput],
        inputs: Mapping[str, AssetInput],
    ) -> None:
        """Add the asset facts of an op.

        Args:
            path: The node path of the op.
            definition: The AssetsDefinition that the op belongs to.
            outputs: The assets that the op stores, by output name.
            inputs: The assets that the op reads, by input name.
        """
        self.definitions[path], self.outputs[path], self.inputs[path] = definition, outputs, inputs

    def add_part(self, path: NodePath, part: AssetsDefinition, inputs: Mapping[str, AssetInput]) -> None:
        """Add the asset facts of all ops of a definition.

        Args:
            path: The path of the node of its op or graph.
            part: The definition, or its selected part.
            inputs: The assets that the op or graph reads, by input name.
        """
        if isinstance(part.node_def, OpDefinition):
            self.add(path, part, part.outputs, inputs)
            if part.check_specs_by_output_name:
                self.checks[path] = part.check_specs_by_output_name
            if part.is_subset:
                self.selected[path] = frozenset([*part.outputs, *part.check_specs_by_output_name])
            return
        self._add_graph(path, part, inputs)

    def _add_graph(self, path: NodePath, part: AssetsDefinition, inputs: Mapping[str, AssetInput]) -> None:
        outputs: dict[NodePath, dict[str, AssetOutput]] = {}
        read: dict[NodePath, dict[str, AssetInput]] = {}
        for name, output in part.outputs.items():
            leaf = leaf_output(part.node_def, name)
            outputs.setdefault((*path, *leaf.path), {})[leaf.definition.name] = output
        for name, spec in part.check_specs_by_output_name.items():
            leaf = leaf_output(part.node_def, name)
            whole = (*path, *leaf.path)
            checks = self.checks.get(whole, {})
            self.checks[whole] = {**checks, leaf.definition.name: spec}
        for name, given in inputs.items():
            for inner in leaf_inputs(part.node_def, name):
                read.setdefault((*path, *inner.path), {})[inner.definition.name] = given
        for inner_path, stored in part.stored.items():
            for name, key in stored.items():
                read.setdefault((*path, *inner_path), {})[name] = AssetInput(key, None, part.partitions_def)
        for inner_path, names in part.given.items():
            self.selected[path + inner_path] = names
        for inner_path, _ in leaf_ops(part.node_def):
            whole = (*path, *inner_path)
            self.add(whole, part, outputs.get(whole, {}), read.get(whole, {}))
            if part.check_specs_by_output_name and whole not in self.checks and whole not in outputs:
                self.passing_check_results.add(whole)

    @property
    def keys(self) -> dict[AssetKey, tuple[NodePath, str]]:
        """The node path and output name of each asset that the job stores, by key."""
        return {
            output.key: (path, name)
            for path, outputs in self.outputs.items()
            for name, output in outputs.items()
        }

    @property
    def check_keys(self) -> dict[AssetCheckKey, tuple[NodePath, str]]:
        """The node path and output name of each check that the job evaluates, by key."""
        return {spec.key: (path, name) for path, specs in self.checks.items() for name, spec in specs.items()}

    def output_at(self, step_key: str, output_name: str) -> AssetOutput | None:
        """Return the asset that an output of a step stores, None if it stores none.

        Args:
            step_key: The key of the step, without a mapping key.
            output_name: The name of the output.
        """
        return self.outputs.get(tuple(step_key.split(".")), {}).get(output_name)

    @property
    def selected_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that the job stores."""
        return set(self.keys)

    executable_asset_keys = selected_asset_keys

    @property
    def parts(self) -> list[AssetsDefinition]:
        """The definitions that the job runs, or the selected parts of them, each once."""
        return list(dict.fromkeys(self.definitions.values()))

    def all_definitions(self) -> list[AnyAsset]:
        """Return the definitions of all assets and checks, also of those that the job does not run."""
        return list(dict.fromkeys([*self.known.values(), *self.known_checks.values()]))

    def io_manager_key(self, key: AssetKey) -> str:
        """Return the key of the resource that stores an asset."""
        asset = self.known.get(key)
        return DEFAULT_IO_MANAGER_KEY if asset is None else io_manager_key_of(asset, key)

    def partitions_def(self, key: AssetKey) -> PartitionsDefinition | None:
        """Return the partitions of an asset, None if it is unknown or not partitioned."""
        spec = self.spec(key)
        return None if spec is None else spec.partitions_def

    def spec(self, key: AssetKey) -> AssetSpec | None:
        """Return the facts about an asset, None if it is unknown."""
        asset = self.known.get(key)
        return None if asset is None else spec_of(asset, key)
