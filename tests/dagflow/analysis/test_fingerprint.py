"""Fingerprints: which changes of a definition change which facet."""

from __future__ import annotations

import array
import functools
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dagflow
from dagflow.analysis.code.graph import CodeGraph
from dagflow.analysis.fingerprint import Fingerprint, fingerprint
from dagflow.errors import ParameterCheckError

HEAD = """
from __future__ import annotations
import functools
from dagflow import *

"""
BASE = '''
def helper(n):
    """Helps."""
    return n + 1

@op(config_schema={"n": int}, required_resource_keys={"db"})
def work(context, a: int, b=2) -> int:
    """Works."""
    # a comment
    return helper(a) + b
'''
GRAPH = """
@op
def one():
    return 1

@op
def same(n):
    return n

@graph
def g():
    same(one())

@job(resource_defs={"db": 1}, config={"ops": {}}, op_retry_policy=RetryPolicy(1))
def work():
    g()
"""
ASSET = """
@asset(partitions_def=StaticPartitionsDefinition(["a"]), resource_defs={"db": 1})
def work(up):
    return up
"""
HOOKED = """
@success_hook(required_resource_keys={"db"})
def cheer(context):
    print("well")

@op
def one():
    return 1
"""
HOOKED_JOB = (
    HOOKED + "work = GraphDefinition('g', node_defs=[one]).to_job(resource_defs={'db': 1}, hooks={cheer})"
)
HOOKED_NODE = (
    HOOKED
    + """
@graph
def work():
    one.with_hooks({cheer})()
"""
)
HOOKED_ASSET = (
    HOOKED
    + """
@asset(hooks={cheer})
def work():
    return 1
"""
)
MULTI = """
@multi_asset(
    specs=[
        AssetSpec("hot", deps=["beans"], metadata={"table": "t"}, skippable=True),
        AssetSpec("cold", deps=["hot"], skippable=True, partitions_def=None),
    ],
    can_subset=True,
    resource_defs={"db": 1},
)
def work():
    return 1
"""
OUTS = """
@multi_asset(
    outs={"hot": AssetOut(is_required=False), "cold": AssetOut(metadata={"table": "t"})},
    internal_asset_deps={"cold": {AssetKey("hot")}, "hot": {AssetKey("beans")}},
    deps=["beans"],
)
def work():
    return 1, 2
"""
GRAPH_ASSET = """
@op
def grind(beans):
    return beans

@op
def press(n):
    return n

@graph_asset(ins={"beans": AssetIn("beans")})
def work(beans):
    return press(grind(beans))
"""
CHECK = """
@asset_check(asset="beans", blocking=True, additional_deps=["water"], metadata={"most": 3})
def work(beans):
    return AssetCheckResult(passed=beans > 0)
"""
CHECKED = """
@asset(check_specs=[AssetCheckSpec("fresh", asset="work", blocking=True)])
def work():
    yield Output(1)
"""
OBSERVED = """
@observable_source_asset(metadata={"table": "t"}, resource_defs={"db": 1})
def work(context):
    return DataVersion("1")
"""
DECLARED = """
work = AssetSpec("outside", deps=["farm"], metadata={"table": "t"})
"""
RESOURCE = """
@resource({"n": int})
def work(context):
    return 1
"""
CONFIGURED = """
@op(config_schema={"n": int})
def inner(context):
    return 1

work = inner.configured({"n": 1}, name="work")
"""
MAPPED = """
@op(config_schema={"n": int})
def inner(context):
    return 1

def more(k):
    return {"inner": {"config": {"n": k + 1}}}

work = GraphDefinition("work", node_defs=[inner], config=ConfigMapping(more, int))
"""
FIXED = """
@op(config_schema={"n": int})
def inner(context):
    return 1

@graph(config={"inner": {"config": {"n": 1}}})
def work():
    inner()
"""
FIXED_INSIDE = (
    FIXED.replace("def work", "def around")
    + """
@job
def work():
    around()
"""
)
ALL = set(Fingerprint._fields)
ASSET_MANAGER = {"arguments", "resources"}


