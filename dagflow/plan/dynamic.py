"""Mapped steps: the steps of a plan that run once for each value of a dynamic output.

In a plan such a step is a template, `brew[?]`. When the step with the dynamic output has ended, its templates
are expanded to `brew[a]`, `brew[b]`, in the order of the values. A template itself never runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dagflow.dag import levels
from dagflow.keys import mapped_step_key, step_key_base
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_OUTPUTS,
    OutputRef,
    Source,
    Step,
    StepInput,
    refs_of,
)

_UNKNOWN = "?"


def with_templates(steps: Sequence[Step]) -> list[Step]:
    """Turn each step that is mapped over a dynamic output into a template.

    Steps that depend on a dynamic output move behind the steps that do not.

    Args:
        steps: Steps whose sources name other steps by their plain keys.
    """
    by_key = {step.key: step for step in steps}
    if not any(output.is_dynamic for step in steps for output in step.outputs):
        return list(steps)
    mapped: dict[str, OutputRef] = {}
    known_after: dict[str, int] = {}  # the number of dynamic outputs in a row before a step
    for key in levels({step.key: step.upstream for step in steps}):
        after = [
            known_after[ref.step_key] + by_key[ref.step_key].output_by_name[ref.output_name].is_dynamic
            for item in by_key[key].inputs
            for ref in refs_of(item.source)
        ]
        known_after[key] = max([*after, *(known_after[gate] for gate in by_key[key].gates)], default=0)
        for item in by_key[key].inputs:
            if item.source.source_type != FROM_COLLECT:
                for ref in refs_of(item.source):
                    if by_key[ref.step_key].output_by_name[ref.output_name].is_dynamic:
                        mapped[key] = ref
                    elif ref.step_key in mapped:
                        mapped[key] = mapped[ref.step_key]
    names = {key: mapped_step_key(key, _UNKNOWN) for key in mapped}
    return [
        step.copy(
            key=names.get(step.key, step.key),
            inputs=[_renamed(item, names) for item in step.inputs],
            gates=[names.get(gate, gate) for gate in step.gates],
            mapped_over=mapped.get(step.key),
        )
        for step in sorted(steps, key=lambda step: known_after[step.key])
    ]


def expanded(templates: Sequence[Step], keys: Sequence[str]) -> list[Step]:
    """Return the steps of templates over one dynamic output: for each template, a step for each mapping key.

    Args:
        templates: The templates in plan order.
        keys: The mapping keys, in the order of the values.
    """
    bases = {template.key: template.key.removesuffix(f"[{_UNKNOWN}]") for template in templates}
    steps = []
    for template in templates:
        base = bases[template.key]
        inputs = [_maker(item, bases, template.mapped_over) for item in template.inputs]
        upstream = [(name, bases.get(name)) for name in template.upstream]
        steps += [
            template.for_key(
                mapped_step_key(base, key),
                key,
                [make(key) for make in inputs],
                tuple(
                    [name if before is None else mapped_step_key(before, key) for name, before in upstream]
                ),
            )
            for key in keys
        ]
    return steps


def resolved_key(template_key: str, mapping_key: str) -> str:
    """Return the key of the step of a template for one mapping key.

    Example:
        >>> resolved_key("machine.brew[?]", "a")
        'machine.brew[a]'
    """
    return mapped_step_key(template_key.removesuffix(f"[{_UNKNOWN}]"), mapping_key)


def template_key(key: str) -> str:
    """Return the key of the template of a mapped step.

    Example:
        >>> template_key("machine.brew[a]")
        'machine.brew[?]'
    """
    return mapped_step_key(step_key_base(key), _UNKNOWN)


def _renamed(item: StepInput, names: Mapping[str, str]) -> StepInput:
    def rename(ref: OutputRef) -> OutputRef:
        return ref._replace(step_key=names[ref.step_key]) if ref.step_key in names else ref

    return item.with_source(_with_refs(item.source, rename))


def _maker(item: StepInput, bases: Mapping[str, str], over: OutputRef | None) -> Callable[[str], StepInput]:
    """Return a function that makes the input of the step of a mapping key from an input of a template."""

    def choose(ref: OutputRef, key: str) -> OutputRef:
        if ref == over:
            return OutputRef(ref.step_key, ref.output_name, key)
        if ref.step_key in bases:
            return OutputRef(mapped_step_key(bases[ref.step_key], key), ref.output_name)
        return ref

    source, ref = item.source, item.source.ref
    if ref is None or (ref != over and ref.step_key not in bases):
        if not source.parts:
            return lambda key: item
        return lambda key: item.with_source(_with_refs(source, lambda ref: choose(ref, key)))
    source_type, _, *rest = source
    return lambda key: item.with_source(Source(source_type, choose(ref, key), *rest))


def _with_refs(source: Source, change: Callable[[OutputRef], OutputRef]) -> Source:
    if source.source_type == FROM_OUTPUTS:
        return source._replace(parts=tuple(_with_refs(part, change) for part in source.parts))
    return source if source.ref is None else source._replace(ref=change(source.ref))
