"""Config mappings of graphs and jobs, and definitions with fixed config."""

from __future__ import annotations

import enum
import logging
from typing import Any

import pytest

from dagflow import (
    CheckError,
    Config,
    ConfigMapping,
    ConfigurableResource,
    DagflowConfigMappingFunctionError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    Enum,
    Field,
    GraphDefinition,
    In,
    JobDefinition,
    OpDefinition,
    ParameterCheckError,
    RunConfig,
    StringSource,
    build_init_resource_context,
    build_op_context,
    config_mapping,
    configured,
    graph,
    io_manager,
    job,
    logger,
    multi_or_in_process_executor,
    op,
    resource,
    validate_run_config,
)
from dagflow.config.evaluation_errors import DagflowEvaluationErrorReason as Reason


class Size(enum.Enum):
    """The size of a cup."""

    SMALL = 1


@op(config_schema={"n": int, "m": Field(int, default_value=2)}, description="Counts.", tags={"a": "b"})
def count(context: Any) -> Any:
    return context.op_config


@op
def free(context: Any) -> Any:
    return context.op_config


@config_mapping(config_schema={"x": int, "y": Field(int, default_value=7)})
def doubled(config: Any) -> Any:
    return {"count": {"config": {"n": config["x"] * 2, "m": config["y"]}}}


@graph(config=doubled)
def pair() -> None:
    count()


@graph
def around() -> None:
    pair()


def fails(config: Any) -> Any:
    raise ValueError("boom")


def _run(definition: OpDefinition, *config: Any) -> Any:
    run_config = {"ops": {definition.name: {"config": config[0]}}} if config else None
    return (
        GraphDefinition("g", node_defs=[definition])
        .execute_in_process(run_config)
        .output_for_node(definition.name)
    )


def _messages(error: type[Exception], *config: Any, of: GraphDefinition | JobDefinition) -> str:
    with pytest.raises(error) as caught:
        of.execute_in_process(*config)
    assert not isinstance(caught.value, DagflowConfigMappingFunctionError) or isinstance(
        caught.value.__cause__, ValueError
    )
    return str(caught.value)


def test_a_mapping_of_a_graph_at_the_top() -> None:
    """Its config is at `ops.config`; the defaults of the outer and the inner schema both apply."""
    result = pair.execute_in_process({"ops": {"config": {"x": 3}}})

    assert result.output_for_node("count") == {"n": 6, "m": 7}
    assert pair.config_schema is doubled.config_schema
    shown = validate_run_config(pair.to_job(), {"ops": {"config": {"x": 3}}})["ops"]
    assert shown == {"count": {"config": {"n": 6, "m": 7}, "inputs": {}, "outputs": None}}


def test_a_mapping_of_a_graph_inside_another() -> None:
    """Its config is at `ops.<graph>.config`, where `ops` is not allowed."""
    top = GraphDefinition("top", node_defs=[around])
    given = {"ops": {"around": {"ops": {"pair": {"config": {"x": 3}}}}}}

    assert top.execute_in_process(given).output_for_node("around.pair.count") == {"n": 6, "m": 7}
    assert list(validate_run_config(top.to_job(), given)["ops"]) == [
        "around",
        "around.pair",
        "around.pair.count",
    ]
    inner = {"ops": {"pair": {"ops": {"count": {"config": {"n": 1}}}}}}
    with pytest.raises(DagflowInvalidConfigError) as caught:
        around.execute_in_process(inner)
    assert [error.reason for error in caught.value.errors] == [
        Reason.FIELD_NOT_DEFINED,
        Reason.MISSING_REQUIRED_FIELD,
    ]
    assert '"ops" at path root:ops:pair' in caught.value.error_messages[0]


