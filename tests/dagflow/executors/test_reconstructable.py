"""`reconstructable`: which jobs this or a new process can load again, and which not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import pytest

import dagflow
from dagflow import (
    AssetKey,
    Definitions,
    JobDefinition,
    ReconstructableJob,
    asset,
    build_reconstructable_job,
    define_asset_job,
    graph,
    job,
    op,
    reconstructable,
)
from dagflow.errors import (
    CheckError,
    DagflowImportError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    ParameterCheckError,
)
from dagflow.executors.module_location import ModuleLocation
from dagflow.executors.reconstructable import load_job

SHOP = """
    from dagflow import graph, job, op
    count = []
    count.append(1)

    @op
    def beans():
        return 2

    @job
    def cafe():
        beans()

    @graph
    def bar():
        beans()

    def make_bar():
        return bar

    def named(name, tags=None):
        return bar.to_job(name=name, tags=tags)
    """


@op
def beans() -> int:
    return 2


@op
def brew(n: int) -> int:
    return n


@job
def cafe() -> None:
    brew(beans())


@graph
def bar() -> None:
    beans()


@asset
def water() -> int:
    return 1


@asset
def tea(water: int) -> int:
    return water


to_job = bar.to_job()
copied = cafe.with_metadata({})
renamed = cafe.with_metadata({})
renamed.__wrapped__ = cafe.__wrapped__  # type: ignore[attr-defined]
named_lambda = lambda: cafe  # noqa: E731


def make_cafe() -> JobDefinition:
    return cafe


def make_bar() -> Any:
    return bar


def make_assets() -> JobDefinition:
    defs = Definitions(assets=[water, tea], jobs=[define_asset_job("shop")])
    return defs.get_job_def("shop")


def with_arguments(name: str) -> JobDefinition:
    return bar.to_job(name=name)


def with_defaults(name: str = "kitchen", *more: str, **others: str) -> JobDefinition:
    return bar.to_job(name=name)


def no_job() -> None:
    return None


class Shop:
    """Functions that are not at the top of a module."""

    @staticmethod
    def static() -> JobDefinition:
        return cafe

    def method(self) -> JobDefinition:
        return cafe


def local_function() -> Any:
    def local() -> JobDefinition:
        return cafe

    return local


def local_job() -> Any:
    @job
    def inner() -> None:
        beans()

    return inner


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, with the module `shop_zz`, which is unloaded afterwards."""
    (tmp_path / "shop_zz.py").write_text(textwrap.dedent(SHOP))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "shop_zz", raising=False)
    yield tmp_path
    sys.modules.pop("shop_zz", None)


def in_a_fresh_process(program: str, folder: Path, *arguments: str) -> str:
    """Return the output of a program in a new interpreter."""
    root = str(Path(dagflow.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOAD = """
    import json, sys
    from dagflow.executors.reconstructable import load_job
    found = load_job(json.loads(sys.argv[1]), print)
    print(found.name, sys.modules[found.graph.node_dict["beans"].definition.body.fn.__module__].__file__)
    """


def test_a_job_is_found() -> None:
    """A job at module scope is loaded as the same object."""
    found = reconstructable(cafe)

    assert found.get_definition() is cafe
    assert found.job_name == "cafe"
    assert (found.op_selection, found.asset_selection) == (None, None)


@pytest.mark.parametrize(
    ("function", "name"), [(make_cafe, "cafe"), (make_bar, "bar"), (with_defaults, "kitchen")]
)
def test_a_function_is_found(function: Any, name: str) -> None:
    """A function at module scope is called; it returns a job, or a graph that becomes one."""
    assert reconstructable(function).job_name == name


def test_the_definition_is_made_once() -> None:
    """The function of a pointer is called once."""
    found = reconstructable(make_bar)

    assert found.get_definition() is found.get_definition()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (lambda: cafe, "Reconstructable target can not be a lambda"),
        (named_lambda, "Reconstructable target can not be a lambda"),
        (lambda n: cafe, "Reconstructable target can not be a lambda"),
        (
            local_function(),
            "'local_function.<locals>.local'.*Use a function or decorated function defined at",
        ),
        (local_job(), "'inner'.*'local_job.<locals>.inner'.*Use a function or decorated function defined at"),
        (Shop.static, "'static' has a different __qualname__ 'Shop.static'"),
        (Shop().method, "decorated function, got <class 'method'>"),
        (to_job, "job 'bar'.*you must wrap the ``to_job`` call in a function at module scope"),
        (copied, "was not a function returning a job definition, or a job definition produced by"),
        (renamed, "the attribute 'cafe' of module '.*test_reconstructable' is not the job 'cafe'"),
        (with_arguments, r"must be callable with no arguments, but 'with_arguments' needs \['name'\]"),
        (no_job, "Loadable attributes must be .* Got None.*'no_job' of module"),
        (bar, "got <class 'dagflow.*GraphDefinition'>"),
        (5, "got <class 'int'>"),
        ("cafe", "got <class 'str'>"),
    ],
)
def test_what_cannot_be_found(target: Any, message: str) -> None:
    """A target that another process could not find is refused at once, with the reason and a remedy."""
    with pytest.raises(DagflowInvariantViolationError, match=message):
        reconstructable(target)


