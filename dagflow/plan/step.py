"""A step of a plan: which op, what feeds its inputs, where its outputs go.

Made once for a plan and read in the loop, so plain classes with slots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dagflow._util import UNSET
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.graphs.content import Node
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.keys import AssetKey, NodeHandle, StepHandle
from dagflow.types.kinds import DagflowType
from dagflow.types.loaders import DagflowTypeLoader

# Where the value of an input comes from. A number, because the loop asks once an input.
FROM_OUTPUT = 0  # one output of another step
FROM_OUTPUTS = 1  # a list, of outputs and of other values
FROM_COLLECT = 2  # a list of all values of a dynamic output
NO_VALUE = 3  # an input of type Nothing: it only orders
FROM_DEFAULT = 4  # the default of the parameter
FROM_CONFIG = 5  # the run config, through the loader of the type
FROM_INPUT_VALUE = 6  # a value of the graph's input, given with the run
FROM_STORAGE = 7  # an asset that this run does not make, or makes without handing a value on
GIVEN = 8  # a value that stands for an output of a step that does not run


class OutputRef(NamedTuple):
    """One output of one step."""

    step_key: str
    output_name: str
    mapping_key: str | None = None


OutputKey = tuple[str, str, "str | None"]
"""An OutputRef as the plain tuple that it equals, which is made faster."""


class Source(NamedTuple):
    """Where the value of an input, or of an element of its list, comes from.

    Attributes:
        kind: One of the numbers above.
        ref: The output that is read (FROM_OUTPUT, FROM_COLLECT, GIVEN).
        manager_key: The resource that loads it.
        value: The default, the config of the loader, the name of the graph's input, or the asset that the
            body of a graph reads.
        parts: The elements (FROM_OUTPUTS).
        asset_key: The asset that is read.
        loader: Makes the value of its config (FROM_CONFIG).
    """

    kind: int
    ref: OutputRef | None = None
    manager_key: str | None = None
    value: Any = None
    parts: tuple[Source, ...] = ()
    asset_key: AssetKey | None = None
    loader: DagflowTypeLoader | None = None


class StepInput:
    """An input of a step.

    Attributes:
        name, dagflow_type, definition: What the op says of it.
        check: The type where it must be checked, None for Any.
        source: Where its value comes from.
        partition_keys: The partitions of the asset that it reads, None where that has none.
        config: What the run config says to its input manager.
    """

    __slots__ = ("check", "config", "dagflow_type", "definition", "name", "partition_keys", "source")

    def __init__(
        self,
        definition: InputDefinition,
        source: Source,
        partition_keys: tuple[str, ...] | None = None,
        config: Any = None,
    ) -> None:
        self.name = definition.name
        self.dagflow_type: DagflowType = definition.dagflow_type
        self.definition = definition
        self.check = None if definition.dagflow_type.is_any else definition.dagflow_type
        self.source = source
        self.partition_keys = partition_keys
        self.config = config

    def with_source(self, source: Source) -> StepInput:
        """The same input, fed by something else."""
        return StepInput(self.definition, source, self.partition_keys, self.config)

    def _value(self) -> tuple[Any, ...]:
        return self.name, self.source, self.partition_keys, self.config


class StepOutput:
    """An output of a step.

    Attributes:
        name, dagflow_type, definition: What the op says of it.
        position: Which of the outputs it is.
        check: The type where it must be checked, None for Any.
        manager_key: The resource that stores it, None for an output of type Nothing.
        asset_key: The asset that it is.
        config: What the run config says of it to its I/O manager.
        is_plain: Whether nothing has to be asked or said about a value of it.
    """

    __slots__ = (
        "asset_key",
        "check",
        "config",
        "dagflow_type",
        "definition",
        "is_dynamic",
        "is_plain",
        "is_required",
        "manager_key",
        "name",
        "position",
    )

    def __init__(
        self,
        definition: OutputDefinition,
        position: int,
        asset_key: AssetKey | None = None,
        config: Any = None,
    ) -> None:
        self.position = position
        self.name = definition.name
        self.dagflow_type: DagflowType = definition.dagflow_type
        self.definition = definition
        self.check = None if definition.dagflow_type.is_any else definition.dagflow_type
        self.manager_key = None if definition.dagflow_type.is_nothing else definition.io_manager_key
        self.asset_key = asset_key
        self.config = config
        self.is_required = definition.is_required
        self.is_dynamic = definition.is_dynamic
        self.is_plain = self.check is None and asset_key is None and definition.is_required


class Step:
    """One step: an op at one place of the job (and for one mapping key).

    Attributes:
        index: Its position in the plan; among ready steps of one priority the lowest runs first.
        key: The dotted path of its node, with the mapping key in brackets.
        path: The names of that path.
        node, op: The node, and the op that it is.
        inputs: All inputs; those of type Nothing only order.
        loads: The inputs that have a value.
        outputs: All outputs.
        config: The checked config of the op, None where there is none.
        upstream: The keys of the steps that it waits for.
        retry_policy: How it is tried again.
        assets_def: The asset that it makes.
        mapping_key: The key for which it runs, if it is one of several mapped steps.
        mapped_over: The dynamic output that it runs once for each value of, if it is not yet one of those.
        hooks: What is called when it has ended, by name.
        is_dynamic: Whether an output of it has a value for each of several mapping keys.
        timeout: For how many seconds an attempt may last, None for ever.
    """

    __slots__ = (
        "_handle",
        "assets_def",
        "config",
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
        retry_policy: RetryPolicy | None = None,
        assets_def: AssetsDefinition | None = None,
        mapping_key: str | None = None,
        mapped_over: OutputRef | None = None,
        hooks: tuple[HookDefinition, ...] = (),
        timeout: float | None = None,
    ) -> None:
        self.index = -1
        self.key = key
        self.path = path
        self.node = node
        self.op = op
        self.inputs = tuple(inputs)
        self.loads = loaded(self.inputs)
        self.output_by_name = outputs
        self.outputs = tuple(outputs.values())
        self.config = config
        self.upstream = _upstream(self.inputs)
        self.retry_policy = retry_policy
        self.assets_def = assets_def
        self.mapping_key = mapping_key
        self.mapped_over = mapped_over
        self.is_dynamic = bool(op.dynamic_outputs())
        self.hooks = hooks
        self.timeout = timeout
        self._handle: NodeHandle | None = None

    @property
    def upstream_keys(self) -> tuple[str, ...]:
        """The keys of the steps that it waits for."""
        return self.upstream

    @property
    def node_handle(self) -> NodeHandle:
        """The place of its node."""
        if self._handle is None:
            self._handle = NodeHandle.from_path(self.path)
        return self._handle

    @property
    def step_handle(self) -> StepHandle:
        """Its place."""
        return StepHandle(self.node_handle, self.key, self.mapping_key)

    def collects_from(self, step_key: str) -> bool:
        """Whether it collects the values of a dynamic output of a step."""
        return any(
            item.source.kind == FROM_COLLECT
            and item.source.ref is not None
            and item.source.ref.step_key == step_key
            for item in self.inputs
        )

    def for_key(
        self, key: str, mapping_key: str, inputs: Sequence[StepInput], upstream: tuple[str, ...]
    ) -> Step:
        """The step that this template becomes for one mapping key: of hundreds, so nothing is worked out
        again.
        """
        step = Step.__new__(Step)
        step.index = -1
        step.key = key
        step.path, step.node, step.op, step.config = self.path, self.node, self.op, self.config
        step.inputs = tuple(inputs)
        step.loads = step.inputs if len(self.loads) == len(inputs) else loaded(step.inputs)
        step.output_by_name, step.outputs = self.output_by_name, self.outputs
        step.upstream = upstream
        step.retry_policy, step.assets_def, step.hooks = self.retry_policy, self.assets_def, self.hooks
        step.mapping_key, step.mapped_over = mapping_key, None
        step.is_dynamic, step.timeout = self.is_dynamic, self.timeout
        step._handle = self._handle  # noqa: SLF001 - of this very class
        return step

    def copy(self, **changes: Any) -> Step:
        """The same step with other inputs, key, config or mapping key."""
        values: dict[str, Any] = {
            "key": self.key, "path": self.path, "node": self.node, "op": self.op, "inputs": self.inputs,
            "outputs": self.output_by_name, "config": self.config, "retry_policy": self.retry_policy,
            "assets_def": self.assets_def, "mapping_key": self.mapping_key, "mapped_over": self.mapped_over,
            "hooks": self.hooks, "timeout": self.timeout,
        }  # fmt: skip
        return Step(**{**values, **changes})

    def _value(self) -> tuple[Any, ...]:
        inputs = self.inputs_value()
        return self.key, self.op, inputs, self.config, self.retry_policy, self.mapped_over, self.hooks

    def inputs_value(self) -> tuple[Any, ...]:
        """What feeds it, as a comparable value."""
        return tuple(item._value() for item in self.inputs)  # noqa: SLF001 - of this very module

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Step):
            return NotImplemented
        return self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<step '{self.key}'>"


def loaded(inputs: Sequence[StepInput]) -> tuple[StepInput, ...]:
    """Those inputs that have a value."""
    return tuple(
        [item for item in inputs if item.source.kind != NO_VALUE and not item.dagflow_type.is_nothing]
    )


def refs_of(source: Source) -> list[OutputRef]:
    """The outputs of steps of this run that a source reads."""
    if source.kind == FROM_OUTPUT and source.ref is not None:
        return [source.ref]
    if source.kind in (FROM_COLLECT, NO_VALUE, FROM_STORAGE) and source.ref is not None:
        return [source.ref]
    return [ref for part in source.parts for ref in refs_of(part)]


def _upstream(inputs: Sequence[StepInput]) -> tuple[str, ...]:
    if len(inputs) == 1 and inputs[0].source.kind == FROM_OUTPUT and inputs[0].source.ref is not None:
        return (inputs[0].source.ref.step_key,)
    return tuple(dict.fromkeys(ref.step_key for item in inputs for ref in refs_of(item.source)))
