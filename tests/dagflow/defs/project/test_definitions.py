"""Definitions: jobs and assets with the resources of a project."""

from __future__ import annotations

from functools import partial
from unittest.mock import MagicMock

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetDep,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowType,
    Definitions,
    In,
    InMemoryIOManager,
    InProcessExecutor,
    MaterializeResult,
    Out,
    ParameterCheckError,
    ResourceDefinition,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    colored_console_logger,
    dagflow_type_loader,
    define_asset_job,
    in_process_executor,
    job,
    json_console_logger,
    materialize_to_memory,
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


def test_a_resource_of_an_asset_and_of_the_project():
    """An asset cannot have its own resource with the key of one of the project."""
    own = asset(name="own", resource_defs={"cup": ResourceDefinition.hardcoded_resource(1)})(lambda: 1)
    project = Definitions([own], jobs=[define_asset_job("brew")], resources={"cup": 5})

    for resolve in (
        project.get_implicit_global_asset_job_def,
        lambda: project.get_job_def("brew"),
        lambda: Definitions.validate_loadable(project),
    ):
        with pytest.raises(DagflowInvalidInvocationError, match="'cup' was given, but <asset 'own'> has its"):
            resolve()


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
    cup = InMemoryIOManager()
    assert Definitions(jobs=[j], resources={"cup": cup}).get_job_def("j").resource_defs["cup"].value is cup


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


def test_several_projects_are_merged():
    """Lists are joined, and resources, loggers, metadata and the executor are united."""
    loggers = {"console": colored_console_logger}
    one = Definitions([water], resources={"cup": 5}, loggers=loggers, metadata={"a": 1, "b": 1})
    other = Definitions(
        [tea], jobs=[serve], resources={"cup": 5}, executor=in_process_executor, metadata={"b": 2}
    )

    merged = Definitions.merge(one, other, Definitions(executor=in_process_executor, loggers=loggers))

    assert (merged.assets, merged.jobs) == ([water, tea], [serve])
    assert (merged.resources, merged.executor, merged.loggers) == ({"cup": 5}, in_process_executor, loggers)
    assert {name: value.value for name, value in merged.metadata.items()} == {"a": 1, "b": 2}
    assert merged.get_job_def("serve").execute_in_process().output_for_node("pour") == 5
    assert Definitions.merge().assets == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            [{"resources": {"cup": 1}}, {}, {"resources": {"cup": 2}}],
            "objects 0 and 2 .* resources .* key 'cup'",
        ),
        ([{"resources": {"cup": 1}}, {"resources": {"cup": True}}], "objects 0 and 1 .* 'cup'"),
        (
            [{"loggers": {"log": colored_console_logger}}, {"loggers": {"log": json_console_logger}}],
            "objects 0 and 1 .* loggers .* key 'log'",
        ),
        (
            [{}, {"executor": in_process_executor}, {"executor": multiprocess_executor}],
            "objects 1 and 2 both have an executor",
        ),
    ],
)
def test_projects_that_contradict(changes, message):
    """Different objects with one key, or two executors, name the positions of the projects."""
    with pytest.raises(DagflowInvariantViolationError, match=message):
        Definitions.merge(*(Definitions(**change) for change in changes))


def test_resources_that_cannot_be_compared():
    """Two objects whose comparison raises, as that of tables, are different."""

    class Table:
        __hash__ = None

        def __eq__(self, other):
            raise ValueError("ambiguous")

    with pytest.raises(DagflowInvariantViolationError, match="'table'"):
        Definitions.merge(
            Definitions(resources={"table": Table()}), Definitions(resources={"table": Table()})
        )


def test_only_definitions_are_merged():
    """Another object is refused."""
    with pytest.raises(CheckError, match="'def_sets'"):
        Definitions.merge(Definitions(), 3)  # type: ignore[arg-type]


def test_further_resources():
    """`with_resources` adds resources, and refuses another value for a key."""
    project = Definitions(jobs=[serve])

    assert project.with_resources({"cup": 5}).get_job_def("serve").execute_in_process().success
    assert project.with_resources(None) is project
    with pytest.raises(DagflowInvariantViolationError, match="'cup'"):
        Definitions(resources={"cup": 1}).with_resources({"cup": 2})


def test_a_valid_project_is_loadable():
    """A project that fits together passes, and `None` is returned."""
    assert Definitions.validate_loadable(Definitions([water, tea], jobs=[define_asset_job("boil")])) is None


