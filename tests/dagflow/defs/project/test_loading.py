"""Assets, jobs and Definitions from the variables of modules and packages."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from dagflow import (
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    AutomationCondition,
    BackfillPolicy,
    CheckError,
    DagflowInvalidDefinitionError,
    Definitions,
    ParameterCheckError,
    SourceAsset,
    asset,
    define_asset_job,
    in_process_executor,
    job,
    load_assets_from_current_module,
    load_assets_from_modules,
    load_assets_from_package_module,
    load_assets_from_package_name,
    load_definitions_from_current_module,
    load_definitions_from_module,
    load_definitions_from_modules,
    load_definitions_from_package_module,
    load_definitions_from_package_name,
    materialize_to_memory,
    resource,
)

river = SourceAsset("river")
lake = AssetSpec("lake")


@asset(deps=["lake", "sea"])
def water(river):
    return river + 1


@asset
def tea(water):
    return water + 1


@job
def wash():
    """A job without ops."""


brew = define_asset_job("brew", selection="tea")


@resource
def cup():
    return 1


def module_of(name: str, **variables: object) -> ModuleType:
    """Return a module with these variables."""
    module = ModuleType(name)
    vars(module).update(variables)
    return module


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a package `kitchen` with a module, a package in it, and a job."""
    inner = tmp_path / "kitchen" / "shelf"
    inner.mkdir(parents=True)
    (tmp_path / "kitchen" / "__init__.py").write_text(
        "from dagflow import SourceAsset\nriver = SourceAsset('river')\n"
    )
    (tmp_path / "kitchen" / "hot.py").write_text(
        "from dagflow import asset, define_asset_job\nfrom kitchen import river\n"
        "@asset\ndef tea(river):\n    return 1\n\nbrew = define_asset_job('brew')\n"
    )
    (inner / "__init__.py").write_text("from dagflow import AssetSpec\nlake = AssetSpec('lake')\n")
    (inner / "cold.py").write_text("from dagflow import asset\n@asset\ndef ice():\n    return 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "kitchen"
    for name in [name for name in sys.modules if name.partition(".")[0] == "kitchen"]:
        del sys.modules[name]


def keys_of(assets) -> list[str]:
    return sorted(asset.key.to_user_string() for asset in assets)


def test_the_assets_of_modules():
    """Variables and lists of them are found, each once and in the order of their names; tuples are not."""
    kitchen = module_of("kitchen", tea=tea, again=tea, _hidden=[river, 3], pair=(water,))

    assert load_assets_from_modules([kitchen, module_of("bar", tea=tea, water=water)]) == [river, tea, water]


def test_specs_count_on_request():
    """An AssetSpec is an asset with `include_specs` only."""
    kitchen = module_of("kitchen", lake=lake)

    assert load_assets_from_modules([kitchen]) == []
    assert load_assets_from_modules([kitchen], include_specs=True) == [lake]


def test_the_current_module():
    """The module of the caller is searched."""
    assert load_assets_from_current_module() == [river, tea, water]
    assert load_assets_from_current_module(include_specs=True) == [lake, river, tea, water]


def test_a_package(package):
    """All modules of a package are imported and searched, by its name and by its module."""
    by_name = load_assets_from_package_name("kitchen", include_specs=True)
    by_module = load_assets_from_package_module(importlib.import_module("kitchen"), include_specs=True)

    assert keys_of(by_name) == ["ice", "lake", "river", "tea"]
    assert by_module == by_name
    assert keys_of(load_assets_from_package_name("kitchen")) == ["ice", "river", "tea"]


def test_prefixes():
    """The keys of computed assets and of sources get their prefixes, and the dependencies on them follow."""
    kitchen = module_of("kitchen", river=river, water=water, tea=tea, lake=lake)

    loaded = load_assets_from_modules(
        [kitchen], key_prefix=["bar", "hot"], source_key_prefix="farm/1", include_specs=True
    )
    by_name = {asset.key.path[-1]: asset for asset in loaded}

    assert by_name["river"].key == AssetKey(["farm/1", "river"])
    assert by_name["lake"].key == AssetKey(["farm/1", "lake"])
    assert by_name["tea"].key == AssetKey(["bar", "hot", "tea"])
    assert by_name["tea"].keys_by_input_name == {"water": AssetKey(["bar", "hot", "water"])}
    assert by_name["water"].keys_by_input_name == {
        "river": AssetKey(["farm/1", "river"]),
        "lake": AssetKey(["farm/1", "lake"]),
        "sea": AssetKey("sea"),
    }
    assert by_name["tea"].op.name == "tea"


def test_a_prefix_leaves_specs_alone():
    """A dependency on a spec keeps its key, as the spec does, if only computed assets get a prefix."""
    kitchen = module_of("kitchen", water=water, lake=lake)

    spec, prefixed = load_assets_from_modules([kitchen], key_prefix="bar", include_specs=True)

    assert (spec, prefixed.key) == (lake, AssetKey(["bar", "water"]))
    assert AssetKey("lake") in prefixed.dependency_keys


def test_prefixed_assets_run():
    """Assets with prefixes read each other."""

    @asset
    def beans():
        return 1

    @asset
    def coffee(beans):
        return beans + 1

    loaded = load_assets_from_modules([module_of("bar", beans=beans, coffee=coffee)], key_prefix="bar")

    assert materialize_to_memory(loaded).asset_value(AssetKey(["bar", "coffee"])) == 2


def test_a_group():
    """All assets get the group; an asset with a group of its own is named."""
    loaded = load_assets_from_modules([module_of("kitchen", river=river, tea=tea)], group_name="hot")
    source, computed = loaded

    assert source.spec.group_name == "hot"
    assert isinstance(computed, AssetsDefinition)
    assert computed.group_names_by_key == {AssetKey("tea"): "hot"}
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"asset 'tea' has the group 'hot', .* group 'cold'"
    ):
        load_assets_from_modules([module_of("kitchen", tea=computed)], group_name="cold")