def test_interactive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module without a file, such as a Python prompt, is refused."""
    monkeypatch.setattr("inspect.getmodule", lambda _: types.ModuleType("__main__"))

    with pytest.raises(
        DagflowInvariantViolationError, match=r"jobs defined in interactive environments.*'make_cafe'"
    ):
        reconstructable(make_cafe)


def test_a_subset_of_ops() -> None:
    """A subset is another pointer; its definition has the selected ops."""
    found = reconstructable(make_cafe)

    part = found.get_subset(op_selection=["beans"])

    assert part.op_selection == {"beans"}
    assert list(part.get_definition().graph.node_dict) == ["beans"]
    assert list(found.get_definition().graph.node_dict) == ["beans", "brew"]
    assert part.get_subset(op_selection=[]).op_selection is None


def test_a_subset_of_assets() -> None:
    """A subset of assets is chosen by their keys, in any spelling."""
    part = reconstructable(make_assets).get_subset(asset_selection=["water"])

    assert part.asset_selection == {AssetKey("water")}
    assert list(part.get_definition().graph.node_dict) == ["water"]


def test_a_subset_that_cannot_be() -> None:
    """A selection of the wrong type is refused at once, one that selects nothing in `get_definition`."""
    found = reconstructable(cafe)

    with pytest.raises(ParameterCheckError, match="'op_selection' must be a list or set, not 'beans'"):
        found.get_subset(op_selection="beans")
    with pytest.raises(ParameterCheckError, match="'asset_selection' must be a list or set, not 5"):
        found.get_subset(asset_selection=5)  # type: ignore[arg-type]
    with pytest.raises(DagflowInvalidSubsetError, match="'teaa'"):
        found.get_subset(op_selection={"teaa"}).get_definition()
    with pytest.raises(CheckError, match="both 'op_selection' and 'asset_selection'"):
        found.get_subset(op_selection=["beans"], asset_selection=["water"]).get_definition()


@pytest.mark.parametrize(
    "found",
    [
        reconstructable(cafe),
        reconstructable(cafe).get_subset(op_selection={"beans", "brew"}),
        reconstructable(make_assets).get_subset(asset_selection={AssetKey(["a", "b"]), AssetKey("c")}),
    ],
)
def test_json(found: ReconstructableJob) -> None:
    """A pointer survives JSON."""
    again = ReconstructableJob.from_dict(json.loads(json.dumps(found.to_dict())))

    assert again.to_dict() == found.to_dict()
    assert again.op_selection == found.op_selection
    assert again.asset_selection == found.asset_selection


def test_with_arguments(shop: Path) -> None:
    """A function is called with its arguments; the module is in the current directory."""
    found = build_reconstructable_job("shop_zz", "named", ("kitchen",), {"tags": {"a": "1"}})

    assert found.get_definition().name == "kitchen"
    assert found.get_definition().tags == {"a": "1"}
    assert ReconstructableJob.from_dict(found.to_dict()).job_name == "kitchen"


def test_in_another_folder(shop: Path, tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is in the given directory, which does not stay on the path."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    before = list(sys.path)

    found = build_reconstructable_job("shop_zz", "cafe", reconstructor_working_directory=str(shop))

    assert found.job_name == "cafe"
    assert found.location.file == str(shop / "shop_zz.py")
    assert sys.path == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ("no_such_zz", "f"),
            DagflowImportError,
            "No module named 'no_such_zz'.*while importing module 'no_",
        ),
        (
            ("shop_zz", "cafee"),
            DagflowInvariantViolationError,
            "'cafee' not found in module 'shop_zz'.*'cafe'",
        ),
        (("shop_zz", "count"), DagflowInvariantViolationError, r"Got \[1\].*'count' of module 'shop_zz'"),
        (("shop_zz", "named", (object(),)), DagflowInvariantViolationError, "argument 0 of 'shop_zz.named'"),
        (("shop_zz", "named", ((1,),)), DagflowInvariantViolationError, "JSON"),
        (("shop_zz", "named", (), {"name": {1}}), DagflowInvariantViolationError, "argument 'name'"),
        (("shop_zz", "named", ["a"]), ParameterCheckError, "'reconstructable_args'.*'tuple'"),
        ((5, "named"), ParameterCheckError, "'reconstructor_module_name'"),
    ],
)
def test_what_cannot_be_built(shop: Path, arguments: Any, error: Any, message: str) -> None:
    """The module, the function, its return value and the arguments are checked at once."""
    with pytest.raises(error, match=message):
        build_reconstructable_job(*arguments)


def test_the_cause_of_an_import_error(shop: Path) -> None:
    """The cause is the error of the module; the message names module and file; no module remains loaded."""
    (shop / "broken_zz.py").write_text("1 / 0\n")
    found = ReconstructableJob(ModuleLocation("broken_zz", str(shop / "broken_zz.py"), str(shop)), "cafe")

    with pytest.raises(
        DagflowImportError, match=r"ZeroDivisionError.*'broken_zz' \(file '.*broken_zz"
    ) as raised:
        found.get_definition()

    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert "broken_zz" not in sys.modules


def test_nothing_is_imported_twice(shop: Path) -> None:
    """An imported module is used by each pointer to it."""
    first = build_reconstructable_job("shop_zz", "cafe")
    module = sys.modules["shop_zz"]

    assert ReconstructableJob.from_dict(first.to_dict()).get_definition() is module.cafe
    first.location.load_for_steps()
    assert load_job(first.to_dict(), print) is module.cafe
    assert module.count == [1]


def test_a_module_is_found_by_name(shop: Path) -> None:
    """A new process imports the name from the directory of the pointer."""
    found = build_reconstructable_job("shop_zz", "cafe")
    elsewhere = shop / "elsewhere"
    elsewhere.mkdir()

    output = in_a_fresh_process(LOAD, elsewhere, json.dumps(found.to_dict()))

    assert output == f"cafe {shop / 'shop_zz.py'}"


def test_a_module_is_found_by_its_file(shop: Path) -> None:
    """If the name is unknown or leads to another file, the file is loaded under that name."""
    inner = shop / "tests" / "deep"
    inner.mkdir(parents=True)
    (shop / "shop_zz.py").rename(inner / "test_shop.py")
    (shop / "json_zz.py").write_text("")
    (inner / "json_zz.py").write_text(textwrap.dedent(SHOP))
    for name in ("tests.deep.test_shop", "json_zz"):
        file = inner / f"{name.rpartition('.')[2]}.py"
        found = ReconstructableJob(ModuleLocation(name, str(file), str(shop)), "cafe")

        assert in_a_fresh_process(LOAD, shop, json.dumps(found.to_dict())) == f"cafe {file}"


def test_a_script_is_found(shop: Path) -> None:
    """A script runs again under the names that multiprocessing uses, without its main part."""
    script = shop / "script_zz.py"
    main = "\n    if __name__ == '__main__':\n        raise RuntimeError('the main part')\n"
    script.write_text(textwrap.dedent(SHOP + main))
    found = ReconstructableJob(ModuleLocation("__main__", str(script), str(shop)), "cafe")

    output = in_a_fresh_process(
        LOAD.rstrip() + "\n    print(sys.modules['__main__'] is sys.modules['__mp_main__'])\n",
        shop,
        json.dumps(found.to_dict()),
    )

    assert output.split() == ["cafe", str(script), "True"]


def test_the_location_of_a_script(shop: Path) -> None:
    """A pointer to a job of the running script names its file, and for `python -m` its package."""
    (shop / "pack_zz").mkdir()
    (shop / "pack_zz" / "__init__.py").write_text("")
    (shop / "pack_zz" / "other.py").write_text("from dagflow import op\n@op\ndef beans(): ...\n")
    (shop / "pack_zz" / "start.py").write_text(
        "from dagflow import job, reconstructable\n"
        "from .other import beans\n"
        "@job\ndef cafe():\n    beans()\n"
        "if __name__ == '__main__':\n"
        "    import json\n    print(json.dumps(reconstructable(cafe).to_dict()))\n"
    )
    run = "import runpy; runpy.run_module('pack_zz.start', run_name='__main__', alter_sys=True)"

    pointer = in_a_fresh_process(run, shop)

    location = json.loads(pointer)["location"]
    assert (location["name"], location["package"]) == ("__main__", "pack_zz")
    of_multiprocessing = "from multiprocessing.spawn import get_preparation_data as data"
    program = f"{LOAD.rstrip()}\n    {of_multiprocessing}\n    print(data('')['init_main_from_name'])\n"
    output = in_a_fresh_process(program, shop, pointer)
    assert output.split("\n") == [f"cafe {shop / 'pack_zz' / 'other.py'}", "pack_zz.start"]
