"""The I/O managers of users: their contexts, their metadata and their errors."""

from __future__ import annotations

import pickle

import pytest

from dagflow import (
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    ConfigurableIOManagerFactory,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    Failure,
    GraphDefinition,
    In,
    InMemoryIOManager,
    InputManager,
    IOManager,
    Out,
    Output,
    ResourceDefinition,
    RetryPolicy,
    SourceAsset,
    SpecificPartitionsPartitionMapping,
    StaticPartitionsDefinition,
    asset,
    fs_io_manager,
    input_manager,
    io_manager,
    job,
    materialize,
    op,
)


class Shelf(IOManager):
    """An I/O manager that stores values by identifier and records its contexts."""

    def __init__(self):
        self.values, self.outputs, self.inputs = {}, [], []

    def handle_output(self, context, obj):
        self.outputs.append(context)
        self.values[tuple(context.get_identifier())] = obj

    def load_input(self, context):
        self.inputs.append(context)
        return self.values[tuple(context.upstream_output.get_identifier())] * 10


@op(out=Out(int, metadata={"a": 1}))
def beans():
    return Output(1, metadata={"b": 2})


@op(ins={"beans": In(int, metadata={"c": 3})})
def brew(beans):
    return beans


def job_with(**managers):
    """Build a job in which one op reads the output of another."""

    @job(resource_defs=managers)
    def j():
        brew(beans.alias("sack")())

    return j


def test_a_manager_stores_and_loads():
    """A step gets the value that `load_input` returns, and the result has the returned values."""
    result = job_with(io_manager=Shelf()).execute_in_process()

    assert result.output_for_node("sack") == 1
    assert result.output_for_node("brew") == 10


def test_what_it_knows_of_an_output():
    """The output context has names, type, metadata of definition and value, instance and log."""
    shelf = Shelf()
    result = job_with(io_manager=shelf).execute_in_process()
    context = shelf.outputs[0]

    assert (context.step_key, context.name, context.run_id) == ("sack", "result", result.run_id)
    assert (context.op_def.name, context.dagflow_type.display_name) == ("beans", "Int")
    assert context.definition_metadata == {"a": 1}
    assert {key: value.value for key, value in context.output_metadata.items()} == {"b": 2}
    assert context.metadata == context.definition_metadata
    assert context.get_identifier() == [result.run_id, "sack", "result"]
    assert (context.has_asset_key, context.has_partition_key, context.version) == (False, False, None)
    assert context.mapping_key is None
    assert context.instance.is_ephemeral
    with pytest.raises(CheckError, match="'partition_key'"):
        context.partition_key  # noqa: B018


def test_what_it_knows_of_an_input():
    """The input context has names, type, metadata, and the context of the upstream output."""
    shelf = Shelf()
    result = job_with(io_manager=shelf).execute_in_process()
    (context,) = shelf.inputs

    assert (context.name, context.op_def.name, context.dagflow_type.display_name) == ("beans", "brew", "Int")
    assert context.metadata == {"c": 3}
    upstream = context.upstream_output
    assert (upstream.step_key, upstream.name, upstream.op_def.name) == ("sack", "result", "beans")
    assert context.get_identifier() == [result.run_id, "sack", "result"]
    assert (context.has_input_name, context.has_asset_key) == (True, False)
    assert not hasattr(context, "step_key")


def test_what_it_knows_of_assets():
    """The contexts have asset keys and partitions. The upstream output of an asset that is not part of the
    run has the facts about the asset, and neither a step nor a run.
    """
    days = DailyPartitionsDefinition("2024-01-01")
    shelf = Shelf()

    @asset(partitions_def=days, key_prefix="shop")
    def water():
        return 1

    @asset(partitions_def=days, ins={"water": AssetIn(key=["shop", "water"]), "milk": AssetIn()})
    def tea(context, water, milk):
        return water

    class Cellar(IOManager):
        def handle_output(self, context, obj):
            raise AssertionError

        def load_input(self, context):
            shelf.inputs.append(context)
            return 5

    milk = SourceAsset("milk", metadata={"fat": 3}, io_manager_key="cellar", partitions_def=days)
    resources = {"io_manager": shelf, "cellar": Cellar()}
    materialize([water, tea, milk], resources=resources, partition_key="2024-01-05")

    written = shelf.outputs[0]
    assert (written.asset_key, written.partition_key) == (AssetKey(["shop", "water"]), "2024-01-05")
    assert written.get_asset_identifier() == ["shop", "water", "2024-01-05"]
    assert written.asset_partitions_def is days
    of_milk, of_water = shelf.inputs
    assert (of_milk.asset_key, of_milk.asset_partition_key) == (AssetKey("milk"), "2024-01-05")
    upstream = of_milk.upstream_output
    assert (upstream.asset_key, upstream.name, upstream.metadata) == (AssetKey("milk"), "milk", {"fat": 3})
    assert upstream.get_identifier() == ["__EPHEMERAL_RUN_ID", "none", "milk"]
    assert not upstream.has_asset_partitions
    assert of_water.asset_key == AssetKey(["shop", "water"])
    assert of_water.upstream_output.asset_key == AssetKey(["shop", "water"])
    assert of_water.partition_key == "2024-01-05"