@pytest.fixture
def of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the fingerprint of `work` in a module with this source."""
    monkeypatch.chdir(tmp_path)

    def make(text: str, key: Any = None) -> Fingerprint:
        path = tmp_path / "pipeline.py"
        path.write_text(HEAD + text)
        module = ModuleType("pipeline")
        monkeypatch.setitem(sys.modules, "pipeline", module)
        exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
        return fingerprint(module.work, key)

    return make


def _changed(one: Fingerprint, other: Fingerprint) -> set[str]:
    return {name for name in Fingerprint._fields if getattr(one, name) != getattr(other, name)}


CHANGES: list[tuple[str, str, str, str, set[str]]] = [
    ("layout", BASE, "return helper(a) + b", "return (\\n        helper(a) + b\\n    )", set()),
    ("comment", BASE, "# a comment", "# another", set()),
    ("docstring", BASE, '"""Works."""', '"""Plays."""', set()),
    ("no docstring", BASE, '    """Works."""\n', "", set()),
    ("docstring of the helper", BASE, '"""Helps."""', "", set()),
    ("description", BASE, "@op(", '@op(description="d", ', set()),
    ("tags", BASE, "@op(", '@op(tags={"a": "1"}, ', set()),
    ("body", BASE, "helper(a) + b", "helper(a) - b", {"code"}),
    ("helper", BASE, "n + 1", "n + 2", {"code"}),
    ("version", BASE, "@op(", '@op(code_version="2", ', {"code"}),
    ("default", BASE, "b=2", "b=3", {"code", "arguments"}),
    ("policy", BASE, "@op(", "@op(retry_policy=RetryPolicy(2), ", {"retry"}),
    ("output", BASE, "@op(", "@op(out=Out(is_required=False), ", {"arguments"}),
    ("type", BASE, "a: int", "a: str", {"code", "types"}),
    ("config", BASE, '{"n": int}', '{"n": str}', {"config"}),
    ("config default", BASE, '{"n": int}', "Field(int, default_value=1)", {"config"}),
    ("resource", BASE, '{"db"}', '{"db", "x"}', {"resources"}),
    ("wiring", GRAPH, "same(one())", "same(same(one()))", ALL - {"partitions"}),
    ("inner body", GRAPH, "return n", "return n + 1", {"code"}),
    ("name of a node", GRAPH, "same(one())", 'same(one.alias("x")())', ALL - {"partitions"}),
    ("job's resource", GRAPH, '{"db": 1}', '{"db": "text"}', {"resources"}),
    ("job's config", GRAPH, '{"ops": {}}', '{"ops": {}, "loggers": {}}', {"config"}),
    ("job's policy", GRAPH, "RetryPolicy(1)", "RetryPolicy(2)", {"retry"}),
    (
        "job's partitions",
        GRAPH,
        "@job(",
        '@job(partitions_def=StaticPartitionsDefinition(["a"]), ',
        {"partitions"},
    ),
    ("asset's partitions", ASSET, '["a"]', '["a", "b"]', {"partitions"}),
    ("asset's key", ASSET, "@asset(", '@asset(key_prefix="p", ', {"arguments"}),
    ("asset's input", ASSET, "@asset(", '@asset(ins={"up": AssetIn("x")}, ', {"arguments"}),
    ("asset's resource", ASSET, '{"db": 1}', '{"db": "text"}', {"resources"}),
    ("asset's group", ASSET, "@asset(", '@asset(group_name="g", ', set()),
    ("hook of a job", HOOKED_JOB, '"well"', '"better"', {"hooks"}),
    ("hook of a node", HOOKED_NODE, '"well"', '"better"', {"hooks"}),
    ("resource of a hook", HOOKED_NODE, '{"db"}', "set()", {"hooks"}),
    ("hook of an asset", HOOKED_ASSET, '"well"', '"better"', {"hooks"}),
    ("metadata that I/O managers read", BASE, "@op(", '@op(out=Out(metadata={"a": 1}), ', {"arguments"}),
    ("metadata of an asset", ASSET, "@asset(", '@asset(metadata={"a": 1}, ', {"arguments"}),
    ("I/O manager of an asset", ASSET, "@asset(", '@asset(io_manager_key="db", ', ASSET_MANAGER),
    ("asset's own I/O manager", ASSET, "@asset(", "@asset(io_manager_def=mem_io_manager, ", ASSET_MANAGER),
    ("asset's version", ASSET, "@asset(", '@asset(code_version="2", ', {"code"}),
    ("asset's owner", ASSET, "@asset(", '@asset(owners=["team:a"], kinds={"csv"}, tags={"a": "b"}, ', set()),
    ("multi-asset's body", MULTI, "return 1", "return 2", {"code"}),
    ("multi-asset's subset", MULTI, "can_subset=True", "can_subset=False", {"arguments"}),
    ("multi-asset's internal dep", MULTI, 'deps=["hot"]', "deps=[]", {"arguments"}),
    ("multi-asset's outer dep", MULTI, 'deps=["beans"]', 'deps=["tea"]', {"arguments", "types"}),
    ("multi-asset's metadata", MULTI, '"t"', '"u"', {"arguments"}),
    ("multi-asset's resource", MULTI, '{"db": 1}', '{"db": "text"}', {"resources"}),
    ("multi-asset's version", MULTI, 'AssetSpec("hot", ', 'AssetSpec("hot", code_version="2", ', {"code"}),
    ("multi-asset's group", MULTI, 'AssetSpec("hot", ', 'AssetSpec("hot", group_name="g", ', set()),
    ("partitions of one asset", MULTI, "=None", '=StaticPartitionsDefinition(["a"])', {"partitions"}),
    ("output that is optional", OUTS, "is_required=False", "is_required=True", {"arguments"}),
    ("metadata of an output", OUTS, '"t"', '"u"', {"arguments"}),
    ("internal dep of outputs", OUTS, '{AssetKey("hot")}', "set()", {"arguments"}),
    (
        "I/O manager of an output",
        OUTS,
        "is_required=False",
        'is_required=False, io_manager_key="db"',
        {"arguments"},
    ),
    ("op in a graph asset", GRAPH_ASSET, "    return n", "    return n + 1", {"code"}),
    ("wiring of a graph asset", GRAPH_ASSET, "press(grind(beans))", "grind(press(beans))", {"code"}),
    ("key that a graph asset reads", GRAPH_ASSET, 'AssetIn("beans")', 'AssetIn("tea")', {"arguments"}),
    ("check's body", CHECK, "> 0", "> 1", {"code"}),
    ("check's blocking", CHECK, "blocking=True", "blocking=False", {"checks"}),
    ("check's dep", CHECK, '"water"', '"milk"', {"checks", "arguments", "types"}),
    ("check's asset", CHECK, 'asset="beans"', 'asset="tea"', {"checks", "arguments", "types"}),
    ("check's metadata", CHECK, "3}", "4}", {"checks", "arguments"}),
    ("check's description", CHECK, "blocking", 'description="d", blocking', set()),
    ("check inside an asset", CHECKED, "blocking=True", "blocking=False", {"checks"}),
    ("observing function", OBSERVED, '"1"', '"2"', {"code"}),
    ("observed asset's metadata", OBSERVED, '"t"', '"u"', {"arguments"}),
    ("observed asset's resource", OBSERVED, '{"db": 1}', '{"db": "text"}', {"resources"}),
    ("dep of a declared asset", DECLARED, '"farm"', '"field"', {"arguments"}),
    ("metadata of a declared asset", DECLARED, '"t"', '"u"', {"arguments"}),
    ("version of a declared asset", DECLARED, "deps", 'code_version="2", deps', {"code"}),
    ("group of a declared asset", DECLARED, "deps", 'group_name="g", deps', set()),
    ("resource's body", RESOURCE, "return 1", "return 2", {"code"}),
    ("resource's config", RESOURCE, "int", "str", {"config"}),
    ("config given beforehand", CONFIGURED, '"n": 1', '"n": 2', {"config"}),
    ("fixed config of a graph", FIXED, '"n": 1', '"n": 2', {"config"}),
    ("fixed config of a graph inside a job", FIXED_INSIDE, '"n": 1', '"n": 2', {"config"}),
    ("function that makes config", MAPPED, "k + 1", "k + 2", {"config"}),
    ("config of a function that makes config", MAPPED, "int)", "str)", {"config"}),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "facets"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_counts(of: Any, text: str, old: str, new: str, facets: set[str]) -> None:
    """Each change changes its facets and no others."""
    assert text.count(old) == 1
    changed = _changed(of(text), of(text.replace(old, new.encode().decode("unicode_escape"))))

    assert changed <= facets
    assert bool(changed) == bool(facets)


PARTS = """
@multi_asset(
    specs=[AssetSpec("hot", metadata={"a": 1}), AssetSpec("cold")],
    check_specs=[AssetCheckSpec("warm", asset="hot"), AssetCheckSpec("icy", asset="cold", blocking=True)],
)
def work():
    return 1
