"""Definitions: jobs and assets with the resources of a project."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetIn,
    AssetKey,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowType,
    Definitions,
    In,
    InMemoryIOManager,
    Out,
    ParameterCheckError,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    colored_console_logger,
    dagflow_type_loader,
    define_asset_job,
    in_process_executor,
    job,
    json_console_logger,
    multiprocess_executor,
    op,
    repository,
    resource,
    success_hook,
)


@op(required_resource_keys={"cup"})
def pour(context):
    return context.resources.cup


@job
def serve():
    pour()


@asset
def water():
    return 1


@asset
def tea(water):
    return water + 1


def test_a_job_gets_the_resources():
    """Missing resources come from the project."""
    project = Definitions(jobs=[serve, serve], resources={"cup": 5})

    assert project.get_job_def("serve").execute_in_process().output_for_node("pour") == 5
    assert [one.name for one in project.resolve_all_job_defs()] == ["serve"]


def test_a_job_keeps_its_own_resource():
    """A resource of the job wins."""
    own = serve.graph.to_job(name="own", resource_defs={"cup": 1})

    project = Definitions(jobs=[own], resources={"cup": 5})

    assert project.get_job_def("own").execute_in_process().output_for_node("pour") == 1


def test_a_part_of_all_assets():
    """The job of all assets runs a selection."""
    everything = Definitions([water, tea, water]).get_implicit_global_asset_job_def()

    result = everything.execute_in_process(asset_selection=[AssetKey("water")])

    assert (everything.name, result.asset_value("water")) == ("__ASSET_JOB", 1)
    assert result.is_node_untouched("tea")


def test_assets_of_different_partitions():
    """They form one job; a run for a partition runs a part of it."""
    one = asset(name="one", partitions_def=StaticPartitionsDefinition(["a"]))(lambda: 1)
    two = asset(name="two", partitions_def=StaticPartitionsDefinition(["b"]))(lambda: 2)
    everything = Definitions([one, two]).get_implicit_global_asset_job_def()

    result = everything.execute_in_process(asset_selection=["two"], partition_key="b")

    assert result.asset_value("two") == 2


def test_an_asset_keeps_its_own_resource():
    """A resource of an asset wins, unless another asset needs the one of the project."""

    def reads(name, **own):
        return asset(name=name, required_resource_keys={"cup"}, **own)(lambda context: context.resources.cup)

    own, other = reads("own", resource_defs={"cup": 1}), reads("other")

    alone = Definitions([own], resources={"cup": 5}).get_implicit_global_asset_job_def()
    assert alone.execute_in_process().asset_value("own") == 1
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'other'.*needs the resource 'cup'.*'own'"):
        Definitions([own, other], resources={"cup": 5}).resolve_all_job_defs()


def test_executor_and_loggers():
    """They apply to jobs without their own."""
    own = job(name="own", executor_def=multiprocess_executor)(lambda: None)
    plain = job(name="plain")(lambda: None)
    spoken = job(name="spoken", logger_defs={"own": colored_console_logger})(lambda: None)
    loggers = {"shop": json_console_logger}
    project = Definitions(jobs=[own, plain, spoken], executor=in_process_executor, loggers=loggers)

    assert project.get_job_def("own").executor_def is multiprocess_executor
    assert project.get_job_def("plain").executor_def is in_process_executor
    assert project.get_job_def("plain").loggers == loggers
    assert list(project.get_job_def("spoken").loggers) == ["own"]
    with pytest.raises(CheckError, match="'loggers' of Definitions must hold loggers, but 'shop' is 5"):
        Definitions(loggers={"shop": 5})


def test_a_resource_of_a_hook_is_missing():
    """The error names the hook and its node."""

    @success_hook(required_resource_keys={"cup"})
    def cheer(context):
        """Needs a resource."""

    @job
    def j():
        op(name="brew")(lambda: 1).with_hooks({cheer})()

    message = "'cup' required by hook 'cheer' attached to op 'brew'"
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        Definitions(jobs=[j]).get_job_def("j")
    assert Definitions(jobs=[j], resources={"cup": 1}).get_job_def("j").execute_in_process().success


def test_definition_of_an_asset():
    """It is found by its key."""
    project = Definitions([water])

    assert project.get_assets_def("water") is water
    with pytest.raises(DagflowInvariantViolationError, match="Could not find asset 'tea'"):
        project.get_assets_def("tea")


def test_a_resource_is_missing():
    """The lookup of the job raises, with the op that needs the resource and its location."""
    with pytest.raises(
        DagflowInvalidDefinitionError,
        match=r"key 'cup' required by op 'pour' .*or to the Definitions.*test_definitions",
    ):
        Definitions(jobs=[serve]).get_job_def("serve")


@dagflow_type_loader(int, required_resource_keys={"cup"})
def load(context, value):
    """Reads a resource."""
    return value


CHECKED = DagflowType(lambda context, value: True, "Checked", required_resource_keys={"cup"})
LOADED = DagflowType(lambda context, value: True, "Loaded", loader=load)
NEEDY = {
    "resource with key 'cup' required by the type of output 'result' of op 'x'": {"out": Out(CHECKED)},
    "resource with key 'cup' required by the type of input 'n' of op 'x'": {"ins": {"n": In(CHECKED)}},
    "resource with key 'cup' required by the loader of input 'n' of op 'x'": {"ins": {"n": In(LOADED)}},
    "io manager with key 'cup' required by output 'result' of op 'x'": {"out": Out(io_manager_key="cup")},
    "input manager with key 'cup' required by input 'n' of op 'x'": {
        "ins": {"n": In(input_manager_key="cup")}
    },
}


@pytest.mark.parametrize(("message", "said"), NEEDY.items())
def test_what_types_and_managers_need_is_missing(message, said):
    """It is reported like a resource of an op: at the lookup of a job, in a repository at once."""
    x = op(name="x", **said)((lambda n: n) if "ins" in said else (lambda: 1))
    one = op(name="one")(lambda: 1)
    j = job(name="j")(lambda: (x(one()) if "ins" in said else x(), None)[1])
    project = Definitions(jobs=[j])
    with pytest.raises(DagflowInvalidDefinitionError, match=message) as raised:
        project.get_job_def("j")
    assert __file__ in str(raised.value)
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        repository(name="r")(lambda: [j])
    assert Definitions(jobs=[j], resources={"cup": 1}).get_job_def("j").resource_defs["cup"].value == 1


@pytest.mark.parametrize(
    ("message", "assets"),
    [
        (
            "'cup' required by the type of output 'result' of op 'a'",
            [asset(name="a", dagflow_type=CHECKED)(lambda: 1)],
        ),
        ("'cup' required by output 'result' of op 'a'", [asset(name="a", io_manager_key="cup")(lambda: 1)]),
        (
            "'cup' required by input 'water' of op 'a'",
            [water, asset(name="a", ins={"water": AssetIn(input_manager_key="cup")})(lambda water: 1)],
        ),
        ("'cup' required by SourceAsset with key", [water, SourceAsset("s", io_manager_key="cup")]),
        ("'cup' required by AssetSpec with key", [water, AssetSpec("s").with_io_manager_key("cup")]),
    ],
)
def test_what_assets_need_is_missing(message, assets):
    """It is reported for the job of all assets and for one of a selection."""
    for arguments in ({}, {"jobs": [define_asset_job("all")]}):
        project = Definitions(assets, **arguments)
        with pytest.raises(DagflowInvalidDefinitionError, match=message):
            project.get_implicit_global_asset_job_def()
    project = Definitions(assets, resources={"cup": InMemoryIOManager()})
    assert "cup" in project.get_implicit_global_asset_job_def().resource_defs


def test_what_a_resource_needs_is_missing():
    """It is reported only if something uses the resource."""
    saucer = resource(required_resource_keys={"table"})(lambda context: 1)

    with pytest.raises(DagflowInvariantViolationError, match="'table' required by resource with key 'cup'"):
        Definitions(jobs=[serve], resources={"cup": saucer}).get_job_def("serve")
    assert Definitions(jobs=[serve], resources={"cup": 1, "spare": saucer}).get_job_def("serve")
    reader = asset(name="reader", required_resource_keys={"cup"})(lambda context: 1)
    with pytest.raises(DagflowInvalidDefinitionError, match="'table' required by resource with key 'cup'"):
        Definitions([reader], resources={"cup": saucer}).get_implicit_global_asset_job_def()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"assets": [5]}, CheckError, "holds 5 of type 'int', which is not an asset"),
        ({"assets": water}, CheckError, "must be a list"),
        ({"jobs": [pour]}, CheckError, "which is not a job"),
        ({"resources": 5}, ParameterCheckError, "'resources'"),
        ({"executor": 5}, ParameterCheckError, "'executor'"),
    ],
)
def test_wrong_arguments(arguments, error, text):
    """A wrong argument raises at once, with its name."""
    with pytest.raises(error, match=text):
        Definitions(**arguments)


def test_unknown_and_doubled_jobs():
    """The error about an unknown job has the most similar name; two jobs of one name raise."""
    with pytest.raises(DagflowInvariantViolationError, match=r"'srve'.*serve"):
        Definitions(jobs=[serve], resources={"cup": 1}).get_job_def("srve")
    with pytest.raises(DagflowInvariantViolationError, match=r"__ASSET_JOB"):
        Definitions().get_implicit_global_asset_job_def()
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate job definition found for job 'serve'"):
        Definitions(jobs=[serve, job(name="serve")(lambda: None)]).resolve_all_job_defs()


def test_an_asset_is_named_by_its_whole_key():
    """The error about an unknown asset has the whole key of the one with that last part."""

    @asset(key_prefix="raw")
    def iron():
        return 1

    with pytest.raises(
        DagflowInvariantViolationError, match=r"'iron'.*mean 'raw/iron'\? .*\['raw', 'iron'\]"
    ):
        Definitions([iron]).get_assets_def("iron")
    with pytest.raises(DagflowInvalidSubsetError, match=r"'iron'.*mean 'raw/iron'\? .*\['raw', 'iron'\]"):
        Definitions([iron]).get_implicit_global_asset_job_def().execute_in_process(asset_selection=["iron"])


def test_a_project_shows_its_size():
    """The repr, which error messages contain, has the number of assets and jobs."""
    assert repr(Definitions([water], jobs=[serve])) == "<Definitions with 1 assets and 1 jobs>"