def test_other_managers_for_outputs_and_inputs():
    """The readers of an output use its I/O manager, unless the input names another one."""
    one, two = Shelf(), Shelf()

    class Constant(IOManager):
        def handle_output(self, context, obj):
            raise AssertionError

        def load_input(self, context):
            return 7

    @op(out=Out(io_manager_key="one"))
    def source():
        return 1

    @op(out=Out(io_manager_key="two"))
    def plain(n):
        return n

    @op(ins={"n": In(input_manager_key="constant")}, out=Out(io_manager_key="two"))
    def own(n):
        return n

    @job(resource_defs={"one": one, "two": two, "constant": Constant()})
    def j():
        made = source()
        plain(made)
        own(made)

    result = j.execute_in_process()
    assert [result.output_for_node(node) for node in ("plain", "own")] == [10, 7]
    assert [context.step_key for context in one.outputs] == ["source"]
    assert sorted(context.step_key for context in two.outputs) == ["own", "plain"]
    keys = {
        event.step_key: event.loaded_input_data.manager_key
        for event in result.all_events
        if event.is_loaded_input
    }
    assert keys == {"plain": "one", "own": "constant"}


def test_what_a_manager_says_of_an_output():
    """The metadata of an I/O manager is on HANDLED_OUTPUT and the materialization, and overrides other
    metadata.
    """

    class Talkative(IOManager):
        def handle_output(self, context, obj):
            context.add_output_metadata({"path": "p"})
            context.add_output_metadata({"rows": 2})
            context.log.info("stored %s", context.name)

        def load_input(self, context):
            raise AssertionError

    @asset
    def water(context):
        context.add_output_metadata({"rows": 1, "own": 1})
        return 1

    result = materialize([water], resources={"io_manager": Talkative()})

    (handled,) = [event.handled_output_data for event in result.all_events if event.is_handled_output]
    assert {key: value.value for key, value in handled.metadata.items()} == {"path": "p", "rows": 2}
    (written,) = result.asset_materializations_for_node("water")
    assert {key: value.value for key, value in written.metadata.items()} == {"own": 1, "path": "p", "rows": 2}


def test_a_manager_may_be_a_generator():
    """`handle_output` may yield metadata and materializations, and the materializations get all metadata."""

    class Yields(IOManager):
        def handle_output(self, context, obj):
            yield AssetMaterialization("copy")
            yield {"rows": 2}

        def load_input(self, context):
            raise AssertionError

    result = job_with(io_manager=Yields()).execute_in_process(op_selection=["sack"])

    (copy,) = result.asset_materializations_for_node("sack")
    assert {key: value.value for key, value in copy.metadata.items()} == {"rows": 2}
    (handled,) = [event.handled_output_data for event in result.all_events if event.is_handled_output]
    assert set(handled.metadata) == {"rows"}


@pytest.mark.parametrize("is_logged", [True, False])
def test_metadata_in_two_places(is_logged):
    """A materialization with metadata is refused if the I/O manager logs other metadata."""

    class Yields(IOManager):
        def handle_output(self, context, obj):
            yield AssetMaterialization("copy", metadata={"own": 1})
            if is_logged:
                context.add_output_metadata({"rows": 2})
            else:
                yield {"rows": 2}

        def load_input(self, context):
            raise AssertionError

    with pytest.raises(DagflowInvariantViolationError, match=r"asset 'copy' with metadata .* in one place"):
        job_with(io_manager=Yields()).execute_in_process()


def test_a_materialization_with_metadata_of_its_own():
    """A materialization keeps its metadata, which the output does not get."""

    class Yields(IOManager):
        def handle_output(self, context, obj):
            yield AssetMaterialization("copy", metadata={"own": 1})

        def load_input(self, context):
            raise AssertionError

    result = job_with(io_manager=Yields()).execute_in_process(op_selection=["sack"])
    (copy,) = result.asset_materializations_for_node("sack")
    (handled,) = [event.handled_output_data for event in result.all_events if event.is_handled_output]
    assert ({key: value.value for key, value in copy.metadata.items()}, handled.metadata) == ({"own": 1}, {})


