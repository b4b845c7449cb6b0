"""Repositories: what a function returns, under one name."""

from __future__ import annotations

import pytest

from dagflow import (
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


def test_everything_is_found_again():
    """Jobs, graphs, jobs of assets and the job of all assets have names, also from lists in the list."""
    kitchen = of(serve, wash, [water, tea], define_asset_job("boil", "water"), SourceAsset("sugar"))

    assert sorted(kitchen.job_names) == ["__ASSET_JOB", "boil", "serve", "wash"]
    assert [one.name for one in kitchen.get_all_jobs()] == sorted(kitchen.job_names)
    assert kitchen.get_job("serve") is serve
    assert kitchen.get_job("wash").graph is wash
    assert kitchen.has_job("boil")
    assert not kitchen.has_job("bake")


def test_assets_are_found_by_key():
    """What makes an asset, and what only stands for one, each by its key."""
    sugar, milk = SourceAsset("sugar"), AssetSpec("milk")

    kitchen = of(water, sugar, milk)

    assert kitchen.assets_defs_by_key == {AssetKey("water"): water}
    assert kitchen.source_assets_by_key == {AssetKey("sugar"): sugar, AssetKey("milk"): milk}


def test_jobs_run():
    """A job of assets gets the assets of the repository, and the job of all makes them all."""
    kitchen = of(water, tea, define_asset_job("boil", "water"))

    assert kitchen.get_job("boil").execute_in_process().asset_value("water") == 1
    assert kitchen.get_implicit_global_asset_job_def().execute_in_process().asset_value("tea") == 2


def test_without_assets_there_is_no_job_of_them():
    """The job of all assets exists where there are some."""
    assert of(water).has_implicit_global_asset_job_def()
    assert not of(serve).has_implicit_global_asset_job_def()
    with pytest.raises(DagflowInvariantViolationError, match="Could not find job '__ASSET_JOB'"):
        of(serve).get_implicit_global_asset_job_def()


def test_an_unknown_job_is_said_with_the_known_ones():
    """Who asks for a name that is not there is told those that are."""
    with pytest.raises(
        DagflowInvariantViolationError, match=r"Could not find job 'serv'.*\['serve'\].*Did you mean 'serve'"
    ):
        of(serve).get_job("serv")


def test_what_is_said_about_it():
    """Name, description and metadata are kept; the name is that of the function if none is given."""

    @repository(name="shop", description="All of it.", metadata={"owner": "ann"})
    def kitchen():
        return [serve]

    assert (kitchen.name, kitchen.description) == ("shop", "All of it.")
    assert kitchen.metadata == {"owner": MetadataValue.text("ann")}
    assert repr(kitchen) == "<repository 'shop'>"
    assert of().name == "kitchen"


def test_defaults_reach_the_jobs():
    """Executor and loggers go to the jobs that have none of their own."""

    @repository(default_executor_def=in_process_executor, default_logger_defs={"json": json_console_logger})
    def kitchen():
        return [serve]

    assert kitchen.get_job("serve").executor_def is in_process_executor
    assert kitchen.get_job("serve").loggers == {"json": json_console_logger}


@pytest.mark.parametrize(
    "element", [3, "serve", pour, (serve,), [[serve]], Definitions(), {"serve": serve}, None]
)
def test_an_unknown_element_is_refused(element):
    """What is no job, graph or asset is named with its place."""
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"'kitchen': all elements of list must be.*at index 1"
    ):
        of(serve, element)


@pytest.mark.parametrize("content", [None, (serve,), "serve", {serve}])
def test_other_return_values_are_refused(content):
    """The function returns a list or a dict."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"Bad return value of type .* 'kitchen'"):

        @repository
        def kitchen():
            return content


def test_two_jobs_with_one_name_are_refused():
    """Names are unique, across jobs and graphs."""
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate job definition found for job 'serve'"):
        of(serve, GraphDefinition(name="serve", node_defs=[pour]))


def test_what_does_not_go_together_is_refused_at_once():
    """A resource that nobody provides is missed where the repository is made, not when a job runs."""

    @op(required_resource_keys={"cup"})
    def fill():
        pass

    @graph
    def needy():
        fill()

    with pytest.raises(DagflowInvalidDefinitionError, match="resource with key 'cup' required by op 'fill'"):
        of(needy)


def test_a_function_with_parameters_is_refused():
    """Nobody could give it arguments."""
    with pytest.raises(
        CheckError, match=r"repository 'kitchen' must have no parameters, but it is \(stove\)"
    ):

        @repository
        def kitchen(stove):
            return []


def test_a_repository_is_no_job_to_other_processes():
    """A pointer leads to one job, and a repository has many."""
    with pytest.raises(DagflowInvariantViolationError, match="RepositoryDefinition"):
        reconstructable(of(serve))  # type: ignore[arg-type]


def test_jobs_of_a_dict():
    """A dict gives jobs by name: a job, a graph, or a function that makes either."""

    @repository
    def kitchen():
        return {"jobs": {"serve": serve, "wash": wash, "later": lambda: wash.to_job("later")}}

    assert kitchen.job_names == ["serve", "wash", "later"]
    assert [one.name for one in kitchen.get_all_jobs()] == ["later", "serve", "wash"]


def test_a_function_makes_its_job_once_and_when_asked():
    """Only the job that somebody asks for is made."""
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
    """What a function returns is looked at when the job is asked for."""

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
        ({"assets": {"water": water}}, "other than 'jobs': found 'assets'"),
        ({"jobs": [serve]}, "must be a dict of jobs by name"),
    ],
)
def test_a_dict_that_cannot_be(content, message):
    """A dict has jobs and nothing else, each under its own name."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):

        @repository
        def kitchen():
            return content
