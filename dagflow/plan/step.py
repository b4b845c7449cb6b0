"""Steps of a plan: op, sources of the inputs, outputs.

Steps are made once for a plan and read in the loop, so they are plain classes with slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow._util import UNSET
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.ports import NO_PORTS, AssetOutput, AssetPorts
from dagflow.defs.graphs.content import Node
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.keys import AssetKey, NodeHandle, StepHandle
from dagflow.metadata.normalize import normalize_metadata
from dagflow.types.kinds import DagflowType
from dagflow.types.loaders import DagflowTypeLoader

# The source types of an input: numbers, because the loop compares one for each input.
FROM_OUTPUT = 0  # one output of another step
FROM_OUTPUTS = 1  # a list, of outputs and of other values
FROM_COLLECT = 2  # a list of all values of a dynamic output
NO_VALUE = 3  # an input of type Nothing: it only orders
FROM_DEFAULT = 4  # the default of the parameter
FROM_CONFIG = 5  # the run config, through the loader of the type
FROM_INPUT_VALUE = 6  # a value of the graph's input, given with the run
FROM_STORAGE = 7  # an asset whose value no step of this run produces
GIVEN = 8  # a given value, instead of an output of a step

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.metadata.value import MetadataValue


class OutputRef(NamedTuple):
    """One output of one step."""

    step_key: str
    output_name: str
    mapping_key: str | None = None


def stored_ref(key: AssetKey) -> OutputRef:
    """Return the reference to an asset that no step of the run produces. No output has an empty name."""
    return OutputRef(key.to_user_string(), "")


OutputKey = tuple[str, str, "str | None"]
"""An OutputRef, or the plain tuple that equals it, which is created faster."""


class Source(NamedTuple):
    """The source of an input, or of an element of a list for it.

    Attributes:
        source_type: One of the numbers above.
        ref: The output that is read (FROM_OUTPUT, FROM_COLLECT, GIVEN).
        manager_key: The resource that loads the value.
        value: The default, the config of the loader, the name of the graph's input, or the asset that the
            body of a graph reads.
        parts: The sources of the elements (FROM_OUTPUTS).
        asset_key: The asset that is read.
        loader: Makes the value from config (FROM_CONFIG).
    """

    source_type: int
    ref: OutputRef | None = None
    manager_key: str | None = None
    value: Any = None
    parts: tuple[Source, ...] = ()
    asset_key: AssetKey | None = None
    loader: DagflowTypeLoader | None = None


class StepInput:
    """An input of a step.

    Attributes:
        name, dagflow_type, definition: Name, type and definition of the op's input.
        check: The type, None if every value passes.
        source: The source of the value.
        partition_keys: The partitions of the asset that it reads, None if that is not partitioned.
        config: The config for its input manager.
        metadata: The metadata of the definition, for the event about the load.
        ordered_keys: Returns the same partitions for an asset that is not loaded; None for other inputs. It
            raises DagflowInvariantViolationError if they do not exist.
    """

    __slots__ = (
        "check",
        "config",
        "dagflow_type",
        "definition",
        "metadata",
        "name",
        "ordered_keys",
        "partition_keys",
        "source",
    )

    def __init__(
        self,
        definition: InputDefinition,
        source: Source,
        partition_keys: tuple[str, ...] | None = None,
        config: Any = None,
        ordered_keys: Callable[[], tuple[str, ...] | None] | None = None,
    ) -> None:
        self.name: str = definition.name
        self.dagflow_type: DagflowType = definition.dagflow_type
        self.ordered_keys: Callable[[], tuple[str, ...] | None] | None = ordered_keys
        self.definition: InputDefinition = definition
        self.check: DagflowType | None = None if definition.dagflow_type.is_any else definition.dagflow_type
        self.source: Source = source
        self.partition_keys: tuple[str, ...] | None = partition_keys
        self.config: Any = config
        self.metadata: dict[str, MetadataValue] = (
            normalize_metadata(definition.metadata, f"input '{definition.name}'")
            if definition.metadata
            else {}
        )

    def with_source(self, source: Source) -> StepInput:
        """Return a copy with another source."""
        return StepInput(self.definition, source, self.partition_keys, self.config, self.ordered_keys)

    def _value(self) -> tuple[Any, ...]:
        return self.name, self.source, self.partition_keys, self.config


class StepOutput:
    """An output of a step.

    Attributes:
        name, dagflow_type, definition: Name, type and definition of the op's output.
        position: Its index among the outputs.
        check: The type, None if every value passes.
        manager_key: The resource that stores it, None for an output of type Nothing.
        asset: The asset that it is, with all facts about it; None if it is not an asset.
        check_spec: The check whose result it is, None if it is not the result of a check.
        is_selected: Whether the step shall give it.
        config: The config for its I/O manager.
        is_plain: Whether a value needs no check and no event about an asset.
    """

    __slots__ = (
        "asset",
        "check",
        "check_spec",
        "config",
        "dagflow_type",
        "definition",
        "is_dynamic",
        "is_plain",
        "is_required",
        "is_selected",
        "manager_key",
        "name",
        "position",
    )

    def __init__(
        self,
        definition: OutputDefinition,
        position: int,
        asset: AssetOutput | None = None,
        config: Any = None,
        check_spec: AssetCheckSpec | None = None,
        is_selected: bool = True,
    ) -> None:
        self.position: int = position
        self.name: str = definition.name
        self.dagflow_type: DagflowType = definition.dagflow_type
        self.definition: OutputDefinition = definition
        self.check: DagflowType | None = None if definition.dagflow_type.is_any else definition.dagflow_type
        self.manager_key: str | None = (
            None
            if definition.dagflow_type.is_nothing or check_spec is not None
            else definition.io_manager_key
        )
        self.asset: AssetOutput | None = asset
        self.check_spec: AssetCheckSpec | None = check_spec
        self.is_selected: bool = is_selected
        self.config: Any = config
        self.is_required: bool = definition.is_required
        self.is_dynamic: bool = definition.is_dynamic
        self.is_plain: bool = (
            self.check is None
            and asset is None
            and check_spec is None
            and is_selected
            and definition.is_required
        )

    @property
    def asset_key(self) -> AssetKey | None:
        """The key of the asset that it is, None if it is not an asset."""
        return None if self.asset is None else self.asset.key


class Step:
    """One step: an op at one node of the job, and for one mapping key.

    Attributes:
        index: Its position in the plan; among ready steps of one priority the lowest runs first.
        key: The dotted path of its node, with the mapping key in brackets.
        path: The node names of that path.
        node, op: Its node, and the op of the node.
        inputs: All inputs; an input of type Nothing only orders.
        loads: The inputs that have a value.
        outputs, output_by_name: All outputs.
        config: The checked config of the op, None if it has none.
        gates: The keys of the steps of the blocking checks that it waits for.
        upstream: The keys of all steps that it waits for: those of its inputs, then its gates.
        retry_policy: The retry policy; default: no retries.
        assets_def: The AssetsDefinition that the op belongs to, or its selected part; None for another op.
        ports: The assets and checks that it gives.
        mapping_key: The mapping key, for a step that is mapped over a dynamic output.
        mapped_over: The dynamic output, for a template that runs once for each of its values.
        hooks: The hooks that are called after each attempt, by name.
        is_dynamic: Whether the step has a dynamic output.
        timeout: The time limit of an attempt in seconds, None for no limit.
    """

    __slots__ = (
        "_handle",
        "assets_def",
        "config",
        "gates",
        "hooks",
        "index",
        "inputs",
        "is_dynamic",
        "key",
        "loads",
        "mapped_over",
        "mapping_key",
        "node",
        "op",
        "output_by_name",
        "outputs",
        "path",
        "ports",
        "retry_policy",
        "timeout",
        "upstream",
    )

    def __init__(
        self,
        key: str,
        path: tuple[str, ...],
        node: Node,
        op: OpDefinition,
        inputs: Sequence[StepInput],
        outputs: Mapping[str, StepOutput],
        config: Any = UNSET,
        gates: Sequence[str] = (),
    ) -> None:
        self.index: int = -1
        self.key: str = key
        self.path: tuple[str, ...] = path
        self.node: Node = node
        self.op: OpDefinition = op
        self.inputs: tuple[StepInput, ...] = tuple(inputs)
        self.loads: tuple[StepInput, ...] = loaded(self.inputs)
        self.output_by_name: Mapping[str, StepOutput] = outputs
        self.outputs: tuple[StepOutput, ...] = tuple(outputs.values())
        self.config: Any = config
        self.gates: tuple[str, ...] = tuple(gates)
        self.upstream: tuple[str, ...] = _upstream(self.inputs)
        if gates:
            self.upstream = tuple(dict.fromkeys([*self.upstream, *gates]))
        self.assets_def: AssetsDefinition | None = None
        self.ports: AssetPorts = NO_PORTS
        self.retry_policy: RetryPolicy | None = None
        self.mapping_key: str | None = None
        self.mapped_over: OutputRef | None = None
        self.is_dynamic: bool = bool(op.dynamic_outputs())
        self.hooks: tuple[HookDefinition, ...] = ()
        self.timeout: float | None = None
        self._handle: NodeHandle | None = None

    @property
    def upstream_keys(self) -> tuple[str, ...]:
        """The keys of the steps that it waits for."""
        return self.upstream

    @property
    def node_handle(self) -> NodeHandle:
        """The path of its node."""
        if self._handle is None:
            self._handle = NodeHandle.from_path(self.path)
        return self._handle

    @property
    def step_handle(self) -> StepHandle:
        """The path of its node, with its key and mapping key."""
        return StepHandle(self.node_handle, self.key, self.mapping_key)

    def collects_from(self, step_key: str) -> bool:
        """Return whether it collects the values of a dynamic output of a step."""
        return any(
            item.source.source_type == FROM_COLLECT
            and item.source.ref is not None
            and item.source.ref.step_key == step_key
            for item in self.inputs
        )

    def for_key(
        self, key: str, mapping_key: str, inputs: Sequence[StepInput], upstream: tuple[str, ...]
    ) -> Step:
        """Return the step of one mapping key, made from this template.

        There can be hundreds of keys, so everything that does not depend on the key is taken over.
        """
        step = Step.__new__(Step)
        step.index = -1
        step.key = key
        step.path, step.node, step.op, step.config = self.path, self.node, self.op, self.config
        step.inputs = tuple(inputs)
        step.loads = step.inputs if len(self.loads) == len(inputs) else loaded(step.inputs)
        step.output_by_name, step.outputs = self.output_by_name, self.outputs
        step.gates, step.upstream = self.gates, upstream
        step.retry_policy, step.assets_def, step.hooks = self.retry_policy, self.assets_def, self.hooks
        step.ports = self.ports
        step.mapping_key, step.mapped_over = mapping_key, None
        step.is_dynamic, step.timeout = self.is_dynamic, self.timeout
        step._handle = self._handle  # noqa: SLF001 - own class
        return step

    def copy(self, **changes: Any) -> Step:
        """Return a copy with other inputs or gates, another key, config, mapping key, policy or hooks."""
        step = Step(
            changes.pop("key", self.key),
            self.path,
            self.node,
            self.op,
            changes.pop("inputs", self.inputs),
            self.output_by_name,
            changes.pop("config", self.config),
            changes.pop("gates", self.gates),
        )
        step.retry_policy, step.hooks, step.timeout = self.retry_policy, self.hooks, self.timeout
        step.assets_def, step.ports = self.assets_def, self.ports
        step.mapping_key, step.mapped_over = self.mapping_key, self.mapped_over
        for name, value in changes.items():
            setattr(step, name, value)
        return step

    def _value(self) -> tuple[Any, ...]:
        inputs = self.inputs_value()
        return self.key, self.op, inputs, self.config, self.retry_policy, self.mapped_over, self.hooks

    def inputs_value(self) -> tuple[Any, ...]:
        """Return the sources of its inputs as a comparable value."""
        return tuple(item._value() for item in self.inputs)  # noqa: SLF001 - own module

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Step):
            return NotImplemented
        return self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<step '{self.key}'>"


def loaded(inputs: Sequence[StepInput]) -> tuple[StepInput, ...]:
    """Return the inputs that have a value."""
    return tuple(
        [item for item in inputs if item.source.source_type != NO_VALUE and not item.dagflow_type.is_nothing]
    )


def refs_of(source: Source) -> list[OutputRef]:
    """Return the outputs of steps of this run that a source reads."""
    if source.source_type == FROM_OUTPUT and source.ref is not None:
        return [source.ref]
    if source.source_type in (FROM_COLLECT, NO_VALUE, FROM_STORAGE) and source.ref is not None:
        return [source.ref]
    return [ref for part in source.parts for ref in refs_of(part)]


def _upstream(inputs: Sequence[StepInput]) -> tuple[str, ...]:
    if len(inputs) == 1 and inputs[0].source.source_type == FROM_OUTPUT and inputs[0].source.ref is not None:
        return (inputs[0].source.ref.step_key,)
    return tuple(dict.fromkeys(ref.step_key for item in inputs for ref in refs_of(item.source)))