def test_an_event_is_logged_when_it_is_given(tmp_path):
    """An event of `log_event` is in the log before later messages, also if the I/O manager then fails."""

    class Logs(IOManager):
        def handle_output(self, context, obj):
            context.log_event(AssetMaterialization("first"))
            context.log.info("between")
            context.log_event(AssetMaterialization("second"))
            assert [event.asset_key.to_user_string() for event in context.get_logged_events()] == [
                "first",
                "second",
            ]
            assert pickle.loads(pickle.dumps(context)).name == "result"
            raise OSError("disk full")

        def load_input(self, context):
            raise AssertionError

    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        sack = job_with(io_manager=Logs())
        result = sack.execute_in_process(raise_on_error=False, instance=instance, op_selection=["sack"])
        story = [
            entry.user_message
            if entry.dagflow_event is None
            else entry.dagflow_event.materialization.asset_key.to_user_string()
            for entry in instance.all_logs(result.run_id)
            if entry.dagflow_event is None or entry.dagflow_event.is_step_materialization
        ]
    assert story == ["first", "between", "second"]


@pytest.mark.parametrize("item", [5, AssetObservation("copy")])
def test_what_a_manager_may_not_yield(item):
    """The error about an invalid yielded object names the I/O manager's key and the output."""

    class Yields(IOManager):
        def handle_output(self, context, obj):
            yield item

        def load_input(self, context):
            raise AssertionError

    with pytest.raises(DagflowInvariantViolationError, match=r"'io_manager' yielded .* for output 'result'"):
        job_with(io_manager=Yields()).execute_in_process()


def returning(result):
    """Return an I/O manager whose `handle_output` returns the result of a function."""

    class Returns(IOManager):
        def handle_output(self, context, obj):
            return result()

        def load_input(self, context):
            return 1

    return Returns()


def ending(result):
    """Return an I/O manager whose `handle_output` is a generator that returns this object at its end."""

    class Ends(IOManager):
        def handle_output(self, context, obj):
            yield {"first": 1}
            return result

        def load_input(self, context):
            return 1

    return Ends()


@pytest.mark.parametrize(
    ("manager", "metadata"),
    [(returning(lambda: {"rows": 2}), {"rows": 2}), (ending({"rows": 2}), {"first": 1, "rows": 2})],
)
def test_a_manager_may_return_metadata(manager, metadata):
    """A dict that `handle_output` returns counts as if it were yielded, for an asset and for an op."""

    @asset
    def water():
        return 1

    result = materialize([water], resources={"io_manager": manager})
    (handled,) = [event.handled_output_data for event in result.all_events if event.is_handled_output]
    (written,) = result.asset_materializations_for_node("water")
    assert {key: value.value for key, value in handled.metadata.items()} == metadata
    assert {key: value.value for key, value in written.metadata.items()} == metadata

    result = job_with(io_manager=manager).execute_in_process()
    first = next(event for event in result.all_events if event.is_handled_output)
    assert {key: value.value for key, value in first.handled_output_data.metadata.items()} == metadata


def test_a_manager_may_return_a_materialization():
    """An AssetMaterialization that `handle_output` returns is recorded."""
    manager = returning(lambda: AssetMaterialization("copy", metadata={"own": 1}))
    result = job_with(io_manager=manager).execute_in_process(op_selection=["sack"])

    (copy,) = result.asset_materializations_for_node("sack")
    assert (copy.asset_key, copy.metadata["own"].value) == (AssetKey("copy"), 1)


def test_a_manager_that_loads_with_an_async_method():
    """The coroutine of an async `load_input` is refused; it was the value of the input."""

    class Late(IOManager):
        def handle_output(self, context, obj):
            """Store nothing."""

        async def load_input(self, context):
            return 3

    with pytest.raises(
        DagflowInvariantViolationError, match="load_input of the I/O manager 'io_manager' is async"
    ):
        job_with(io_manager=Late()).execute_in_process()


async def written():
    """Return a coroutine, as a `handle_output` with `async def` does."""


