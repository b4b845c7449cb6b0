"""The strategy that draws the inputs of an op, for direct calls of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from dagflow import AssetsDefinition, OpDefinition, ParameterCheckError, check_dagflow_type
from pytest_dagflow.drawing.arguments import check_values
from pytest_dagflow.drawing.config import anything


def op_inputs(
    op: Any, *, values: Mapping[str, st.SearchStrategy[Any]] | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the values of all inputs of an op, asset or check, by their types: `brew(**inputs)`.

    An input without an annotation gets any small value. Only values that pass the type check of the input are
    drawn. An input with a default is sometimes left out.

    Args:
        op: An op, or the asset or check of an op.
        values: A strategy for an input, by its name: for types that hypothesis does not know.

    Returns:
        A strategy of dicts.

    Raises:
        ParameterCheckError: It is not an op, `values` names an unknown input, or an input has a type that
            hypothesis cannot draw.

    Example:
        >>> from hypothesis import find
        >>> from dagflow import op
        >>> @op
        ... def brew(grams: int, kinds: list[str], hot: bool = True): ...
        >>> find(op_inputs(brew), lambda inputs: inputs["grams"] > 3)
        {'grams': 4, 'kinds': []}
    """
    found = _op_of(op)
    given = check_values(values)
    inputs = {name: item for name, item in found.ins.items() if not item.dagflow_type.is_nothing}
    for name in given:
        if name not in inputs:
            raise ParameterCheckError(
                f"parameter 'values' names '{name}', which is no input of {found!r}. It has "
                f"{', '.join(map(repr, inputs)) or 'none'}."
            )
    drawn = {
        name: given[name] if name in given else _of_type(found, name, item.dagflow_type)
        for name, item in inputs.items()
    }
    optional = {name: drawn.pop(name) for name, item in inputs.items() if item.has_default_value}
    return st.fixed_dictionaries(drawn, optional=optional)


def _op_of(op: Any) -> OpDefinition:
    found = (
        getattr(op, "node_def", None) if isinstance(op, AssetsDefinition) and not op.is_declaration else op
    )
    if not isinstance(found, OpDefinition):
        raise ParameterCheckError(f"parameter 'op' must be an op, or the asset or check of an op, not {op!r}")
    return found


def _of_type(op: OpDefinition, name: str, dagflow_type: Any) -> st.SearchStrategy[Any]:
    if dagflow_type.is_any:
        return anything()
    annotation = dagflow_type.typing_type
    problem = ""
    if annotation is not Any:
        strategy = st.from_type(annotation)
        try:
            strategy.validate()
        except HypothesisException as error:
            problem = f" ({error})"
        else:
            return strategy.filter(lambda value: check_dagflow_type(dagflow_type, value).success)
    raise ParameterCheckError(
        f"hypothesis does not know how to draw input '{name}' of {op!r}, which has the type "
        f"'{dagflow_type.display_name}'{problem}. Pass values={{{name!r}: ...}} with a strategy."
    )