def test_a_mapping_inside_a_mapping() -> None:
    """The outer function makes the config of the inner mapping; inputs beside it stay."""

    @graph(config=ConfigMapping(lambda n: {"n": {"config": n}}, int))
    def inner(x: Any) -> Any:
        return op(name="n", ins={"x": In(int)}, config_schema=int)(lambda context, x: x + context.op_config)(
            x
        )

    @graph(config=ConfigMapping(lambda n: {"inner": {"config": n, "inputs": {"x": 1}}}, int))
    def outer() -> Any:
        return inner()

    @job
    def both() -> None:
        outer()
        inner.alias("loose")()

    given = {"ops": {"outer": {"config": 2}, "loose": {"config": 3, "inputs": {"x": {"value": 4}}}}}

    result = both.execute_in_process(given)

    assert (result.output_for_node("outer"), result.output_for_node("loose")) == (3, 7)


def test_a_mapping_of_a_job() -> None:
    """It turns the given run config into a whole run config, also for a graph with a mapping."""
    mapping = ConfigMapping(lambda config: {"ops": {"config": {"x": config["cups"]}}}, {"cups": int})
    made = pair.to_job(config=mapping)

    assert made.execute_in_process({"cups": 2}).output_for_node("count") == {"n": 4, "m": 7}
    assert made.run_config_schema.config_mapping is mapping
    assert made.run_config_schema.config_type is made.run_config_schema.config_type
    assert JobDefinition(pair, config_mapping=mapping).config_mapping is mapping
    for given, text in [({}, '"cups" at the root'), ({"cups": "x"}, "at path root:cups")]:
        message = _messages(DagflowInvalidConfigError, given, of=made)
        assert message.startswith("Error in config mapping of job 'pair'")
        assert text in message


def test_a_mapping_without_a_schema_takes_anything_or_nothing() -> None:
    """If no config is given, the function receives an empty dict."""
    seen: list[Any] = []

    def keep(config: Any) -> Any:
        seen.append(config)
        return {}

    @graph(config=ConfigMapping(keep))
    def any_config() -> None:
        free()

    top = GraphDefinition("top", node_defs=[free]).to_job(config=ConfigMapping(keep))
    assert any_config.execute_in_process().success
    assert any_config.execute_in_process({"ops": {"config": [1]}}).success
    assert GraphDefinition("around", node_defs=[any_config]).execute_in_process().success
    assert top.execute_in_process().success
    assert top.execute_in_process({"a": 1}).success
    assert seen == [{}, [1], {}, {}, {"a": 1}]