@pytest.mark.parametrize(
    "result",
    [
        lambda: 3,
        lambda: "a path",
        lambda: False,
        lambda: [AssetMaterialization("copy")],
        lambda: iter([{"rows": 2}]),
        lambda: Output(1),
        written,
    ],
)
def test_what_a_manager_may_not_return(result):
    """Anything else is refused; the error names key, output, the line of the method and the remedy."""
    with pytest.raises(
        DagflowInvariantViolationError,
        match=r"'io_manager' returned .* for output 'result' of step 'sack'\. Its handle_output "
        r"\(.*test_manager.py:\d+\) may return None, one AssetMaterialization or a dict",
    ):
        job_with(io_manager=returning(result)).execute_in_process()


def test_what_a_manager_says_of_an_input():
    """The metadata of an input is on LOADED_INPUT, and on an observation if it is an asset."""

    class Talkative(Shelf):
        def load_input(self, context):
            context.add_input_metadata({"rows": 2}, description="read")
            assert set(context.get_logged_metadata()) == {"rows"}
            seen = [observation.description for observation in context.get_observations()]
            assert seen == (["read"] if context.has_asset_key else [])
            return 1

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water

    result = materialize([water, tea], resources={"io_manager": Talkative()})
    (loaded,) = [event for event in result.all_events if event.is_loaded_input]
    (seen,) = result.asset_observations_for_node("tea")
    assert loaded.loaded_input_data.metadata["rows"].value == 2
    assert (seen.asset_key, seen.description, seen.metadata["rows"].value) == (AssetKey("water"), "read", 2)

    result = job_with(io_manager=Talkative()).execute_in_process()
    (loaded,) = [event for event in result.all_events if event.is_loaded_input]
    assert loaded.loaded_input_data.metadata["rows"].value == 2
    assert result.get_asset_observation_events() == []


class Fails(Shelf):
    """An I/O manager that raises in the given method."""

    def __init__(self, method, error):
        super().__init__()
        self.method, self.error = method, error

    def handle_output(self, context, obj):
        if self.method == "handle_output":
            raise self.error
        super().handle_output(context, obj)

    def load_input(self, context):
        if self.method == "load_input":
            raise self.error
        return super().load_input(context)


@pytest.mark.parametrize(
    ("method", "wrapper", "step", "names"),
    [
        ("handle_output", "DagflowExecutionHandleOutputError", "sack", "output 'result'"),
        ("load_input", "DagflowExecutionLoadInputError", "brew", "input 'beans'"),
    ],
)
def test_errors_of_a_manager(method, wrapper, step, names):
    """The caller gets the original error, and the event has a wrapper that names the step and the input or
    output.
    """
    error = OSError("full")
    j = job_with(io_manager=Fails(method, error))

    with pytest.raises(OSError, match="full") as caught:
        j.execute_in_process()
    assert caught.value is error
    data = j.execute_in_process(raise_on_error=False).failure_data_for_node(step)
    assert (data.error.cls_name, data.error.cause.cls_name) == (wrapper, "OSError")
    assert data.error_source.name == "USER_CODE_ERROR"
    assert all(text in data.error.message for text in (names, f"'{step}'", "'io_manager'"))


def test_a_failure_in_a_manager_is_not_wrapped():
    """A `Failure` in an I/O manager is not wrapped."""
    j = job_with(io_manager=Fails("handle_output", Failure("full")))

    data = j.execute_in_process(raise_on_error=False).failure_data_for_node("sack")
    assert (data.error.cls_name, data.user_failure_data.description) == ("Failure", "full")


def test_a_manager_that_fails_once_is_asked_again():
    """The retry policy of a step covers its inputs and outputs."""
    calls = []

    class Flaky(Shelf):
        def handle_output(self, context, obj):
            calls.append(context.step_key)
            if len(calls) == 1:
                raise OSError

    @op(retry_policy=RetryPolicy())
    def source():
        return 1

    @job(resource_defs={"io_manager": Flaky()})
    def j():
        source()

    assert j.execute_in_process().success
    assert calls == ["source", "source"]


def test_a_manager_has_resources_and_config():
    """The definition of an I/O manager has required resources and config."""

    @io_manager(required_resource_keys={"base"}, config_schema={"n": int})
    def shelf(context):
        return Told(context.resources.base, context.resource_config["n"])

    told = []

    class Told(Shelf):
        def __init__(self, base, n):
            super().__init__()
            self.base, self.n = base, n

        def handle_output(self, context, obj):
            told.append((self.base, self.n, context.resources.base, context.resource_config))

    config = {"resources": {"io_manager": {"config": {"n": 2}}}}
    job_with(io_manager=shelf, base="b").execute_in_process(run_config=config, op_selection=["sack"])

    assert told == [("b", 2, "b", {"n": 2})]


