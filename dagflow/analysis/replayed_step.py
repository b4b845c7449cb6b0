"""The facts about one step of a run that a written test needs: function, inputs, config, outputs, error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.analysis.steps import step_assets
from dagflow.context.resources import ScopedResources
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.errors import DagflowInvariantViolationError
from dagflow.events.error_info import SerializableErrorInfo, error_chain
from dagflow.events.types import DagflowEventType
from dagflow.invocation.asset_values import AssetValueLoader
from dagflow.keys import step_key_base
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_CONFIG,
    FROM_DEFAULT,
    FROM_OUTPUTS,
    FROM_STORAGE,
    Source,
    Step,
    StepInput,
)
from dagflow.plan.surroundings import PartitionsOfRun
from dagflow.runs.results import ExecutionResult
from dagflow.types.loaders import DagflowTypeLoaderContext

_ENDS = (DagflowEventType.STEP_SUCCESS, DagflowEventType.STEP_FAILURE)
_OUTSIDE = {
    "DagflowExecutionLoadInputError": "an input was loaded",
    "DagflowTypeLoadingError": "an input was made from config",
    "DagflowExecutionHandleOutputError": "an output was stored",
    "DagflowResourceFunctionError": "a resource was started",
}
"""The errors that do not come from the function, with the moment at which they were raised."""


class ReplayedStep:
    """One step of a run that has ended.

    Args:
        result: The result of the run.
        step: The step.
        error: The user's own error, None if the step succeeded.

    Attributes:
        key, mapping_key: The key and the mapping key of the step.
        definition: The op, or the asset or check if one op makes it.
        what: The step for messages, as "step 'brew'".
        partitions, tags: The partitions and the tags of the run.
        takes_context, takes_tags: Whether the function has a context, and whether that has run tags.
        is_plain: Whether the function returns the value of its one output, and nothing else can be meant.
    """

    def __init__(self, result: ExecutionResult, step: Step, error: SerializableErrorInfo | None) -> None:
        self.result = result
        self.step = step
        self.error = error
        self.key: str = step.key
        self.mapping_key: str | None = step.mapping_key
        self.what: str = f"step '{step.key}'"
        self.definition: OpDefinition | AssetsDefinition = step.op
        if step.assets_def is not None and step.assets_def.node_def is not None and len(step.path) == 1:
            self.definition = step.assets_def
        body = step.op.body
        self.takes_context: bool = body.context is not None
        self.is_of_checks: bool = (
            isinstance(self.definition, AssetsDefinition) and self.definition.is_of_checks
        )
        self.takes_tags: bool = not self.is_of_checks
        self.is_plain: bool = (
            body.function_type == "plain"
            and len(step.outputs) == 1
            and not step.is_dynamic
            and not self.is_of_checks
            and (error is not None or _is_value(body.return_annotation))
        )

    @property
    def partitions(self) -> PartitionsOfRun:
        """The partitions of the run."""
        return self.result.plan.partitions

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the run."""
        return self.result.dagflow_run.tags

    def refuse(self, reason: str) -> DagflowInvariantViolationError:
        """Return the error that names the reason why the step cannot be replayed."""
        return DagflowInvariantViolationError(f"{self.what} cannot be replayed by a test, because {reason}")

    def describe(self) -> str:
        """Return the step and its job, for the docstring of the test."""
        job = self.result.job_def
        of_job = "" if job.name.startswith("__") else f" of job '{job.name}'"
        key = self.partitions.key
        return f"{self.what}{of_job}{'' if key is None else f' for partition {key}'}"

    def outcome(self) -> str:
        """Return the outcome of the step, for the docstring of the test."""
        if self.error is None:
            return "succeeded"
        first = self.error.message.strip().partition("\n")[0]
        return f"raised {self.error.cls_name}: {first.partition(': ')[2]}".rstrip(": ")

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        in_memory = self.result.inputs_for_step(self.key)
        for item in self.step.loads:
            if item.source.source_type == FROM_DEFAULT:
                continue
            if item.name in in_memory:
                found[item.name] = in_memory[item.name]
                continue
            found[item.name] = self._loaded(item, item.source)
        return found

    def inputs(self) -> Mapping[str, Any]:
        """Return the values of the inputs by name, without those that are defaults.

        Raises:
            DagflowInvariantViolationError: A value is neither in memory nor stored.
        """
        return self._inputs

    def _loaded(self, item: StepInput, source: Source) -> Any:
        """Return a value that is not in memory."""
        if source.source_type == FROM_CONFIG:
            return self._from_config(item, source)
        if source.source_type == FROM_STORAGE and source.asset_key is not None:
            return self._from_storage(item, source)
        if source.source_type == FROM_OUTPUTS:
            values = [self._produced(part) for part in source.parts]
            return [value for value in values if value is not UNSET]
        if source.source_type == FROM_COLLECT:
            return self._collected(source)
        value = self._produced(source)
        if value is not UNSET:
            return value
        raise self.refuse(
            f"the value of its input '{item.name}' is not in memory. Write the test from the result of a run "
            "in this process, or inside the `with` block of the result"
        )

    def _produced(self, source: Source) -> Any:
        """Return the stored value of an output; UNSET if it was not produced."""
        if source.ref is None:
            return source.value if source.source_type == FROM_DEFAULT else UNSET
        step_key, name, mapping_key = source.ref
        value = self.result.outputs_for_step(step_key).get(name, UNSET)
        return value if mapping_key is None or value is UNSET else value.get(mapping_key, UNSET)

    def _collected(self, source: Source) -> list[Any]:
        """Return the stored values of a dynamic output, or of all steps of a mapped node."""
        assert source.ref is not None
        step_key, name, _ = source.ref
        node = step_key_base(step_key)
        found: list[Any] = []
        for key in self.result.plan.step_keys:
            if step_key_base(key) == node and not key.endswith("[?]"):
                value = self.result.outputs_for_step(key).get(name, UNSET)
                is_dynamic = self.result.plan.step_by_key(key).is_dynamic
                found += [] if value is UNSET else value.values() if is_dynamic else [value]
        return found

    def _from_config(self, item: StepInput, source: Source) -> Any:
        loader = source.loader
        assert loader is not None
        if loader.required_resource_keys():
            raise self.refuse(
                f"its input '{item.name}' was made from config by a loader that needs the resources "
                f"{sorted(loader.required_resource_keys())}"
            )
        context = DagflowTypeLoaderContext(
            resources=ScopedResources({}, "this type loader"),
            log=_no_log,
            run_id=self.result.run_id,
            op_def=self.step.op,
            job_def=self.result.job_def,
            step_key=self.key,
        )
        return loader.construct_from_config_value(context, source.value)

    def _from_storage(self, item: StepInput, source: Source) -> Any:
        """Load the value of an asset by its I/O manager, as the run did."""
        layer = self.result.job_def.asset_layer
        assert layer is not None
        assert source.asset_key is not None
        keys = item.partition_keys
        partition = keys[0] if keys is not None and len(keys) == 1 else None
        several = PartitionKeyRange(keys[0], keys[-1]) if keys is not None and len(keys) > 1 else None
        with AssetValueLoader(layer.known, self.result.job_def.resource_defs, self.result.instance) as loader:
            return loader.load_asset_value(
                source.asset_key, partition_key=partition, partition_key_range=several
            )

    def outputs(self) -> Mapping[str, Any]:
        """Return the values of the outputs by name, as `outputs_of` gives them."""
        return self.result.outputs_for_step(self.key)

    def config(self) -> Any:
        """Return the config of the op as the run config has it; None without config.

        Variables of the environment stay references, so that the test has no secret.
        """
        run_config: Mapping[str, Any] = self.result.dagflow_run.run_config or {}
        for given in (run_config, self.result.job_def.default_config):
            found = _config_at(given, self.step.path)
            if found is not None:
                return found
        field = self.step.op.config_field
        return self.step.config if field is not None and field.is_required else None

    def resources(self) -> Mapping[str, Any]:
        """Return the resources of the function by key: plain values, UNSET for a resource that is started.

        Those that the asset itself brings are left out.
        """
        op, known = self.step.op, self.result.job_def.resource_defs
        whole = self.definition.whole if isinstance(self.definition, AssetsDefinition) else None
        own = {} if whole is None else whole.resource_defs
        keys = [*op.required_resource_keys, *(key for key in op.body.optional_resources if key in known)]
        found = {}
        for key in sorted(set(keys) - set(own)):
            definition = known.get(key)
            is_value = definition is not None and definition.resource_type == "value"
            found[key] = definition.value if definition is not None and is_value else UNSET
        return found

    def builder(self) -> tuple[str, str]:
        """Return the function that builds the context, and its argument for the config."""
        if self.is_of_checks and self.partitions.keys == ():
            return "build_asset_check_context", "asset_config"
        if isinstance(self.definition, AssetsDefinition) and not self.is_of_checks:
            return "build_asset_context", "asset_config"
        return "build_op_context", "op_config"


