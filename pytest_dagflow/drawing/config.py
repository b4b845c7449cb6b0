"""The strategies that draw run config: config that a job accepts, and config with one mistake."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hypothesis import strategies as st

from dagflow import JobDefinition, ParameterCheckError
from dagflow.testing import ConfigNode, config_faults, run_config_node, without_optional
from pytest_dagflow.drawing.arguments import as_job, check_flag, check_values

Strategy = st.SearchStrategy[Any]
_FEW = 3
_SYSTEM = ("loggers", "execution")
_IN_SYSTEM: dict[str, Strategy] = {
    "log_level": st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
    "max_concurrent": st.integers(1, 4),
    "preload_modules": st.just([]),
}
"""The values of fields whose schema accepts more than loggers and executors do."""


class InvalidRunConfig(NamedTuple):
    """A run config with one mistake.

    Attributes:
        config: The run config.
        path: The path that the error must name, as "root:ops:brew:config:grams".
        reason: The mistake.
    """

    config: dict[str, Any]
    path: str
    reason: str


def run_configs(
    job: Any, *, values: Mapping[str, Strategy] | None = None, system: bool = False
) -> st.SearchStrategy[dict[str, Any]]:
    """Draw run config that a job accepts.

    The fields of ops, resources, loggers, inputs and config mappings are drawn by their schemas, and those of
    `Config` classes also by the constraints and validators of pydantic. Optional fields are often left out.
    Environment variables are never used. It shrinks to the required fields with small values.

    Args:
        job: A job, or a list of assets.
        values: A strategy for the value at a path, such as {"ops:brew:config:grams": st.integers(1, 30)}. A
            field with a strategy is still optional, if its schema says so.
        system: Whether the config of loggers and of the executor is drawn too. `execute_in_process` ignores
            that of the executor.

    Returns:
        A strategy of plain dicts.

    Raises:
        ParameterCheckError: The first argument is not a job, or a path of `values` does not exist.

    Example:
        >>> from hypothesis import find
        >>> from dagflow import job, op
        >>> @op(config_schema={"grams": int, "kinds": [str]})
        ... def brew(): ...
        >>> @job
        ... def cafe():
        ...     brew()
        >>> find(run_configs(cafe), lambda config: True)
        {'ops': {'brew': {'config': {'grams': 0, 'kinds': []}}}}
    """
    found = as_job("job", job)
    check_flag("system", system)
    return _run_configs(found, check_values(values), system)


def invalid_run_configs(job: Any) -> st.SearchStrategy[InvalidRunConfig]:
    """Draw run config with exactly one mistake, and the path where the error must name it.

    The mistakes: a value of a wrong type, None, an unknown or a missing field, an unknown choice, no field or
    two of a selector. Mistakes that only pydantic or user code can find are not drawn.

    Args:
        job: A job, or a list of assets.

    Returns:
        A strategy of `InvalidRunConfig` values: `config`, `path`, `reason`.

    Raises:
        ParameterCheckError: The argument is not a job.

    Example:
        >>> from hypothesis import find
        >>> from dagflow import job, op
        >>> @op(config_schema={"grams": int})
        ... def brew(): ...
        >>> @job
        ... def cafe():
        ...     brew()
        >>> find(invalid_run_configs(cafe), lambda invalid: "grams" in invalid.path)
        InvalidRunConfig(config={'ops': {'brew': {'config': {'grams': None}}}}, \
path='root:ops:brew:config:grams', reason='the value is None')
    """
    found = as_job("job", job)
    return _invalid_run_configs(found, _run_configs(found, {}, system=True))


@st.composite
def _invalid_run_configs(
    draw: st.DrawFn, job: JobDefinition, valid: st.SearchStrategy[dict[str, Any]]
) -> InvalidRunConfig:
    config = draw(valid)
    fault = draw(st.sampled_from(config_faults(job, config)))
    if not draw(st.booleans()):  # drawn last, so that an example shrinks to the fields that matter
        config = without_optional(job, config, fault)
    return InvalidRunConfig(fault.in_config(config), fault.path, fault.reason)


def _run_configs(
    job: JobDefinition, values: dict[str, Strategy], system: bool
) -> st.SearchStrategy[dict[str, Any]]:
    drawing = _Drawing(values, job)
    root = run_config_node(job)
    is_whole = system or job.config_mapping is not None
    fields = {} if is_whole else root.fields
    without = tuple(name for name in _SYSTEM if name in fields and not fields[name].is_required)
    strategy = drawing.of(root, "", without)
    unknown = [path for path in values if path not in drawing.used]
    if unknown:
        raise ParameterCheckError(
            f"parameter 'values' has the path '{unknown[0]}', which the config of {job!r} has not. The paths "
            f"are {', '.join(map(repr, drawing.paths[:20]))}."
        )
    return strategy


class _Drawing:
    """The strategies of one schema.

    Attributes:
        values: The strategies of the user by path.
        used: The paths of `values` that the schema has.
        paths: All paths so far.
    """

    def __init__(self, values: Mapping[str, Strategy], job: JobDefinition | None = None) -> None:
        self.values = values
        self.used: set[str] = set()
        self.paths: list[str] = []
        self._default = {} if job is None else job.default_config
        self._open: dict[int, Strategy] = {}  # of the classes that contain themselves

    def of(self, node: ConfigNode, path: str, without: tuple[str, ...] = ()) -> Strategy:
        """Return the strategy of a node. `without` are fields that are left out."""
        if path:
            self.paths.append(path)
        if path in self.values:
            self.used.add(path)
            return self.values[path]
        root, last = path.partition(":")[0], path.rpartition(":")[2]
        if root in _SYSTEM and last in _IN_SYSTEM:
            return _IN_SYSTEM[last]
        key = id(node.schema)
        if key in self._open:
            return self._open[key]
        found: list[Strategy] = []
        self._open[key] = st.deferred(lambda: found[0])
        found.append(self._of(node, path, without))
        del self._open[key]
        return found[0]

    def _of(self, node: ConfigNode, path: str, without: tuple[str, ...]) -> Strategy:
        kind = node.kind
        if kind in _SCALARS:
            return _SCALARS[kind](node.constraints)
        if kind == "any":
            return anything()
        if kind == "enum":
            return st.sampled_from(node.choices)
        if kind == "optional":
            return st.none() | self.of(node.inner, path)
        if kind == "union":
            return self.of(node.scalar, path) | self.of(node.inner, path)
        if kind == "list":
            return st.lists(self.of(node.inner, f"{path}[]"), **_sizes(node.constraints))
        if kind == "map":
            inner = self.of(node.inner, f"{path}:*")
            return st.dictionaries(_SCALARS[node.scalar.kind]({}), inner, **_sizes(node.constraints))
        if kind == "selector":
            names = node.names_of_plain_values
            one_of = [st.fixed_dictionaries({name: self._field(node, name, path)}) for name in names]
            return st.one_of(one_of)
        return self._dict(node, path, without)

    def _dict(self, node: ConfigNode, path: str, without: tuple[str, ...]) -> Strategy:
        fields = {name: self._field(node, name, path) for name in node.fields if name not in without}
        required = {
            name: strategy
            for name, strategy in fields.items()
            if node.fields[name].is_required and not self._is_supplied(path, name)
        }
        optional = {name: strategy for name, strategy in fields.items() if name not in required}
        found: Strategy = st.fixed_dictionaries(required, optional=optional)
        if node.is_open:
            names = _words().filter(lambda name: name not in node.fields)
            extras = st.dictionaries(names, anything(), max_size=2)
            found = st.builds(lambda declared, more: {**declared, **more}, found, extras)
        if node.has_validators:
            return found.filter(lambda value: node.accepts(value, os.environ))
        return found

    def _field(self, node: ConfigNode, name: str, path: str) -> Strategy:
        return self.of(node.fields[name].node, f"{path}:{name}" if path else name)

    def _is_supplied(self, path: str, name: str) -> bool:
        """Return whether the default config of the job has an entry, which then may be missing."""
        supplied = self._default if not path else self._default.get(path)
        return isinstance(supplied, Mapping) and name in supplied


def anything() -> Strategy:
    """Draw any small value that YAML can express."""
    leaves = st.none() | st.booleans() | _integers({}) | _floats({}) | _strings({})
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=_FEW) | st.dictionaries(_words(), inner, max_size=_FEW),
        max_leaves=4,
    )


def _words() -> Strategy:
    return st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)


def _integers(constraints: Mapping[str, Any]) -> Strategy:
    least, most = _limits(constraints, 1)
    step = constraints.get("multiple_of")
    if step is None:
        return st.integers(least, most)
    start = None if least is None else -(-least // step)
    end = None if most is None else most // step
    return st.integers(start, end).map(lambda number: number * step)


def _limits(constraints: Mapping[str, Any], step: int) -> tuple[int | None, int | None]:
    from math import ceil, floor

    least = [floor(constraints["gt"]) + step] if "gt" in constraints else []
    least += [ceil(constraints["ge"])] if "ge" in constraints else []
    most = [ceil(constraints["lt"]) - step] if "lt" in constraints else []
    most += [floor(constraints["le"])] if "le" in constraints else []
    return max(least, default=None), min(most, default=None)


def _floats(constraints: Mapping[str, Any]) -> Strategy:
    if "multiple_of" in constraints:
        return _integers(constraints)
    return st.floats(
        min_value=max((constraints[name] for name in ("gt", "ge") if name in constraints), default=None),
        max_value=min((constraints[name] for name in ("lt", "le") if name in constraints), default=None),
        exclude_min="gt" in constraints,
        exclude_max="lt" in constraints,
        allow_nan=False,
        allow_infinity=False,
    )


def _strings(constraints: Mapping[str, Any]) -> Strategy:
    pattern = constraints.get("pattern")
    if pattern is not None:
        sizes = _sizes(constraints, default=None)
        least, most = sizes["min_size"], sizes["max_size"]
        fits: Callable[[str], bool] = lambda text: least <= len(text) and (most is None or len(text) <= most)  # noqa: E731
        return st.from_regex(pattern).filter(fits)
    return st.text(**_sizes(constraints, default=None))


def _sizes(constraints: Mapping[str, Any], default: int | None = _FEW) -> dict[str, Any]:
    least = constraints.get("min_length", 0)
    most = constraints.get("max_length")
    if most is None and default is not None:
        most = least + default
    return {"min_size": least, "max_size": most}


_SCALARS: dict[str, Callable[[Mapping[str, Any]], Strategy]] = {
    "int": _integers,
    "float": _floats,
    "bool": lambda constraints: st.booleans(),
    "string": _strings,
}