def test_a_resource_that_is_no_manager():
    """The error about a resource that is not an I/O manager names key, output, value and missing method."""
    for resource in (5, ResourceDefinition.hardcoded_resource(5)):
        text = (
            r"io manager with key 'io_manager' required by output 'result' of op .*, but received 5 of type"
        )
        with pytest.raises(DagflowInvalidDefinitionError, match=text):
            job_with(io_manager=resource).execute_in_process()
    for resource in (io_manager(lambda: 5), ReturnsFive()):
        with pytest.raises(CheckError, match=r"'io_manager'.*'result'.*5.*handle_output"):
            job_with(io_manager=resource).execute_in_process()


def test_the_class_of_a_manager():
    """The class of an I/O manager is refused, because its methods need an object."""
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"object of the class: InMemoryIOManager\(\.\.\.\)"
    ):
        job_with(io_manager=InMemoryIOManager).execute_in_process()


class ReturnsFive(ConfigurableIOManagerFactory):
    """A factory whose result is not an I/O manager."""

    def create_io_manager(self, context):
        return 5


def test_a_resource_that_is_no_input_manager():
    """The error about a resource that is not an input manager names key and input; a bare one is refused."""

    class Bare(InputManager):
        def load_input(self, context):
            return 1

    @op(ins={"beans": In(input_manager_key="shelf")})
    def grind(beans):
        return beans

    for resource in (5, Bare()):
        text = "input manager with key 'shelf' required by input 'beans' of op 'grind', but received"
        with pytest.raises(DagflowInvalidDefinitionError, match=text):
            GraphDefinition("g", node_defs=[grind]).to_job(
                resource_defs={"shelf": resource}
            ).execute_in_process()


@pytest.mark.parametrize("takes_context", [True, False])
def test_a_function_that_returns_an_input_manager(takes_context):
    """A function with @input_manager may return an object that loads the input."""

    class Shelf(InputManager):
        def load_input(self, context):
            return f"{context.name} of the shelf"

    def with_context(context):
        return Shelf()

    @op(ins={"beans": In(input_manager_key="shelf")})
    def grind(beans):
        return beans

    shelf = input_manager(with_context if takes_context else lambda: Shelf())
    cafe = GraphDefinition("g", node_defs=[grind]).to_job(resource_defs={"shelf": shelf})
    assert cafe.execute_in_process().output_for_node("grind") == "beans of the shelf"


@pytest.mark.parametrize("decorator", [io_manager, input_manager])
def test_a_configured_manager_has_no_version(decorator):
    """A copy with config has no version of its own."""
    manager = decorator(config_schema={"a": str}, version="1")(lambda context: None)

    assert (manager.version, manager.configured({"a": "x"}).version) == ("1", None)


def test_a_manager_needs_both_methods():
    """A subclass without both methods cannot be instantiated."""

    class Half(IOManager):
        def handle_output(self, context, obj):
            pass

    with pytest.raises(TypeError, match="load_input"):
        Half()


@pytest.mark.parametrize("kind", ["files", "memory"])
@pytest.mark.parametrize(
    ("wanted", "allowed", "expected"),
    [
        (["a"], False, "A"),
        (["b", "a"], False, {"b": "B", "a": "A"}),
        ([], False, None),
        (["a"], True, "A"),
        (["a", "q"], True, {"a": "A"}),
        (["q", "r"], True, {}),
        (["q"], True, None),
        (["a", "q"], False, "'q'"),
    ],
)
def test_partitions_that_are_not_stored(kind, wanted, allowed, expected, tmp_path):
    """A missing partition is an error, or left out if the metadata of the input allows it."""
    letters = StaticPartitionsDefinition(["a", "b", "q", "r"])
    files = fs_io_manager.configured({"base_dir": str(tmp_path)})
    manager = InMemoryIOManager() if kind == "memory" else files
    mapping = SpecificPartitionsPartitionMapping(wanted)
    metadata = {"allow_missing_partitions": allowed}

    @asset(partitions_def=letters)
    def letter(context):
        return context.partition_key.upper()

    @asset(partitions_def=letters, ins={"letter": AssetIn(partition_mapping=mapping, metadata=metadata)})
    def reader(letter):
        return letter

    def run(selected, partition):
        return materialize(
            [letter, reader], selection=selected, partition_key=partition, resources={"io_manager": manager}
        )

    for stored in ("a", "b"):
        run([letter], stored)
    if isinstance(expected, str) and expected.startswith("'"):
        with pytest.raises((FileNotFoundError, DagflowInvariantViolationError), match=expected):
            run([reader], "r")
    else:
        assert run([reader], "r").asset_value("reader") == expected