def test_two_assets_with_one_key():
    """Both variables are named, and the lines of the functions."""

    @asset(key="tea")
    def other():
        return 1

    pattern = (
        r"key tea .* by hot\.tea \(.*test_loading\.py:\d+\) and by cold\.other \(.*test_loading\.py:\d+\)"
    )
    modules = [module_of("hot", tea=tea), module_of("cold", other=other)]
    with pytest.raises(DagflowInvalidDefinitionError, match=pattern):
        load_assets_from_modules(modules)
    with pytest.raises(DagflowInvalidDefinitionError, match=pattern):
        load_definitions_from_modules(modules)


def test_equal_specs_are_one():
    """Equal specs of several modules are one asset; different ones with one key are an error."""
    hot, cold = module_of("hot", spec=AssetSpec("lake")), module_of("cold", spec=AssetSpec("lake"))

    project = load_definitions_from_modules([hot, cold])

    assert project.resolve_all_asset_specs() == [lake.replace_attributes(group_name="default")]
    with pytest.raises(DagflowInvalidDefinitionError, match=r"key lake .* by hot\.spec and by deep\.spec"):
        load_definitions_from_modules([hot, module_of("deep", spec=AssetSpec("lake", group_name="deep"))])


def test_definitions_of_modules():
    """Assets, specs and jobs become Definitions; resources come from the arguments only."""
    kitchen = module_of(
        "kitchen",
        tea=tea,
        water=water,
        river=river,
        lake=lake,
        wash=wash,
        brew=brew,
        cup=cup,
        old=Definitions(),
    )

    project = load_definitions_from_module(kitchen, resources={"cup": cup}, executor=in_process_executor)

    assert keys_of(project.assets) == ["lake", "river", "tea", "water"]
    assert sorted(one.name for one in project.jobs) == ["brew", "wash"]
    assert (project.resources, project.executor) == ({"cup": cup}, in_process_executor)
    assert load_definitions_from_module(kitchen).resources == {}


def test_definitions_of_the_current_module():
    """The module of the caller is searched."""
    project = load_definitions_from_current_module()

    assert keys_of(project.assets) == ["lake", "river", "tea", "water"]
    assert [one.name for one in project.jobs] == ["brew", "wash"]


def test_definitions_of_a_package(package):
    """All modules of a package are searched, by its name and by its module."""
    project = load_definitions_from_package_name("kitchen")
    again = load_definitions_from_package_module(sys.modules["kitchen"])

    assert keys_of(project.assets) == ["ice", "lake", "river", "tea"]
    assert again.assets == project.assets
    assert [one.name for one in project.jobs] == ["brew"]
    assert project.get_job_def("brew").name == "brew"


def test_a_module_that_does_not_import(package):
    """The error of the module itself is raised, before the definitions are looked at."""
    (package / "broken.py").write_text(
        "from kitchen.hot import tea as first\nraise ZeroDivisionError('mine')\n"
    )
    (package / "hot2.py").write_text("from dagflow import asset\n@asset\ndef tea():\n    return 1\n")

    with pytest.raises(ZeroDivisionError, match=r"^mine$"):
        load_assets_from_package_name("kitchen")
    with pytest.raises(ZeroDivisionError, match=r"^mine$"):
        load_definitions_from_package_name("kitchen")


def test_refused_arguments():
    """A missing package, a module that is no package, and objects that are no modules are named."""
    plain = module_of("plain")
    with pytest.raises(ModuleNotFoundError, match="no_such_kitchen"):
        load_assets_from_package_name("no_such_kitchen")
    with pytest.raises(AttributeError, match="'plain' is not a package"):
        load_assets_from_package_module(plain)
    with pytest.raises(ParameterCheckError, match=r"'modules' must be a list of modules.*\[module\]"):
        load_assets_from_modules(plain)  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="'modules'"):
        load_assets_from_modules([3])  # type: ignore[list-item]
    with pytest.raises(ParameterCheckError, match="'key_prefix'"):
        load_assets_from_modules([], key_prefix=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'bogus'"):
        load_assets_from_modules([], bogus=1)  # type: ignore[call-arg]


def test_code_without_a_module():
    """Code that runs in no module cannot ask for the definitions of its module."""
    with pytest.raises(CheckError, match="<string>:1 is not in a module"):
        exec("load()", {"load": load_definitions_from_current_module, "__name__": "no_module"})


def test_conditions_and_policies():
    """All loaded assets get an automation condition and a backfill policy, instead of their own."""
    own = AssetSpec("own", automation_condition=AutomationCondition.on_missing())
    eager, whole = AutomationCondition.eager(), BackfillPolicy.single_run()
    module = module_of("cafe", tea=tea, river=river, own=own)

    loaded = load_assets_from_modules(
        [module], automation_condition=eager, backfill_policy=whole, include_specs=True
    )

    new_own, new_river, new_tea = sorted(loaded, key=lambda one: one.key)
    assert (new_own.automation_condition, new_tea.get_asset_spec().automation_condition) == (eager, eager)
    assert new_river.spec.automation_condition is None
    assert (new_tea.backfill_policy, tea.backfill_policy) == (whole, None)
    with pytest.raises(ParameterCheckError, match="'automation_condition'"):
        load_assets_from_modules([module], automation_condition="eager")
    with pytest.raises(ParameterCheckError, match="'backfill_policy'"):
        load_assets_from_modules([module], backfill_policy=1)