@pytest.mark.parametrize(
    ("project", "message"),
    [
        (Definitions(jobs=[serve]), "resource with key 'cup' required by op 'pour'"),
        (Definitions([AssetSpec("a"), SourceAsset("a")]), "Duplicate asset key"),
        (Definitions([AssetSpec("a"), AssetSpec("a", description="d")]), "Duplicate asset key"),
        (Definitions([water], jobs=[define_asset_job("boil", selection="milk")]), "asset job 'boil'.*'milk'"),
    ],
)
def test_a_broken_project_is_not_loadable(project, message):
    """A missing resource, two assets with one key and an invalid selection are found without a run."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        Definitions.validate_loadable(project)


def test_only_definitions_are_validated():
    """Another object is refused."""
    with pytest.raises(ParameterCheckError, match="'defs' of validate_loadable"):
        Definitions.validate_loadable([water])  # type: ignore[arg-type]


def test_all_specs_with_stubs():
    """An asset that is only a dependency has a spec too, which is marked."""
    lake = AssetSpec("lake", deps=[AssetDep("sea", metadata={"salt": True}), "a"])

    specs = Definitions([tea, water, SourceAsset("river"), lake, lake]).resolve_all_asset_specs()

    assert [spec.key.to_user_string() for spec in specs] == ["tea", "water", "river", "lake", "a", "sea"]
    assert "dagflow/auto_created_stub_asset" in specs[4].metadata
    assert "salt" in specs[5].metadata
    assert "dagflow/auto_created_stub_asset" not in specs[3].metadata
    assert Definitions([water]).resolve_all_asset_keys() == [AssetKey("water")]


def test_short_names_need_no_stub():
    """A dependency that names an asset of its group by the last part of its key is that asset."""

    @asset(key_prefix="bar")
    def milk():
        return 1

    @asset(deps=["milk"])
    def latte():
        return 2

    keys = Definitions([milk, latte]).resolve_all_asset_keys()
    assert keys == [AssetKey(["bar", "milk"]), AssetKey("latte")]


def test_two_descriptions_of_a_missing_asset():
    """Different metadata of two dependencies on an asset without a definition is an error."""
    specs = [AssetSpec(key, deps=[AssetDep("sea", metadata={"salt": key})]) for key in "ab"]

    with pytest.raises(DagflowInvalidDefinitionError, match="'a' and 'b' depend on asset 'sea'"):
        Definitions(specs).resolve_all_asset_specs()


def test_specs_of_a_project_are_mapped():
    """The copy has the new specs, and the jobs and resources of the project."""
    project = Definitions([water, AssetSpec("lake")], jobs=[serve], resources={"cup": 1}, metadata={"m": 1})

    mapped = project.map_asset_specs(func=lambda spec: spec.replace_attributes(group_name="hot"))

    assert [spec.group_name for spec in mapped.resolve_all_asset_specs()] == ["hot", "hot"]
    assert (mapped.jobs, mapped.resources, mapped.metadata) == ([serve], {"cup": 1}, project.metadata)
    with pytest.raises(CheckError, match="'selection'"):
        project.map_asset_specs(func=lambda spec: spec, selection="water")
    with pytest.raises(DagflowInvariantViolationError, match=r"SourceAsset\(AssetKey\(\['river'\]\)\)"):
        Definitions([SourceAsset("river")]).map_asset_specs(func=lambda spec: spec)


def test_the_getters_agree():
    """Each job can be had by name, in the list, and from the repository, which is built once."""
    project = Definitions([water], jobs=[serve], resources={"cup": 1}, metadata={"m": 1})
    kitchen = project.get_repository_def()

    assert kitchen is project.get_repository_def()
    assert (kitchen.name, kitchen.metadata) == ("__repository__", project.metadata)
    assert kitchen.get_job("serve") is project.get_job_def("serve")
    assert project.get_all_job_defs() == project.resolve_all_job_defs()
    assert project.has_implicit_global_asset_job_def()
    assert not Definitions(jobs=[serve], resources={"cup": 1}).has_implicit_global_asset_job_def()
    assert list(kitchen.get_top_level_resources()) == ["cup"]


def test_the_reserved_name_of_a_job():
    """No job may have the name of the job of all assets."""
    project = Definitions(jobs=[serve.graph.to_job(name="__ASSET_JOB")], resources={"cup": 1})

    with pytest.raises(DagflowInvalidDefinitionError, match=r"__ASSET_JOB .* reserved name"):
        Definitions.validate_loadable(project)


def test_the_job_for_some_assets():
    """The job of all assets runs a selection; without assets there is none."""
    found = Definitions([water, tea]).resolve_implicit_job_def_def_for_assets([AssetKey("water")])

    assert found is not None
    assert found.execute_in_process(asset_selection=[AssetKey("water")]).asset_value("water") == 1
    without_assets = Definitions(jobs=[define_asset_job("all")])
    assert without_assets.resolve_implicit_job_def_def_for_assets(["lake"]) is None


def test_declared_assets_alone_have_a_job():
    """The job of assets that nothing computes has no steps, and succeeds."""
    for declared in (AssetSpec("lake"), SourceAsset("lake")):
        project = Definitions([declared])

        assert project.has_implicit_global_asset_job_def()
        result = project.get_implicit_global_asset_job_def().execute_in_process()
        assert (result.success, result.get_step_success_events()) == (True, [])
        assert project.get_assets_def("lake").keys == {AssetKey("lake")}
        assert not project.get_assets_def("lake").is_executable


@asset_check(asset="tea")
def hot():
    return AssetCheckResult(passed=True)


@asset(check_specs=[AssetCheckSpec("sweet", asset="juice")])
def juice():
    return MaterializeResult(check_results=[AssetCheckResult(passed=True)])


SWEET = AssetCheckKey(AssetKey("juice"), "sweet")


def test_checks_are_found_by_key():
    """A check is found in both lists. A check that its asset evaluates has no definition of its own."""
    for project in (Definitions([juice, hot]), Definitions([juice], asset_checks=[hot])):
        assert project.get_asset_checks_def(hot.check_key) is hot
        with pytest.raises(DagflowInvariantViolationError, match=r"'juice:sweet'.*get_assets_def"):
            project.get_asset_checks_def(SWEET)
        with pytest.raises(DagflowInvariantViolationError, match=r"'tea:hut'.*Did you mean 'tea:hot'"):
            project.get_asset_checks_def(AssetCheckKey(AssetKey("tea"), "hut"))
    with pytest.raises(ParameterCheckError, match="'key'"):
        Definitions(asset_checks=[hot]).get_asset_checks_def("tea:hot")


def test_any_definition_may_be_a_check():
    """The list of checks may hold definitions of assets; they are found and run."""
    project = Definitions(asset_checks=[water, tea, hot])

    assert project.get_assets_def("tea") is tea
    assert project.get_implicit_global_asset_job_def().execute_in_process().asset_value("tea") == 2


def test_a_project_of_checks_alone():
    """A check can run without its asset, which has a stub among the specs."""
    project = Definitions(asset_checks=[hot])
    (spec,) = project.resolve_all_asset_specs()
    result = project.get_implicit_global_asset_job_def().execute_in_process()

    assert (spec.key, spec.metadata) == (AssetKey("tea"), {"dagflow/auto_created_stub_asset": True})
    assert [found.asset_check_key for found in result.get_asset_check_evaluations()] == [hot.check_key]


@pytest.mark.parametrize(
    ("checks", "error", "message"),
    [
        (5, ParameterCheckError, "'asset_checks' of Definitions must be a list, not 5"),
        (hot, ParameterCheckError, "must be a list, not <checks of 'tea_hot'>"),
        ([AssetSpec("tea")], CheckError, "holds AssetSpec.*not a definition of checks"),
        (["tea:hot"], CheckError, "holds 'tea:hot' of type 'str'"),
    ],
)
def test_other_values_are_no_checks(checks, error, message):
    """The constructor checks the elements of `asset_checks`."""
    with pytest.raises(error, match=message):
        Definitions(asset_checks=checks)


def test_merged_projects_keep_their_checks():
    """A merge and a map keep the checks; one check may be in several projects."""
    one, other = Definitions([tea], asset_checks=[hot]), Definitions([water], asset_checks=[hot])
    merged = Definitions.merge(one, other)
    mapped = merged.map_asset_specs(func=lambda spec: spec.merge_attributes(owners=["team:bar"]))

    for project in (merged, mapped, merged.with_resources({"cup": 1})):
        Definitions.validate_loadable(project)
        assert project.get_asset_checks_def(hot.check_key) is hot


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, {"water", "tea", "lake"}),
        ("+tea", {"water", "tea"}),
        ([water], {"water"}),
        (AssetSelection.assets("lake") | AssetSelection.assets(tea), {"tea", "lake"}),
    ],
)
def test_a_function_changes_selected_specs(selection, expected):
    """`map_resolved_asset_specs` changes the specs of the selected assets only, and keeps the rest."""
    project = Definitions([water, tea, AssetSpec("lake")], asset_checks=[hot], resources={"cup": 1})
    mapped = project.map_resolved_asset_specs(
        func=lambda spec: spec.merge_attributes(tags={"seen": "yes"}), selection=selection
    )

    changed = {spec.key.to_user_string() for spec in mapped.resolve_all_asset_specs() if "seen" in spec.tags}
    assert changed == expected
    assert (mapped.asset_checks, mapped.resources) == ([hot], {"cup": 1})
    with pytest.raises(DagflowInvalidSubsetError, match="'lak'"):
        project.map_resolved_asset_specs(func=lambda spec: spec, selection="lak")
    with pytest.raises(DagflowInvariantViolationError, match="SourceAsset"):
        Definitions([SourceAsset("x")]).map_resolved_asset_specs(func=lambda spec: spec, selection="x")


def test_a_part_of_the_assets_runs_with_its_checks():
    """A run that selects assets keeps their checks; `asset_check_selection` chooses the checks."""
    project = Definitions([water, tea, juice], asset_checks=[hot])
    job, kitchen = project.get_implicit_global_asset_job_def(), project.get_repository_def()

    def evaluated(part, **arguments):
        result = part.execute_in_process(**arguments)
        return sorted(found.check_name for found in result.get_asset_check_evaluations())

    assert evaluated(job, asset_selection=[AssetKey("water"), AssetKey("tea")]) == ["hot"]
    assert evaluated(job, asset_selection=[AssetKey("juice")]) == ["sweet"]
    for subset in (job.get_subset, partial(kitchen.get_maybe_subset_job_def, job.name)):
        keys = {AssetKey("water"), AssetKey("tea")}
        assert evaluated(subset(asset_selection=keys, asset_check_selection=set())) == []
        assert evaluated(subset(asset_selection=set(), asset_check_selection={hot.check_key})) == ["hot"]
        assert evaluated(subset(asset_check_selection={hot.check_key})) == ["hot"]
        assert evaluated(subset(asset_selection=[], asset_check_selection=[])) == ["hot", "sweet"]
        with pytest.raises(DagflowInvalidSubsetError, match="'juice'> cannot be divided"):
            subset(asset_selection=[AssetKey("juice")], asset_check_selection=set())


def test_unbound_projects_are_merged():
    """Definitions whose jobs or specs were resolved are refused; `merge` takes them."""
    for resolve in (Definitions.resolve_all_asset_specs, Definitions.resolve_all_job_defs):
        one, other = Definitions([tea]), Definitions([water])
        assert Definitions.merge_unbound_defs(one, other).assets == [tea, water]
        resolve(other)
        with pytest.raises(CheckError, match="object 1 has previously been resolved"):
            Definitions.merge_unbound_defs(one, other)
        assert Definitions.merge(one, other).assets == [tea, water]


def test_an_executor_may_be_an_object():
    """An object of an executor runs the jobs, and one object may be in several projects."""
    executor = InProcessExecutor()
    project = Definitions.merge(
        Definitions([water], executor=executor), Definitions([tea], executor=executor)
    )
    job = project.get_implicit_global_asset_job_def()

    assert job.executor_def.executor_creation_fn(None) is executor
    assert job.execute_in_process().asset_value("tea") == 2
    with pytest.raises(ParameterCheckError, match="'executor' of Definitions must be of type"):
        Definitions(executor="in_process")
    with pytest.raises(DagflowInvariantViolationError, match="both have an executor"):
        Definitions.merge(Definitions(executor=executor), Definitions(executor=InProcessExecutor()))


def test_wrong_functions_of_specs():
    """A value that is not a function is refused by name."""
    project = Definitions([AssetSpec("tea")])
    with pytest.raises(ParameterCheckError, match="'func' of map_asset_specs"):
        project.map_asset_specs(func="spec")  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="'func' of map_asset_specs"):
        project.map_resolved_asset_specs(func=3, selection="tea")  # type: ignore[arg-type]


def test_the_names_of_wrong_arguments():
    """Errors about wrong arguments name the function that received them."""
    with pytest.raises(ParameterCheckError, match="'resources' of Definitions"):
        Definitions(resources=[1])  # type: ignore[arg-type]
    with pytest.raises(CheckError, match=r"'def_sets' of Definitions\.merge"):
        Definitions.merge(3)  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match=r"'name' of Definitions\.get_job_def"):
        Definitions().get_job_def(set())  # type: ignore[arg-type]
    with pytest.raises(DagflowInvariantViolationError, match="because there are no assets"):
        Definitions().get_implicit_global_asset_job_def()


def test_a_double_of_an_asset():
    """A double of an AssetsDefinition is not an asset, because it has no function."""
    double = MagicMock(spec=AssetsDefinition)
    with pytest.raises(CheckError, match="is not an asset"):
        Definitions([double])
    with pytest.raises(CheckError, match="not an asset"):
        materialize_to_memory([double])
