"""The run config of a job: root entries, defaults, errors, and the result of `validate_run_config`."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    ConfigMapping,
    Enum,
    EnumValue,
    Field,
    In,
    IntSource,
    JobDefinition,
    Map,
    Noneable,
    Nothing,
    Permissive,
    ResourceDefinition,
    Selector,
    StringSource,
    graph,
    in_process_executor,
    job,
    multiprocess_executor,
    op,
    resource,
    validate_run_config,
)
from dagflow.defs.jobs.run_config import needs_config, schema_of
from dagflow.errors import CheckError, DagflowInvalidConfigError, ParameterCheckError

MULTIPROCESS = {"multiprocess": {"max_concurrent": None, "retries": {"enabled": {}}}}
NONE: frozenset[str] = frozenset()


@op(config_schema={"n": int, "m": Field(int, default_value=5)})
def count(context: Any) -> Any:
    return context.op_config


@op
def plain() -> Any: ...


@op
def typed(x: int) -> Any:
    return x


@op
def untyped(x: Any, y: Any = 3) -> Any:
    return x, y


@resource({"u": str, "p": Field(int, default_value=2)})
def db(context: Any) -> Any:
    return context.resource_config


def _job(*ops: Any, **arguments: Any) -> JobDefinition:
    return job(name="j", **arguments)(lambda: [one() for one in ops] and None)


def _shown(made: JobDefinition, run_config: Any = None) -> Any:
    return validate_run_config(made, run_config)


def test_the_example_of_the_specification() -> None:
    """The result has four keys, with all defaults."""
    user = op(name="m", required_resource_keys={"db"})(lambda context: None)
    made = _job(op(name="n", config_schema={"n": int})(lambda context: None), user, resource_defs={"db": db})

    assert _shown(
        made, {"ops": {"n": {"config": {"n": 1}}}, "resources": {"db": {"config": {"u": "U"}}}}
    ) == {
        "ops": {
            "n": {"config": {"n": 1}, "inputs": {}, "outputs": None},
            "m": {"config": None, "inputs": {}, "outputs": None},
        },
        "execution": {"multi_or_in_process_executor": MULTIPROCESS},
        "resources": {"io_manager": {"config": None}, "db": {"config": {"u": "U", "p": 2}}},
        "loggers": {},
    }


@pytest.mark.parametrize(
    ("executor", "given", "shown"),
    [
        (None, {}, {"multi_or_in_process_executor": MULTIPROCESS}),
        (in_process_executor, {}, {"in_process": {"retries": {"enabled": {}}}}),
        (multiprocess_executor, {"config": {"max_concurrent": 2}},
         {"multiprocess": {"max_concurrent": 2, "retries": {"enabled": {}}}}),
        (multiprocess_executor, {"multiprocess": {"config": {"max_concurrent": 2}}},
         {"multiprocess": {"max_concurrent": 2, "retries": {"enabled": {}}}}),
        (multiprocess_executor, {"multiprocess": {"max_concurrent": 2}},
         {"multiprocess": {"max_concurrent": 2, "retries": {"enabled": {}}}}),
        (None, {"in_process": None},
         {"multi_or_in_process_executor": {"in_process": {"retries": {"enabled": {}}}}}),
        (None, {"config": {"in_process": {"retries": {"disabled": {}}}}},
         {"multi_or_in_process_executor": {"in_process": {"retries": {"disabled": {}}}}}),
    ],
)  # fmt: skip
def test_execution(executor: Any, given: Any, shown: Any) -> None:
    """The entry `config` and the name of the executor are equivalent."""
    assert _shown(_job(plain, executor_def=executor), {"execution": given})["execution"] == shown


@pytest.mark.parametrize(
    "given", [5, {"config": {"zzz": 1}}, {"multiprocess": {}, "in_process": {}}, {"mine": {}}]
)
def test_execution_that_cannot_be(given: Any) -> None:
    """Invalid execution raises in the check, and is ignored by a run in process."""
    with pytest.raises(DagflowInvalidConfigError, match="root:execution"):
        _shown(_job(plain), {"execution": given})
    assert _job(plain).execute_in_process(run_config={"execution": given}).success


@pytest.mark.parametrize("level", ["INFO", "debug", "NOISE"])
def test_levels_of_the_console(level: str) -> None:
    """Any string is accepted; an unknown level raises when a run creates the logger."""
    given = {"loggers": {"console": {"config": {"log_level": level}}}}

    assert _shown(_job(plain), given)["loggers"] == {
        "console": {"config": {"log_level": level, "name": "dagflow"}}
    }
    if level == "NOISE":
        with pytest.raises(CheckError, match="NOISE"):
            _job(plain).execute_in_process(run_config=given)


ROOT: list[tuple[Any, Any, str]] = [
    (
        _job(count),
        {},
        r"Missing required config entry .ops. at the root.*\{'ops': \{'count': \{'config': \{'n': 0\}\}\}\}",
    ),
    (_job(count), {"ops": None}, "root:ops"),
    (_job(count), {"ops": {"count": None}}, "root:ops:count"),
    (_job(count), {"ops": {"count": {"config": {"n": "x"}}}}, r"root:ops:count:config:n.*'?x'?"),
    (_job(count), {"ops": {"count": {"config": {"n": 1, "k": 1}}}}, "k.*root:ops:count:config"),
    (_job(count), {"solids": {}}, "solids"),
    (_job(count), {"ops": {"cuont": {}}}, "cuont"),
    (_job(plain), {"ops": {"plain": {"inputs": {"x": 1}}}}, "root:ops:plain"),
    (_job(plain), {"inputs": {}}, "inputs"),
    (_job(typed), {}, r"\{'ops': \{'typed': \{'inputs': \{'x': 0\}\}\}\}"),
    (_job(typed), {"ops": {"typed": {"inputs": {"x": "a"}}}}, "root:ops:typed:inputs:x"),
    (_job(untyped), {"ops": {"untyped": {"inputs": {"x": 4}}}}, "root:ops:untyped:inputs:x"),
    (_job(plain), {"resources": {"dbb": {}}}, "dbb"),
    (_job(plain), {"loggers": {"nope": {}}}, "nope"),
]


@pytest.mark.parametrize(("made", "given", "message"), ROOT)
def test_mistakes_below_the_root(made: JobDefinition, given: Any, message: str) -> None:
    """The error has the job, the path and an example, and no run is recorded."""
    for check in (validate_run_config, lambda made, given: made.execute_in_process(run_config=given)):
        with pytest.raises(DagflowInvalidConfigError, match=message) as raised:
            check(made, given)
        assert "config for job 'j'" in str(raised.value)


def test_all_errors_at_once() -> None:
    """Errors of every level are sorted: undefined entries, missing entries, then nested errors by key."""
    with pytest.raises(DagflowInvalidConfigError) as raised:
        _shown(_job(count, typed), {"zz": 1, "ops": {"count": {"config": {"n": "x", "k": 1}}}})

    first, *others = [error.message for error in raised.value.errors]
    assert "zz" in first
    assert len(others) == 3
    for part in ("k", "'x'", "inputs"):
        assert any(part in text for text in others)
    assert raised.value.config_value == {"zz": 1, "ops": {"count": {"config": {"n": "x", "k": 1}}}}


@pytest.mark.parametrize("given", [5, [1], "ops", True])
def test_a_run_config_is_a_mapping(given: Any) -> None:
    """Any other value raises."""
    with pytest.raises(ParameterCheckError, match="run config of job 'j' must be a mapping"):
        _shown(_job(plain), given)


def test_an_object_that_knows_its_dict_will_do() -> None:
    """An object with `to_config_dict` is accepted, like a RunConfig."""

    class Config:
        def to_config_dict(self) -> Any:
            return {"ops": {"count": {"config": {"n": 4}}}}

    assert _job(count).execute_in_process(run_config=Config()).output_for_node("count") == {"n": 4, "m": 5}
    assert _job(count, config=Config()).execute_in_process().output_for_node("count") == {"n": 4, "m": 5}


@pytest.mark.parametrize(("given", "n"), [(None, 1), ({}, 1), ({"ops": {"count": {"config": {"n": 2}}}}, 2)])
def test_the_default_config_of_a_job(given: Any, n: int) -> None:
    """It is used if no run config, or an empty one, is given."""
    made = _job(count, config={"ops": {"count": {"config": {"n": 1, "m": 9}}}})
    assert made.execute_in_process(run_config=given).output_for_node("count")["n"] == n


def test_the_given_config_of_an_op_replaces_the_default_one_whole() -> None:
    """Nothing is merged into it; the defaults of other ops still apply."""
    made = _job(count, config={"ops": {"count": {"config": {"n": 1, "m": 9}}}})

    result = made.execute_in_process(run_config={"ops": {"count": {"config": {"n": 2}}}})

    assert result.output_for_node("count") == {"n": 2, "m": 5}
    other = made.execute_in_process(run_config={"loggers": {}})
    assert other.output_for_node("count") == {"n": 1, "m": 9}


def test_a_wrong_default_config() -> None:
    """It raises when it is used, with its path."""
    made = _job(count, config={"ops": {"count": {"config": {"n": "x"}}}})
    with pytest.raises(DagflowInvalidConfigError, match="root:ops:count:config:n"):
        made.execute_in_process()


@graph
def shop(amount: int, other: Any = 3) -> Any:
    untyped(typed(amount), other)


@pytest.mark.parametrize("amount", [5, {"value": 5}])
def test_inputs_of_the_top_graph(amount: Any) -> None:
    """Typed scalars may be bare or a selector, untyped ones a selector; a default of the op may apply."""
    result = shop.execute_in_process(run_config={"inputs": {"amount": amount}})
    assert result.output_for_node("untyped") == (5, 3)
    result = shop.execute_in_process(run_config={"inputs": {"amount": amount, "other": {"value": 4}}})
    assert result.output_for_node("untyped") == (5, 4)


def test_a_bound_input_is_no_entry() -> None:
    """An input with a value cannot be given through config too."""
    with pytest.raises(DagflowInvalidConfigError, match="inputs"):
        shop.execute_in_process(run_config={"inputs": {"amount": 5}}, input_values={"amount": 6, "other": 1})
    with pytest.raises(DagflowInvalidConfigError, match='"inputs" at the root'):
        shop.execute_in_process()


def test_one_run_config_serves_any_selection() -> None:
    """Entries of unselected nodes are optional, but checked; unknown nodes raise."""
    inner = graph(name="inner")(lambda: untyped(plain()))
    made = job(name="j")(lambda: (untyped.alias("last")(count()), inner(), None)[2])
    config = {"ops": {"count": {"config": {"n": 1}}}}
    value = {"ops": {**config["ops"], "last": {"inputs": {"x": {"value": 2}}}}}

    assert made.execute_in_process(config, op_selection=["count"]).success
    assert made.execute_in_process(value, op_selection=["count"]).success
    assert made.execute_in_process(value, op_selection=["last"]).output_for_node("last") == (2, 3)
    assert made.execute_in_process({"ops": {"inner": {"ops": {"plain": {}}}}}, op_selection=["inner"]).success
    loose = {"ops": {"inner": {"ops": {"untyped": {"inputs": {"x": {"value": 3}}}, "plain": {}}}}}
    assert made.execute_in_process(loose, op_selection=["inner.untyped"]).success
    with pytest.raises(DagflowInvalidConfigError, match="root:ops:count:config:n"):
        made.execute_in_process({"ops": {"count": {"config": {"n": "x"}}}}, op_selection=["inner"])
    with pytest.raises(DagflowInvalidConfigError, match="cuont"):
        made.execute_in_process({"ops": {"cuont": {}}}, op_selection=["inner"])


def test_the_schema_of_a_job() -> None:
    """The schema can be read, and includes the config of the executor."""
    schema = _job(count, executor_def=in_process_executor).run_config_schema

    assert schema.config_mapping is None
    assert [name for name, field in schema.config_type.fields.items() if field.is_required] == ["ops"]
    assert "retries?: { disabled?: { } enabled?: { } }" in schema.config_type.describe()


def test_nested_graphs() -> None:
    """Their ops are under `ops`, their unfed inputs under `inputs`."""

    @graph
    def inner(x: Any) -> None:
        untyped(x)
        count()

    made = graph(name="outer")(lambda: (inner(), None)[1]).to_job()
    given = {"ops": {"inner": {"inputs": {"x": {"value": 4}}, "ops": {"count": {"config": {"n": 1}}}}}}

    result = made.execute_in_process(run_config=given)

    assert result.output_for_node("inner.untyped") == (4, 3)
    assert result.output_for_node("inner.count") == {"n": 1, "m": 5}
    assert _shown(made, given)["ops"] == {
        "inner": {"config": None, "inputs": {"x": {"value": 4}}, "outputs": None},
        "inner.count": {"config": {"n": 1, "m": 5}, "inputs": {}, "outputs": None},
        "inner.untyped": {"config": None, "inputs": {}, "outputs": None},
    }
    with pytest.raises(DagflowInvalidConfigError, match=r"\{'ops': \{'inner': \{"):
        made.execute_in_process()


def test_inputs_that_config_has_nothing_to_say_of() -> None:
    """Nothing inputs and inputs with an input manager have no entry."""
    late = op(name="late", ins={"after": In(Nothing)})(lambda: 1)
    loaded = op(name="loaded", ins={"x": In(int, input_manager_key="im")})(lambda x: x)

    assert not needs_config(_job(late, loaded), NONE)
    with pytest.raises(DagflowInvalidConfigError):
        _shown(_job(late), {"ops": {"late": {"inputs": {"after": 1}}}})


def test_needs() -> None:
    """A job needs config if its ops, inputs or resources require some, or it has a default config."""
    using = op(name="using", required_resource_keys={"db"})(lambda context: context.resources.db)

    assert needs_config(_job(count), NONE)
    assert needs_config(_job(typed), NONE)
    assert needs_config(_job(using, resource_defs={"db": db}), NONE)
    assert not needs_config(_job(plain, resource_defs={"db": db}), NONE)
    assert needs_config(_job(plain, config={"ops": {}}), NONE)
    assert needs_config(shop.to_job(), NONE)
    assert not needs_config(shop.to_job(), frozenset({"amount"}))
    assert not needs_config(_job(plain), NONE)


def test_the_schema_is_worked_out_once() -> None:
    """It is built once for each set of bound inputs."""
    made = shop.to_job()

    assert schema_of(made, NONE, True) is schema_of(made, NONE, True)
    assert schema_of(made, NONE, True) is not schema_of(made, frozenset({"amount"}), True)


def test_defaults_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are read at each run; a missing variable raises before the run."""

    @op(config_schema={"u": Field(StringSource, default_value={"env": "DAGFLOW_TEST_U"})})
    def read(context: Any) -> Any:
        return context.op_config["u"]

    made = _job(read)
    for value in ("a", "b"):
        monkeypatch.setenv("DAGFLOW_TEST_U", value)
        assert made.execute_in_process().output_for_node("read") == value
    monkeypatch.delenv("DAGFLOW_TEST_U")
    with pytest.raises(DagflowInvalidConfigError, match="DAGFLOW_TEST_U"):
        made.execute_in_process()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of 'job_def' and 'pipeline_def'"),
        ({"job_def": _job(plain), "pipeline_def": _job(plain)}, "exactly one"),
        ({"job_def": _job(plain), "mode": "fast"}, "'mode' must be None or 'default', not 'fast'"),
        ({"job_def": 5}, "'job_def' must be of type 'JobDefinition'"),
    ],
)
def test_arguments_of_the_check(arguments: Any, message: str) -> None:
    """It takes one job, and no mode."""
    with pytest.raises(CheckError, match=message):
        validate_run_config(**arguments)


