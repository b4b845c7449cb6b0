"""`Stubs`: given values for the runs of a block of code, and the report about those that no run used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagflow._util import listed, nearest
from dagflow.call import check_dagflow_type
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.engine.log import RunLog
from dagflow.errors import CheckError, DagflowTypeCheckDidNotPass, ParameterCheckError, repr_of
from dagflow.events.types import DagflowEventType
from dagflow.keys import AssetKey
from dagflow.options import ValueByPartition
from dagflow.plan.plan import Plan
from dagflow.runs.results import ExecutionResult
from dagflow.types.kinds import DagflowType


class Stubs(Mapping[Any, Any]):
    """Values that are given instead of computed, for `run_options(given=...)`.

    A stub has the key of an asset or step, `(step, output)`, or a definition. It replaces the value in the
    runs that start later. `unused` reports the stubs that no run needed.

    Attributes: `runs`, the number of runs that have ended.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> from dagflow.testing import Stubs, run_options
        >>> @asset
        ... def beans():
        ...     raise OSError("no answer")
        >>> @asset
        ... def cups(beans):
        ...     return beans // 5
        >>> stubs = Stubs()
        >>> with run_options(given=stubs) as options:
        ...     stubs.add("beans", 10)
        ...     materialize_to_memory([beans, cups]).asset_value("cups")
        2
        >>> stubs.unused(options.used)
        []
    """

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._ran: dict[str, None] = {}
        self._known: dict[str, None] = {}
        self._outputs: dict[str, list[str]] = {}  # the outputs of each step, by its key
        self.runs = 0

    def __getitem__(self, key: Any) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def add(self, key: Any, value: Any, *, partition: str | None = None) -> None:
        """Add or replace a stub.

        Args:
            key: A step key or asset key as a string, an AssetKey, `(step key, output name)`, or the
                definition of an op or of one asset.
            value: The value. It is checked against the type of a definition now, otherwise when a run
                uses it.
            partition: The partition of the runs that use this value; default: all runs.

        Raises:
            ParameterCheckError: The key is of another type.
            CheckError: The definition has several outputs, or the stub has a value for all partitions.
            DagflowTypeCheckDidNotPass: The value is not of the type of the definition.
        """
        name = _name_of(key)
        for found in _types_of(key):
            _check(found, value, name)
        if partition is None:
            self._values[name] = value
            return
        if not isinstance(partition, str):
            raise ParameterCheckError(f"'partition' must be a partition key, not {repr_of(partition)}")
        known = self._values.setdefault(name, ValueByPartition({}))
        if not isinstance(known, ValueByPartition):
            raise CheckError(
                f"the stub of {_shown(name)} has a value for all runs, and another one for a partition"
            )
        known[partition] = value

    def observe(self, result: ExecutionResult) -> None:
        """Note the nodes of a run that has ended, for the messages of `unused`.

        Args:
            result: The result, as `observe_runs` passes it.
        """
        self.runs += 1
        for event in result.all_events:
            if event.event_type is DagflowEventType.STEP_START and event.step_key is not None:
                self._ran[event.step_key] = None
        for log in [event.source for event in result.all_events[:1]]:
            if isinstance(log, RunLog):
                self._note_plan(log.plan)

    def _note_plan(self, plan: Plan) -> None:
        for step in plan.steps:
            self._known[step.key] = None
            self._outputs[step.key] = [output.name for output in step.outputs]
            for output in step.outputs:
                if output.asset_key is not None:
                    self._known[output.asset_key.to_user_string()] = None

    def unused(self, used: set[Any]) -> list[str]:
        """Return a message for each stub that no run used: its key, the reason, and the nodes that ran.

        Args:
            used: The keys that replaced an output, as `RunOptions.used` has them.
        """
        messages = []
        self._known.update(dict.fromkeys(_node_of(key) for key in used))  # the plans do not have them
        for key, value in self._values.items():
            if key not in used:
                messages.append(f"the stub of {_shown(key)} was not used: {self._reason(key, value)}")
            elif isinstance(value, ValueByPartition):
                messages += [
                    f"the stub of {_shown(key)} for partition '{partition}' was not used: the runs that used "
                    f"it were for {listed(sorted(value.used))}"
                    for partition in value
                    if partition not in value.used
                ]
        return messages

    def _reason(self, key: Any, value: Any) -> str:
        if not self.runs:
            return "no run came to its end"
        ran = f"The nodes that ran: {listed(self._ran)}" if self._ran else "No node ran"
        node = _node_of(key)
        if node not in self._known:
            return f"no run had this node.{nearest(node, self._known)} {ran}"
        if isinstance(value, ValueByPartition):
            return f"no run was for the partition {' or '.join(map(repr, value))}. {ran}"
        outputs = self._outputs.get(node, [])
        if isinstance(key, tuple):
            return f"the step has no output {key[1]!r}.{nearest(key[1], outputs)} It has {listed(outputs)}"
        if len(outputs) > 1:
            return f"the step has several outputs: stub each one that matters, as ({node!r}, {outputs[0]!r})"
        return f"it was added after the run that needed it. {ran}"


def _node_of(key: Any) -> str:
    """Return the name of the step or asset that a key means."""
    node = key[0] if isinstance(key, tuple) else key
    return node.to_user_string() if isinstance(node, AssetKey) else str(node)


def _name_of(key: Any) -> Any:
    """Return the key of a stub as runs compare it."""
    if isinstance(key, AssetKey) or (isinstance(key, str) and key):
        return key
    if isinstance(key, tuple) and len(key) == 2 and all(isinstance(part, str) for part in key):
        return key
    if isinstance(key, AssetsDefinition):
        if len(key.keys) != 1:
            keys = listed(one.to_user_string() for one in key.keys)
            raise CheckError(
                f"a stub replaces one asset, and {key!r} has {keys}: pass the key of one of them"
            )
        return next(iter(key.keys))
    if isinstance(key, OpDefinition):
        return key.name
    raise ParameterCheckError(
        "a stub needs the key of an asset or step, as 'beans', ('split', 'hot') for one of several outputs, "
        f"or a definition, not {repr_of(key)}"
    )


def _types_of(key: Any) -> list[DagflowType]:
    """Return the declared type of a definition; nothing for a name."""
    if isinstance(key, AssetsDefinition):
        (asset_key,) = key.keys
        return [key.node_def.outs[key.output_names[asset_key]].dagflow_type]
    if isinstance(key, OpDefinition) and len(key.outs) == 1:
        return [next(iter(key.outs.values())).dagflow_type]
    return []


def _check(dagflow_type: DagflowType, value: Any, name: Any) -> None:
    check = check_dagflow_type(dagflow_type, value)
    if not check.success:
        description = f" {check.description}" if check.description else ""
        raise DagflowTypeCheckDidNotPass(
            f"the stub of {_shown(name)} is not of the type '{dagflow_type.display_name}' of its "
            f"node:{description or f' it is {value!r:.100}'}",
            dict(check.metadata),
            dagflow_type,
        )


def _shown(key: Any) -> str:
    return repr(key.to_user_string() if isinstance(key, AssetKey) else key)
