"""Mapped steps: which steps of a plan run once for each value of a dynamic output, and what they become.

In a plan such a step is a template, `brew[?]`. When the step with the dynamic output has ended, the templates
over it are expanded: `brew[a]`, `brew[b]`, in the order in which the values were yielded. A template itself
never runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dagflow.dag import levels
from dagflow.keys import mapped_step_key
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
    """The steps of a plan, with those that are mapped over a dynamic output made templates.

    Args:
        steps: Steps whose sources name other steps by their plain keys.
    """
    by_key = {step.key: step for step in steps}
    if not any(output.is_dynamic for step in steps for output in step.outputs):
        return list(steps)
    mapped: dict[str, OutputRef] = {}
    for key in levels({step.key: step.upstream for step in steps}):
        for item in by_key[key].inputs:
            if item.source.kind != FROM_COLLECT:
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
            mapped_over=mapped.get(step.key),
        )
        for step in steps
    ]


def expanded(templates: Sequence[Step], keys: Sequence[str]) -> list[Step]:
    """The steps that templates over one dynamic output become: for each template, one for each mapping key.

    Args:
        templates: In plan order.
        keys: The mapping keys, in the order in which they were yielded.
    """
    names = {template.key: template.key.removesuffix(f"[{_UNKNOWN}]") for template in templates}
    return [
        template.copy(
            key=mapped_step_key(names[template.key], key),
            inputs=[_for_key(item, names, key, template) for item in template.inputs],
            mapping_key=key,
            mapped_over=None,
        )
        for template in templates
        for key in keys
    ]


def resolved_key(template_key: str, mapping_key: str) -> str:
    """The key of the step that a template becomes for one mapping key.

    Example:
        >>> resolved_key("machine.brew[?]", "a")
        'machine.brew[a]'
    """
    return mapped_step_key(template_key.removesuffix(f"[{_UNKNOWN}]"), mapping_key)


def _renamed(item: StepInput, names: Mapping[str, str]) -> StepInput:
    def rename(ref: OutputRef) -> OutputRef:
        return ref._replace(step_key=names[ref.step_key]) if ref.step_key in names else ref

    return item.with_source(_with_refs(item.source, rename))


def _for_key(item: StepInput, names: Mapping[str, str], key: str, template: Step) -> StepInput:
    over = template.mapped_over

    def choose(ref: OutputRef) -> OutputRef:
        if over is not None and ref == over:
            return ref._replace(mapping_key=key)
        return (
            ref._replace(step_key=mapped_step_key(names[ref.step_key], key)) if ref.step_key in names else ref
        )

    return item.with_source(_with_refs(item.source, choose))


def _with_refs(source: Source, change: Callable[[OutputRef], OutputRef]) -> Source:
    if source.kind == FROM_OUTPUTS:
        return source._replace(parts=tuple(_with_refs(part, change) for part in source.parts))
    return source if source.ref is None else source._replace(ref=change(source.ref))
