"""Repositories: the definitions that a function returns, under one name."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckResult,
    AssetKey,
    AssetSpec,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    Definitions,
    GraphDefinition,
    MetadataValue,
    RepositoryDefinition,
    SourceAsset,
    asset,
    asset_check,
    create_repository_using_definitions_args,
    define_asset_job,
    graph,
    in_process_executor,
    job,
    json_console_logger,
    op,
    reconstructable,
    repository,
)


@op
def pour():
    return 1


@job
def serve():
    pour()


@graph
def wash():
    pour()


@asset
def water():
    return 1


@asset
def tea(water):
    return water + 1


def of(*elements: object) -> RepositoryDefinition:
    """A repository with these elements."""

    @repository
    def kitchen():
        return list(elements)

    return kitchen


def test_a_call():
    """A call returns the repository, as if its function were still undecorated."""

    @repository
    def kitchen():
        return [serve]

    assert kitchen() is kitchen


def test_everything_is_found_again():
    """Jobs, graphs, asset jobs and the job of all assets are found by name, also from nested lists."""
    kitchen = of(serve, wash, [water, tea], define_asset_job("boil", "water"), SourceAsset("sugar"))

    assert sorted(kitchen.job_names) == ["__ASSET_JOB", "boil", "serve", "wash"]
    assert [one.name for one in kitchen.get_all_jobs()] == sorted(kitchen.job_names)
    assert kitchen.get_job("serve") is serve
    assert kitchen.get_job("wash").graph is wash
    assert kitchen.has_job("boil")
    assert not kitchen.has_job("bake")


def test_assets_are_found_by_key():
    """Definitions, source assets and checks are found by key. An AssetSpec has a definition too."""
    sugar, milk = SourceAsset("sugar"), AssetSpec("milk")

    @asset_check(asset="water")
    def clear():
        return AssetCheckResult(passed=True)

    kitchen = of(water, sugar, milk, [clear])

    assert sorted(kitchen.assets_defs_by_key) == [AssetKey("milk"), AssetKey("water")]
    assert kitchen.assets_defs_by_key[AssetKey("water")] is water
    assert kitchen.assets_defs_by_key[AssetKey("milk")].specs == [
        milk.replace_attributes(group_name="default")
    ]
    assert kitchen.source_assets_by_key == {AssetKey("sugar"): sugar}
    assert kitchen.asset_checks_defs_by_key == {clear.check_key: clear}
    made = create_repository_using_definitions_args("kitchen", [water], asset_checks=[clear])
    assert made.asset_checks_defs_by_key == {clear.check_key: clear}
    with pytest.raises(DagflowInvalidDefinitionError, match=r"Duplicate check: 'water:clear'"):
        of(water, clear, asset_check(asset="water", name="clear")(lambda: AssetCheckResult(passed=True)))


def test_jobs_run():
    """An asset job gets the assets of the repository; the job of all assets runs them all."""
    kitchen = of(water, tea, define_asset_job("boil", "water"))

    assert kitchen.get_job("boil").execute_in_process().asset_value("water") == 1
    assert kitchen.get_implicit_global_asset_job_def().execute_in_process().asset_value("tea") == 2


def test_without_assets_there_is_no_job_of_them():
    """The job of all assets exists only if there are assets."""
    assert of(water).has_implicit_global_asset_job_def()
    assert not of(serve).has_implicit_global_asset_job_def()
    with pytest.raises(DagflowInvariantViolationError, match="Could not find job '__ASSET_JOB'"):
        of(serve).get_implicit_global_asset_job_def()


def test_an_unknown_job_is_refused_with_the_known_ones():
    """The error about an unknown name lists the existing names."""
    with pytest.raises(
        DagflowInvariantViolationError, match=r"Could not find job 'serv'.*\['serve'\].*Did you mean 'serve'"
    ):
        of(serve, water).get_job("serv")


def test_its_attributes():
    """Name, description and metadata are stored; the name of the function is the default."""

    @repository(name="shop", description="All of it.", metadata={"owner": "ann"})
    def kitchen():
        return [serve]

    assert (kitchen.name, kitchen.description) == ("shop", "All of it.")
    assert kitchen.metadata == {"owner": MetadataValue.text("ann")}
    assert repr(kitchen) == "<repository 'shop'>"
    assert of().name == "kitchen"


def test_defaults_reach_the_jobs():
    """Executor and loggers apply to jobs without their own."""

    @repository(default_executor_def=in_process_executor, default_logger_defs={"json": json_console_logger})
    def kitchen():
        return [serve]

    assert kitchen.get_job("serve").executor_def is in_process_executor
    assert kitchen.get_job("serve").loggers == {"json": json_console_logger}


@pytest.mark.parametrize(
    "element", [3, "serve", pour, (serve,), [[serve]], Definitions(), {"serve": serve}, None]
)
def test_an_unknown_element_is_refused(element):
    """The error about an element that is not a job, graph or asset has its index."""
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"'kitchen': all elements of list must be.*at index 1"
    ):
        of(serve, element)


@pytest.mark.parametrize("content", [None, (serve,), "serve", {serve}])
def test_other_return_values_are_refused(content):
    """The function must return a list or a dict."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"Bad return value of type .* 'kitchen'"):

        @repository
        def kitchen():
            return content