"""
HOT, COLD = dagflow.AssetKey("hot"), dagflow.AssetKey("cold")
WARM, ICY = dagflow.AssetCheckKey(HOT, "warm"), dagflow.AssetCheckKey(COLD, "icy")


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ("return 1", "return 2", [HOT, COLD, WARM, ICY]),
        ('{"a": 1}', '{"a": 2}', [HOT]),
        ('AssetSpec("cold"', 'AssetSpec("cold", code_version="2"', [COLD]),
        ("blocking=True", "blocking=False", [ICY]),
        ('asset="hot"', 'asset="hot", metadata={"a": 1}', [WARM]),
    ],
)
def test_each_part_of_a_definition_has_a_fingerprint(of: Any, old: str, new: str, keys: list[Any]) -> None:
    """The common function counts for each asset and check, a fact only for its own."""
    whole, other = of(PARTS), of(PARTS.replace(old, new))
    changed = [key for key in (HOT, COLD, WARM, ICY) if of(PARTS, key) != of(PARTS.replace(old, new), key)]

    assert PARTS.count(old) == 1
    assert changed == keys
    assert whole != other


def test_a_key_of_another_definition_is_an_error(of: Any) -> None:
    """The error names the definition and the key."""
    with pytest.raises(ParameterCheckError, match=r"'hot', 'cold'> has no asset or check .*'tea'"):
        of(PARTS, dagflow.AssetKey("tea"))


WAYS = {
    "closure": """