@pytest.mark.parametrize(("flag", "seen"), [(None, Size.SMALL), (True, Size.SMALL), (False, "SMALL")])
def test_values_as_they_were_written(
    flag: bool | None, seen: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On request the function receives names and `{"env": ...}`, with the defaults."""
    monkeypatch.setenv("DAGFLOW_TEST_BEAN", "robusta")
    schema = {"size": Enum.from_python_enum(Size), "bean": StringSource, "n": Field(int, default_value=3)}
    got: list[Any] = []
    mapping = ConfigMapping(lambda config: got.append(config) or {}, schema, flag)
    given = {"size": "SMALL", "bean": {"env": "DAGFLOW_TEST_BEAN"}}
    written = given["bean"] if flag is False else "robusta"

    GraphDefinition("g", node_defs=[free]).to_job(config=mapping).execute_in_process(given)
    GraphDefinition("g", node_defs=[free], config=mapping).execute_in_process({"ops": {"config": given}})

    assert got == [{"size": seen, "bean": written, "n": 3}] * 2


def test_a_dict_is_the_config_of_a_graph() -> None:
    """The dict is used, whatever the run config has."""

    @graph(config={"count": {"config": {"n": 4}}})
    def fixed() -> None:
        count()

    assert fixed.execute_in_process().output_for_node("count") == {"n": 4, "m": 2}
    assert fixed.execute_in_process({"ops": {"config": 5}}).output_for_node("count") == {"n": 4, "m": 2}
    with pytest.raises(ParameterCheckError, match="'config' of graph 'g' must be a ConfigMapping or a dict"):
        GraphDefinition("g", config=5)


def test_a_function_that_raises() -> None:
    """The error names the path and has a cause; an error of dagflow passes unchanged."""
    raising = ConfigMapping(fails)
    wrong = ConfigMapping(lambda config: 1 / 0)

    def refuses(config: Any) -> Any:
        raise DagflowInvariantViolationError("not now")

    made = GraphDefinition("g", node_defs=[free], config=raising)
    assert "on top level graph 'g' in job 'g'" in _messages(DagflowConfigMappingFunctionError, of=made)
    nested = GraphDefinition("h", node_defs=[GraphDefinition("i", node_defs=[made])])
    message = _messages(DagflowConfigMappingFunctionError, of=nested)
    assert "on graph 'g' in job 'h'" in message
    assert 'at stack "i:g"' in message
    assert "on job 'j'" in _messages(
        DagflowConfigMappingFunctionError, of=GraphDefinition("j").to_job(config=raising)
    )
    with pytest.raises(DagflowConfigMappingFunctionError) as caught:
        GraphDefinition("j").to_job(config=wrong).execute_in_process()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(DagflowInvariantViolationError, match="not now"):
        GraphDefinition("j").to_job(config=ConfigMapping(refuses)).execute_in_process()


@pytest.mark.parametrize("made", [5, {"count": {"config": {"n": "x"}}, "zz": 1}, {}])
def test_a_function_that_makes_wrong_config(made: Any) -> None:
    """The error names the graph; paths start in the result of the function."""
    wrong = graph(name="wrong", config=ConfigMapping(lambda config: made))(lambda: (count(), None)[1])

    message = _messages(DagflowInvalidConfigError, of=wrong)
    assert message.startswith("In job 'wrong', top level graph 'wrong' has a configuration error.")
    assert "at the root" in message
    message = _messages(DagflowInvalidConfigError, of=GraphDefinition("top", node_defs=[wrong]))
    assert message.startswith(
        'In job \'top\' at stack "wrong": Op "wrong" with definition "wrong" has a configuration'
    )
    whole = GraphDefinition("whole", node_defs=[count]).to_job(
        config=ConfigMapping(lambda config: {"ops": made})
    )
    message = _messages(DagflowInvalidConfigError, of=whole)
    assert message.startswith("Error in config for job 'whole', in the result of its config mapping")
    assert "root:ops" in message


def test_all_mistakes_come_before_any_function() -> None:
    """A function is not called if the given config has an error."""
    called: list[Any] = []
    mapped = GraphDefinition(
        "m", node_defs=[free], config=ConfigMapping(lambda config: called.append(1) or {})
    )
    given = {"ops": {"count": {"config": {"n": "x"}}, "m": {"config": 1}}, "resources": {"zz": 1}}

    with pytest.raises(DagflowInvalidConfigError) as caught:
        GraphDefinition("g", node_defs=[mapped, count]).execute_in_process(given)

    assert len(caught.value.errors) == 2
    assert not called


def test_an_op() -> None:
    """With a dict, no more config is needed; description and tags stay."""
    made = count.configured({"n": 1}, name="one")

    assert (made.name, made.description, made.tags) == ("one", "Counts.", {"a": "b"})
    assert count.configured({"n": 1}, "one", description="D").description == "D"
    assert (count.name, _run(count, {"n": 5})) == ("count", {"n": 5, "m": 2})
    for given in ((), ({},), ({"x": 1},), (5,)):
        assert _run(made, *given) == {"n": 1, "m": 2}
    assert made(build_op_context()) == {"n": 1, "m": 2}


def test_an_op_by_a_function() -> None:
    """Its schema is that of the run config; without a schema any config or None is accepted."""

    @configured(count, config_schema={"q": int})
    def asked(config: Any) -> Any:
        return {"n": config["q"]}

    assert (asked.name, _run(asked, {"q": 3})) == ("asked", {"n": 3, "m": 2})
    assert configured(count, name="other")(lambda config: {"n": config or 9}).name == "other"
    assert _run(count.configured(lambda config: {"n": config or 9}, "a"), 4) == {"n": 4, "m": 2}
    assert _run(count.configured(lambda config: {"n": config or 9}, "a")) == {"n": 9, "m": 2}
    optional = Field(int, is_required=False)
    assert _run(free.configured(lambda config: [config], "a", optional)) == [None]
    with pytest.raises(DagflowInvalidConfigError, match="root:ops:asked:config:q"):
        _run(asked, {"q": "x"})
    with pytest.raises(DagflowInvalidConfigError, match=r"'ops': \{'asked': \{'config': \{'q': 0"):
        _run(asked)


def test_configured_of_configured() -> None:
    """It works repeatedly, by dict or function."""
    asked = count.configured(lambda config: {"n": config["q"]}, "asked", {"q": int})

    assert _run(asked.configured({"q": 11}, "fixed")) == {"n": 11, "m": 2}
    assert _run(asked.configured(lambda n: {"q": n}, "bare", int), 12) == {"n": 12, "m": 2}
    with pytest.raises(DagflowInvalidConfigError, match=r"(?s)op 'fixed'.*root:config:q"):
        _run(asked.configured({"q": "x"}, "fixed"))


@pytest.mark.parametrize("given", [{"n": "x"}, {}, {"n": 1, "z": 1}])
def test_wrong_config_given_beforehand(given: Any) -> None:
    """The check of the run config raises; the error names the op and the path in the fixed config."""
    made = count.configured(given, name="wrong")
    place = "root:config:n" if given.get("n") == "x" else "root:config"

    with pytest.raises(DagflowInvalidConfigError, match=f"(?s)Error in config for op 'wrong'.*{place}"):
        _run(made)
    with pytest.raises(DagflowInvalidConfigError, match="Error in config for op 'wrong'"):
        validate_run_config(GraphDefinition("g", node_defs=[made]).to_job())


def test_a_function_of_configured_that_raises() -> None:
    """The error has the class and the name of the definition."""
    with pytest.raises(
        DagflowConfigMappingFunctionError, match=r"`configured` OpDefinition.*op 'wrong'"
    ) as caught:
        _run(count.configured(fails, "wrong", int), 1)
    assert isinstance(caught.value.__cause__, ValueError)


def test_names() -> None:
    """An op or graph needs a name; a function has one."""
    with pytest.raises(CheckError, match=r"op 'count' \(.*\) is configured with \{'n': 1\}.*'name'"):
        count.configured({"n": 1})
    with pytest.raises(CheckError, match="graph 'pair'"):
        configured(pair)({"x": 1})
    with pytest.raises(DagflowInvalidDefinitionError, match="<lambda>"):
        count.configured(lambda config: config)
    for wrong in (5, OpDefinition, free(build_op_context())):
        with pytest.raises(ParameterCheckError, match="'configurable'"):
            configured(wrong)
    with pytest.raises(ParameterCheckError, match="'config_fn' must be a function"):
        ConfigMapping(5)
    with pytest.raises(ParameterCheckError, match="'config_fn' must be a function"):
        config_mapping(config_schema=int)(5)


def test_a_graph() -> None:
    """A graph needs a config mapping; the new name is the name of its node."""
    fixed = pair.configured({"x": 5}, name="fixed")
    asked = fixed_by_int(pair)
    made = GraphDefinition("top", node_defs=[fixed, asked])

    result = made.execute_in_process({"ops": {"asked": {"config": 1}}})

    assert result.output_for_node("fixed.count") == {"n": 10, "m": 7}
    assert result.output_for_node("asked.count") == {"n": 2, "m": 7}
    assert (pair.name, fixed.execute_in_process().output_for_node("count")["n"]) == ("pair", 10)
    with pytest.raises(DagflowInvalidDefinitionError, match='graph "around" has none'):
        around.configured({}, name="x")
    with pytest.raises(DagflowInvalidConfigError, match="Error in config for graph blah"):
        pair.configured(lambda config: 2, name="blah").execute_in_process()


def fixed_by_int(made: GraphDefinition) -> GraphDefinition:
    """The graph, configured by a function from an int."""
    return made.configured(lambda n: {"x": n}, "asked", int)


def test_resources_and_managers() -> None:
    """They have no name; the environment is read when the run config is checked."""

    @resource(config_schema={"u": StringSource, "p": Field(int, default_value=1)})
    def db(context: Any) -> Any:
        return context.resource_config

    @op(required_resource_keys={"db"})
    def use(context: Any) -> Any:
        return context.resources.db

    def used(made: Any, given: Any = None) -> Any:
        run_config = None if given is None else {"resources": {"db": {"config": given}}}
        job_def = GraphDefinition("g", node_defs=[use]).to_job(resource_defs={"db": made})
        return job_def.execute_in_process(run_config).output_for_node("use")

    by_text = db.configured(lambda text: {"u": text}, str, "By text.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGFLOW_TEST_U", "v")
        assert used(db.configured({"u": {"env": "DAGFLOW_TEST_U"}})) == {"u": "v", "p": 1}
    assert used(db.configured({"u": "a"}), {"u": "b"}) == {"u": "a", "p": 1}
    assert (by_text.description, used(by_text, "zz")) == ("By text.", {"u": "zz", "p": 1})
    assert used(configured(by_text)("q")) == {"u": "q", "p": 1}
    assert db.configured({"u": "a"})(build_init_resource_context()) == {"u": "a", "p": 1}
    with pytest.raises(DagflowInvalidConfigError, match=r"resource \(.*test_configured.py:\d+\)"):
        used(db.configured({"u": 1}))

    @io_manager(config_schema={"b": str})
    def files(context: Any) -> Any:
        raise AssertionError

    assert type(files.configured({"b": "x"})) is type(files)


def test_loggers_and_executors() -> None:
    """`configured(...)` and the method work alike."""
    seen: list[Any] = []

    @logger({"level": str})
    def shop_log(context: Any) -> logging.Logger:
        seen.append(context.logger_config)
        return logging.Logger("shop")

    made = JobDefinition(
        GraphDefinition("g"),
        logger_defs={"shop": configured(shop_log)({"level": "INFO"})},
        executor_def=multi_or_in_process_executor.configured({"in_process": {}}),
    )

    assert made.execute_in_process({"loggers": {"shop": {}}}).success
    assert seen == [{"level": "INFO"}]
    assert validate_run_config(made)["execution"] == {
        "multi_or_in_process_executor": {"in_process": {"retries": {"enabled": {}}}}
    }


class Cups(Config):
    """The config that the function takes."""

    n: int = 4


def test_functions_of_config_objects() -> None:
    """A Config class of the parameter is the schema; the function may return a Config or a RunConfig."""

    @op
    def brew(config: Cups) -> int:
        return config.n

    @configured(brew)
    def more(cups: Cups) -> Cups:
        return Cups(n=cups.n + 1)

    @config_mapping
    def whole(cups: Cups) -> RunConfig:
        return RunConfig(ops={"count": Cups(n=cups.n)})

    made = GraphDefinition("g", node_defs=[count]).to_job(config=whole)
    assert (_run(more), _run(more, {"n": 8}), _run(brew.configured(Cups(n=2), "two"))) == (5, 9, 2)
    assert made.execute_in_process().output_for_node("count") == {"n": 4, "m": 2}
    assert made.execute_in_process({"n": 6}).output_for_node("count") == {"n": 6, "m": 2}


def test_an_object_of_a_resource_class_has_its_config() -> None:
    """Only the class can be configured, since the config of an object would be lost."""

    class Kettle(ConfigurableResource):
        litres: int

    assert configured(Kettle)({"litres": 2})
    with pytest.raises(ParameterCheckError, match=r"resource class.*Kettle\(litres=1\)"):
        configured(Kettle(litres=1))