def test_two_jobs_with_one_name_are_refused():
    """Names are unique across jobs and graphs."""
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate job definition found for job 'serve'"):
        of(serve, GraphDefinition(name="serve", node_defs=[pour]))


def test_what_does_not_go_together_is_refused_at_once():
    """A missing resource raises when the repository is created, not when a job runs."""

    @op(required_resource_keys={"cup"})
    def fill():
        pass

    @graph
    def needy():
        fill()

    with pytest.raises(DagflowInvalidDefinitionError, match="resource with key 'cup' required by op 'fill'"):
        of(needy)


def test_a_function_with_parameters_is_refused():
    """It raises, since there are no arguments for it."""
    with pytest.raises(
        CheckError, match=r"repository 'kitchen' must have no parameters, but has \['stove'\]"
    ):

        @repository
        def kitchen(stove):
            return []


def test_a_repository_is_no_job_to_other_processes():
    """A pointer names one job, but a repository has several."""
    with pytest.raises(DagflowInvariantViolationError, match="RepositoryDefinition"):
        reconstructable(of(serve))  # type: ignore[arg-type]


def test_jobs_of_a_dict():
    """A dict has jobs by name: a job, a graph, or a function that returns either."""

    @repository
    def kitchen():
        return {"jobs": {"serve": serve, "wash": wash, "later": lambda: wash.to_job("later")}}

    assert kitchen.job_names == ["serve", "wash", "later"]
    assert [one.name for one in kitchen.get_all_jobs()] == ["later", "serve", "wash"]


def test_a_function_makes_its_job_once_and_when_asked():
    """The function is called once, at the first lookup of its job."""
    made = []

    def make(name):
        made.append(name)
        return wash.to_job(name)

    @repository
    def kitchen():
        return {"jobs": {"a": lambda: make("a"), "b": lambda: make("b")}}

    assert kitchen.get_job("a") is kitchen.get_job("a")
    assert made == ["a"]


def test_a_function_that_makes_no_job_is_refused():
    """The result of the function is checked at the lookup of the job."""

    @repository
    def kitchen():
        return {"jobs": {"serve": lambda: 3}}

    with pytest.raises(DagflowInvalidDefinitionError, match=r"mapped to serve is not an instance.*It is 3"):
        kitchen.get_job("serve")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"jobs": {"serve": 3}}, "mapped to serve is not an instance"),
        ({"jobs": {"other": serve}}, "name in JobDefinition does not match: got 'serve'"),
        ({"assets": {"water": water}}, "other than 'jobs', 'schedules' and 'sensors': found 'assets'"),
        ({"jobs": [serve]}, "must be a dict of jobs by name"),
    ],
)
def test_a_dict_that_cannot_be(content, message):
    """A dict must contain jobs only, each under its own name."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):

        @repository
        def kitchen():
            return content


def test_a_repository_of_the_arguments_of_definitions():
    """The repository has the name, and its jobs have the resources and the executor."""

    @asset(required_resource_keys={"cup"})
    def tea(context):
        return context.resources.cup

    kitchen = create_repository_using_definitions_args(
        "kitchen",
        assets=[tea],
        jobs=[define_asset_job("boil")],
        resources={"cup": 5},
        executor=in_process_executor,
    )

    assert kitchen.name == "kitchen"
    assert kitchen.get_job("boil").execute_in_process().asset_value("tea") == 5
    assert kitchen.get_job("boil").executor_def is in_process_executor
    assert kitchen.validate_loadable() is None
    with pytest.raises(DagflowInvalidDefinitionError, match="'cup'"):
        create_repository_using_definitions_args("kitchen", assets=[tea])


def test_validation_builds_late_jobs():
    """A job that a function builds is built and checked."""

    @repository
    def kitchen():
        return {"jobs": {"boil": lambda: 3}}

    with pytest.raises(DagflowInvalidDefinitionError, match="boil"):
        kitchen.validate_loadable()


def test_parts_of_jobs():
    """A job is returned whole or with a selection, and the job of all assets stands for some of them."""

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water + 1

    kitchen = Definitions([water, tea]).get_repository_def()
    whole = kitchen.get_implicit_job_def_for_assets([AssetKey("tea")])
    part = kitchen.get_maybe_subset_job_def("__ASSET_JOB", asset_selection={AssetKey("water")})

    assert whole is kitchen.get_maybe_subset_job_def("__ASSET_JOB")
    assert [node.name for node in part.nodes] == ["water"]
    assert kitchen.get_implicit_asset_job_names() == ["__ASSET_JOB"]
    assert Definitions().get_repository_def().get_implicit_asset_job_names() == []
    assert Definitions().get_repository_def().get_implicit_job_def_for_assets([]) is None
    with pytest.raises(DagflowInvariantViolationError, match="'nope'"):
        kitchen.get_maybe_subset_job_def("nope")


def test_the_names_of_wrong_defaults():
    """A wrong executor or logger is refused by the name of the argument of the decorator."""
    with pytest.raises(CheckError, match="'default_executor_def' of repository 'kitchen'"):
        repository(default_executor_def=3)(_kitchen)  # type: ignore[call-overload]
    with pytest.raises(CheckError, match="'default_logger_defs' of repository 'kitchen'"):
        repository(default_logger_defs=3)(_kitchen)  # type: ignore[call-overload]


def _kitchen() -> list[object]:
    return []


_kitchen.__name__ = "kitchen"