def make():
    def helper():
        return 1
    @op
    def work():
        return helper()
    return work
work = make()
""",
    "cache": """
@functools.lru_cache
def helper():
    return 1
@op
def work():
    return helper()
""",
    "deep": """
def deep():
    return 1
def helper():
    return deep()
@op
def work():
    return helper()
""",
    "recursion": """
def helper():
    return work and 1
@op
def work():
    return [helper() for _ in range(3)]
""",
    "object": """
class Callable:
    def __call__(self):
        return 1
work = op(name="work")(Callable())
""",
    "method": """
class Owner:
    def method(self):
        return 1
work = op(name="work")(Owner().method)
""",
    "arguments of a partial": """
def f(n):
    return n
work = op(name="work")(functools.partial(f, n=1))
""",
    "inside a partial": """
def f(n):
    return 1
work = op(name="work")(functools.partial(f, n=2))
""",
    "lambda": "work = op(name='work')(lambda: 1)",
    "no source": "exec('@op\\ndef work():\\n    return (lambda: 1)()')",
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
def test_code_is_found(of: Any, text: str) -> None:
    """The code of a called function is found, however it is called."""
    assert of(text) == of(text)
    assert {"code"} <= _changed(of(text), of(text.replace("1", "7"))) <= {"code", "arguments"}


def test_the_code_of_others_does_not_count(of: Any) -> None:
    """The code of the standard library is excluded, because it is another project."""
    text = "import textwrap\n@op\ndef work():\n    return textwrap.dedent('a')\n"
    before = of(text)

    assert before.code == of(text).code
    assert functools.reduce is not None


def test_another_process_says_the_same(tmp_path: Path) -> None:
    """The fingerprint does not depend on the hash seed of the process."""
    path = tmp_path / "pipeline.py"
    path.write_text(HEAD + BASE.replace('{"db"}', '{"db", "x", "y", "z"}'))
    code = (
        "import pipeline; from dagflow.testing import fingerprint; print(tuple(fingerprint(pipeline.work)))"
    )

    def run(seed: str) -> str:
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}",
        }
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert run("1") == run("2") != ""


@pytest.mark.parametrize("thing", [7, None, "work", print])
def test_what_is_no_definition(thing: Any) -> None:
    """The error names the value and its type."""
    with pytest.raises(
        ParameterCheckError, match="fingerprint takes an op, asset, graph, job or resource, not"
    ):
        fingerprint(thing)


def test_the_methods_of_classes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Methods of resource classes, nested resources and Config classes are included."""
    monkeypatch.chdir(Path(__file__).parent)  # the project is this folder, and not the whole repository

    class Mill(dagflow.ConfigurableResource[Any]):
        @property
        def beans(self) -> int:
            return 1

    class Other(dagflow.ConfigurableResource[Any]):
        @functools.cached_property
        def beans(self) -> int:
            return 3

    class Shop(dagflow.ConfigurableResource[Any]):
        machine: dagflow.ResourceDependency[Any]

        @staticmethod
        def name() -> str:
            return "shop"

    made = [fingerprint(given.get_resource_definition()).code for given in (Mill(), Mill(), Other())]
    assert made[0] == made[1] != made[2]
    shops = [Shop(machine=machine).get_resource_definition() for machine in (Mill(), Other())]
    assert fingerprint(shops[0]).code != fingerprint(shops[1]).code

    class One(dagflow.Config):
        def beans(self) -> int:
            return 1

    class Two(dagflow.Config):
        def beans(self) -> int:
            return 2

    def fn(config: Any) -> None: ...

    made = []
    for annotation in (One, One, Two):
        fn.__annotations__["config"] = annotation
        made.append(fingerprint(dagflow.op(fn)).config)
    assert made[0] == made[1] != made[2]


def _array(number: int) -> Any:
    return array.array("i", [*[0] * 2000, number, *[0] * 2000])


def _numpy_array(number: int) -> Any:
    return pytest.importorskip("numpy").array(_array(number))


@pytest.mark.parametrize("make", [_array, _numpy_array])
def test_the_whole_content_of_an_array_counts(make: Any, tmp_path: Path) -> None:
    """An array whose shortened repr stays the same differs by its content."""
    graph = CodeGraph(tmp_path)

    def print_of(number: int) -> Fingerprint:
        ins = {"rows": dagflow.In(default_value=make(number))}
        return fingerprint(dagflow.op(lambda rows: rows, name="brew", ins=ins), graph=graph)

    assert print_of(1) == print_of(1)
    assert print_of(1) != print_of(2)