def test_older_arguments_of_the_check() -> None:
    """`pipeline_def` is the job, and `mode` may be "default"."""
    assert validate_run_config(pipeline_def=_job(plain), mode="default")["loggers"] == {}


def _fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas by name, some of them optional."""
    optional = inner.map(lambda one: Field(one, is_required=False))
    return st.dictionaries(st.sampled_from("abc"), inner | optional, max_size=3)


SCHEMAS = st.recursive(
    st.sampled_from([int, float, bool, str, dict, list, Any, IntSource, Enum("Size", [EnumValue("a")])]),
    lambda inner: st.one_of(
        _fields(inner),
        _fields(inner).map(Permissive),
        _fields(inner).filter(bool).map(Selector),
        inner.map(lambda one: [one]),
        inner.map(lambda one: Map(str, one)),
        inner.map(Noneable),
    ),
    max_leaves=5,
)
KNOWN = "a b c env ops inner one config inputs x value resources db loggers console execution in_process"
ENTRIES = st.sampled_from(KNOWN.split())
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ENTRIES, inner, max_size=4),
    max_leaves=12,
)


@given(SCHEMAS, SCHEMAS, st.dictionaries(ENTRIES, TREES, max_size=4))
def test_any_run_config_is_read_or_explained(first: Any, second: Any, run_config: dict[str, Any]) -> None:
    """With any schemas of op, graph and resource, a config is read or raises a config error."""
    one = op(name="one", config_schema=first)(lambda context, x: x)
    mapping = ConfigMapping(lambda config: {"one": {"config": config}}, second)
    inner = graph(name="inner", config=mapping)(lambda x: one(x))
    made = job(name="any", resource_defs={"db": resource(second)(lambda context: 1)})(
        lambda: (inner(), one(), None)[2]
    )

    with contextlib.suppress(DagflowInvalidConfigError):
        assert list(validate_run_config(made, run_config)) == ["ops", "execution", "resources", "loggers"]


@pytest.mark.parametrize(
    ("run_config", "seen"),
    [
        ({}, [1, 1, 1]),
        ({"ops": {"first": {"config": {"n": 7}}}}, [7, 1, 1]),
        ({"ops": {"first": {}}}, [0, 1, 1]),
        ({"resources": {"cup": {"config": {"n": 7}}}}, [1, 1, 7]),
        ({"loggers": {}}, [1, 1, 1]),
    ],
)
def test_a_run_config_over_the_default_one(run_config, seen):
    """The entry of an op or a resource comes from the default config, or replaces it as a whole."""
    schema = {"n": Field(int, default_value=0)}

    @op(config_schema=schema, required_resource_keys={"cup"})
    def pour(context):
        return context.op_config["n"], context.resources.cup

    entry = {"config": {"n": 1}}
    default = {"ops": {"first": entry, "second": entry}, "resources": {"cup": entry}}

    @job(
        resource_defs={"cup": ResourceDefinition(lambda init: init.resource_config["n"], schema)},
        config=default,
    )
    def j():
        pour.alias("first")()
        pour.alias("second")()

    result = j.execute_in_process(run_config=run_config)

    first, cup = result.output_for_node("first")
    assert [first, result.output_for_node("second")[0], cup] == seen


def test_an_input_that_is_connected_to_nothing():
    """The error about missing config names each such input, at any depth, and what can be done."""

    @op
    def grind(beans, grams: int):
        return beans

    @graph
    def machine():
        return grind()

    @job
    def cafe():
        machine()
        grind.alias("again")(machine.alias("other")())

    with pytest.raises(DagflowInvalidConfigError) as raised:
        cafe.execute_in_process(run_config={"ops": {"machine": {"ops": {"grind": {"inputs": {"grams": 1}}}}}})

    assert str(raised.value).startswith(
        "Error in config for job 'cafe'. Connected to nothing: input 'beans' of op 'machine.grind', "
        "input 'beans' of op 'other.grind', input 'grams' of op 'other.grind', input 'grams' of op 'again'. "
        "Connect it to an output, give it a default, or give its value in the run config\n"
        "    Error 1: Missing required"
    )


def test_an_input_of_the_whole_graph_without_a_value():
    """The error about missing config names the input, and the argument for its value."""

    @op
    def grind(beans):
        return beans

    @graph
    def machine(beans):
        grind(beans)

    with pytest.raises(DagflowInvalidConfigError, match=r"no value for \['beans'\]: pass input_values="):
        machine.execute_in_process()


def test_a_mistake_beside_connected_inputs():
    """The error about another mistake does not speak of inputs that have a value."""

    @op
    def grind(beans):
        return beans

    @job
    def cafe():
        grind()

    with pytest.raises(DagflowInvalidConfigError) as raised:
        cafe.execute_in_process(
            run_config={"ops": {"grind": {"inputs": {"beans": {"value": 1}}, "config_": 1}}}
        )

    assert "Connected" not in str(raised.value)