def _no_log() -> Any:
    import logging

    return logging.getLogger("dagflow")


def _is_value(annotation: Any) -> bool:
    """Return whether a return annotation is a class of values, so that the result is the value itself."""
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and origin.__module__.partition(".")[0] != "dagflow"


def _config_at(run_config: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return the config of a node in a run config, None if it has none there."""
    found: Any = run_config
    for part in path:
        ops = found.get("ops") if isinstance(found, Mapping) else None
        found = ops.get(part) if isinstance(ops, Mapping) else None
    return found.get("config") if isinstance(found, Mapping) else None


def step_to_replay(result: ExecutionResult, node: str) -> ReplayedStep:
    """Return a step of a run.

    Args:
        result: The result of the run.
        node: The key of the step, or of an asset or check.

    Raises:
        DagflowInvariantViolationError: The step is unknown, or cannot be replayed.
    """
    keys = _keys_of(result, node)
    if len(keys) > 1:
        shown = ", ".join(f"'{key}'" for key in keys[:8]) + (", ..." if len(keys) > 8 else "")
        raise DagflowInvariantViolationError(f"write_test: '{node}' is not one step. Choose one of {shown}.")
    ends = [event for event in result.all_events if event.step_key == keys[0] and event.event_type in _ENDS]
    if not ends:
        raise DagflowInvariantViolationError(
            f"step '{keys[0]}' cannot be replayed by a test, because it did not run, or was skipped"
        )
    error = None
    if ends[-1].event_type is DagflowEventType.STEP_FAILURE:
        error = _error_of(keys[0], ends[-1].step_failure_data.error)
    return ReplayedStep(result, result.plan.step_by_key(keys[0]), error)


def _error_of(key: str, error: SerializableErrorInfo | None) -> SerializableErrorInfo | None:
    """Return the user's own error; None for a failed check, whose step itself succeeded."""
    name = "" if error is None else error.cls_name or ""
    if name in _OUTSIDE:
        raise DagflowInvariantViolationError(
            f"step '{key}' cannot be replayed by a test, because it failed when {_OUTSIDE[name]}, not in its "
            "function"
        )
    return None if error is None or name.endswith("AssetCheckFailedError") else error_chain(error)[-1]


def _keys_of(result: ExecutionResult, node: str) -> list[str]:
    """Return the keys of the steps that a name means: one, or all of a mapped node or of a graph."""
    known = result.plan.step_keys
    if node in known and "[?]" not in node:
        return [node]
    by_asset = [
        found.step_key
        for found in step_assets(result)
        if node in {key.to_user_string() for key in found.selected}
    ]
    mapped = [key for key in known if step_key_base(key) == node and "[?]" not in key]
    inside = [key for key in known if key.startswith(f"{node}.")]
    found = by_asset or mapped or inside
    if not found:
        raise DagflowInvariantViolationError(
            f"write_test: the run has no step '{node}'.{nearest(node, known)} Its steps are {known[:20]}."
        )
    return found
