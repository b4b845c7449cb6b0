"""Dagster's spellings. Each test runs in its own process, because `install()` changes the whole process."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dagflow
from dagflow.absent_names import FROM_PYTHON, TOPICS
from dagflow.compat.spellings import TABLE

PAGE = Path(__file__).parents[3] / "docs" / "existing-suites.md"
WORD = re.compile("^(?!_).*dagflow")


def run(code: str) -> str:
    """Run a program after `install()` and return its output."""
    program = f"from dagflow.compat import install\ninstall()\nimport dagster as dg\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_page_is_true(pytester: pytest.Pytester) -> None:
    """The test suite on the page passes with the conftest.py on the page."""
    files = dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S))
    del files["test_components"]  # for the page's session on both runtimes, see test_dag_runtime.py
    pytester.makepyfile(**files)

    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_every_public_name_is_there() -> None:
    """The module has each public name of dagflow in Dagster's spelling, the absent names, and no others."""
    code = "print(*sorted(dg.__all__)); print([n for n in dg.__all__ if not hasattr(dg, n)])"
    names, missing = run(code).splitlines()

    absent = [name for topic in TOPICS if topic.instead is not FROM_PYTHON for name in topic.names]
    assert names.split() == sorted(
        name.replace("dagflow", "dagster").replace("Dagflow", "Dagster")
        for name in (*dagflow.__all__, *absent)
    )
    assert missing == "[]"


def test_definitions_are_the_same_objects() -> None:
    """A name imported from `dagster` is the class of dagflow, also in a star import."""
    code = (
        "import dagflow\nfrom dagster import *\nprint(In is dagflow.In, DagsterType is dagflow.DagflowType)"
    )

    assert run(code) == "True True"


def test_errors_bear_the_other_name_and_can_be_pickled() -> None:
    """Error classes have Dagster's names, also in events, and can be pickled."""
    code = """
import pickle
error = pickle.loads(pickle.dumps(dg.DagsterInvalidDefinitionError("no")))
@dg.op
def spill(): raise ValueError
result = dg.graph(name="g")(lambda: spill()).execute_in_process(raise_on_error=False)
print(type(error).__name__, result.failure_data_for_node("spill").error.cls_name)
print(dg.DagsterExecutionInterruptedError.__name__, dg.Failure.__name__)
"""
    assert run(code).splitlines() == [
        "DagsterInvalidDefinitionError DagsterExecutionStepExecutionError",
        "DagsterExecutionInterruptedError Failure",
    ]


def test_keywords_and_attributes() -> None:
    """Definitions and functions accept and return types under Dagster's names. Positional arguments still
    work.
    """
    code = """
for made in (dg.In, dg.DynamicOut, dg.AssetIn, dg.build_input_context):
    one = made(dagster_type=int)
    assert one.dagster_type is one.dagflow_type is not None
assert type(dg.In(int).dagster_type) is type(dg.In(dagster_type=int).dagster_type)
assert dg.InputMapping("a", "b", "c", dagster_type=int).dagster_type is int
assert not dg.check_dagster_type(dagster_type=int, value="a").success
assert dg.DagsterTypeCheckDidNotPass("no", dagster_type=3).dagster_type == 3
assert dg.MetadataValue.dagster_run("r").run_id == "r"
"""
    run(code)


def test_both_spellings_at_once_are_refused() -> None:
    """The same argument in both spellings is an error."""
    code = "try: dg.In(dagster_type=int, dagflow_type=str)\nexcept TypeError as error: print(error)"

    assert "both 'dagster_type' and 'dagflow_type' were given" in run(code)


def test_tags_of_both_spellings_are_read() -> None:
    """Kinds and priorities are read with both prefixes, and tags are written with Dagster's."""
    code = """
one = dg.AssetSpec("a", tags={"dagflow/kind/x": "", "dagster/kind/y": ""}, kinds={"z"})
print(sorted(one.kinds), [tag for tag in one.tags if tag.endswith("z")])
"""
    assert run(code) == "['x', 'y', 'z'] ['dagster/kind/z']"


def test_the_home_of_both_spellings() -> None:
    """The home may be set by DAGSTER_HOME, and a test instance sets both variables."""
    code = """
import os, tempfile
os.environ.pop("DAGFLOW_HOME", None)
os.environ["DAGSTER_HOME"] = home = tempfile.gettempdir() + "/nowhere-at-all"
try: dg.DagsterInstance.get()
except dg.DagsterInvariantViolationError as error: print("DAGSTER_HOME" in str(error), home in str(error))
with dg.instance_for_test() as instance:
    print(os.environ["DAGSTER_HOME"] == os.environ["DAGFLOW_HOME"] == instance.root_directory)
    print(dg.DagsterInstance.get().root_directory == instance.root_directory)
print(os.environ["DAGSTER_HOME"] == home, "DAGFLOW_HOME" in os.environ)
with dg.instance_for_test(set_dagster_home=False):
    print(os.environ["DAGSTER_HOME"] == home)
"""

    assert run(code).split() == ["True", "True", "True", "True", "True", "False", "True"]


def test_records_of_the_log() -> None:
    """Log records have run and step under Dagster's name too."""
    code = """
import logging
seen = []
class Seen(logging.Handler):
    def emit(self, record): seen.append(record)
logging.getLogger().addHandler(Seen())
@dg.op
def brew(context): context.log.warning("hot")
dg.graph(name="g")(lambda: brew()).execute_in_process()
(record,) = [record for record in seen if record.levelname == "WARNING"]
print(record.dagster_meta is record.dagflow_meta, record.dagster_meta["step_key"])
"""
    assert run(code) == "True brew"


def test_what_is_absent_is_said() -> None:
    """A name that dagflow does not have raises AttributeError with a hint."""
    code = """
try: from dagster import nope
except ImportError as error: print(error)
try: dg.NoDagsterThing
except AttributeError as error: print(error)
"""
    imported, read = run(code).splitlines()

    assert re.fullmatch(r"cannot import name 'nope' from 'dagster' \(.*compat.__init__\.py\)", imported)
    assert "dagflow has no 'NoDagflowThing'" in read


def test_an_absent_name_can_be_imported() -> None:
    """A module that imports an absent name runs; also if an annotation names it, or a filter of warnings."""
    code = """
import warnings
from typing import Optional, get_type_hints
from dagster import BetaWarning, asset, materialize_to_memory, load_from_defs_folder, ComponentTree
warnings.filterwarnings("ignore", category=BetaWarning)
@asset
def water(): return 1
def unused(context: Optional[ComponentTree], other: None | ComponentTree): pass
get_type_hints(unused)
print(materialize_to_memory([water]).asset_value("water"), load_from_defs_folder)
print(hasattr(load_from_defs_folder, "key"))
"""
    assert run(code) == "1 <'dagster.load_from_defs_folder', which is not in dagflow>\nFalse"


@pytest.mark.parametrize(
    "use",
    [
        "@dg.load_from_defs_folder\ndef both(): pass",
        "@dg.load_from_defs_folder(specs=[])\ndef both(): pass",
        "class Own(dg.load_from_defs_folder): pass\nOwn()",
        "class Own(dg.load_from_defs_folder['a'], dict): pass\nOwn(1, a=2)",
        "isinstance(1, dg.load_from_defs_folder)",
        "issubclass(int, dg.load_from_defs_folder)",
        "dg.load_from_defs_folder < 3",
        "list(dg.load_from_defs_folder)",
        "dg.load_from_defs_folder.key",
    ],
)
def test_an_absent_name_raises_when_it_is_used(use: str) -> None:
    """The error of each use names the absent name, its meaning and a remedy, with the user's own line."""
    code = f"""
import traceback
try: exec({use!r})
except (dg.DagsterInvalidDefinitionError, AttributeError) as error:
    print(error, traceback.extract_tb(error.__traceback__)[1].filename)
"""

    assert run(code) == (
        "'load_from_defs_folder' (loads the definitions of the folder of a project) is not in dagflow. "
        "Write the definitions in Python and give them to Definitions(...). <string>"
    )


def test_an_absent_argument_is_named() -> None:
    """The error about an argument that dagflow does not have is the same with Dagster's names."""
    code = "try: dg.Definitions(component_tree=[])\nexcept dg.DagsterAbsentError as error: print(error)"

    assert run(code).startswith("the argument 'component_tree' of Definitions (")


def test_a_second_call_changes_nothing() -> None:
    """A second call returns the same module and does not wrap again."""
    code = "before = dg.In.__init__\nprint(install() is dg, dg.In.__init__ is before)"

    assert run(code) == "True True"


def test_the_real_one_is_not_replaced() -> None:
    """`install()` raises if the real Dagster is imported, and names its file."""
    code = """
import sys, types
sys.modules["dagster"] = types.ModuleType("dagster")
sys.modules["dagster"].__file__ = "site-packages/dagster.py"
from dagflow import DagflowInvariantViolationError, In
from dagflow.compat import install
try: install()
except DagflowInvariantViolationError as error: print(error, hasattr(In, "dagster_type"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "imported the real 'dagster', from 'site-packages/dagster.py'" in done.stdout
    assert done.stdout.endswith("False\n")


def test_nothing_is_installed_unasked() -> None:
    """Without `install()`, Dagster's spellings do not exist."""
    assert not hasattr(dagflow.In, "dagster_type")
    assert "compat" not in ((sys.modules.get("dagster") and sys.modules["dagster"].__file__) or "")


def test_the_table_is_complete() -> None:
    """Every public attribute and parameter with the word dagflow is in the table."""
    found = set()
    for module in pkgutil.walk_packages(dagflow.__path__, "dagflow."):
        place = module.name.removeprefix("dagflow.")
        if place.partition(".")[0] in ("compat", "plan", "engine"):
            continue  # objects of these classes are internal
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.startswith("_") or getattr(value, "__module__", "") != module.name:
                continue
            makers = [value] if inspect.isfunction(value) else []
            if inspect.isclass(value):
                private = [base for base in value.__bases__ if base.__name__.startswith("_")]
                own = {item for cls in (value, *private) for item in vars(cls)}
                inherited = {item for base in {*value.__bases__} - {*private} for item in dir(base)}
                found |= {(place, name, f".{item}") for item in own - inherited if WORD.match(item)}
                makers = [vars(value)[maker] for maker in ("__init__", "__new__") if maker in vars(value)]
            parameters = [item for maker in makers for item in inspect.signature(maker).parameters]
            found |= {(place, name, f"{item}=") for item in parameters if WORD.match(item)}

    listed = {
        (place, name, spelling.replace("dagster", "dagflow"))
        for (place, name), spellings in TABLE.items()
        for spelling in spellings.split()
    }
    assert found - BUILT_BY_DAGFLOW | SET_WHEN_MADE == listed


BUILT_BY_DAGFLOW = {
    ("context.io", "InputContext", "dagflow_type="),
    ("context.io", "OutputContext", "dagflow_type="),
}
"""Constructors that users do not call."""

SET_WHEN_MADE = {
    ("context.log", "DagflowLogManager.create", "dagflow_run="),
    ("defs.project.libraries", "DagflowLibraryRegistry.register", "is_dagflow_package="),
    ("errors", "DagflowTypeCheckDidNotPass", ".dagflow_type"),
}
"""Attributes that no class has, and parameters of class methods."""


def test_deprecated_arguments() -> None:
    """A deprecated argument is accepted, with its warning at the line of the call."""
    code = """
import warnings
from dagflow.compat.deprecations import ARGUMENTS
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    @dg.asset(compute_kind="sql")
    def tea(): pass
    @dg.asset
    def milk(): pass
    dg.define_asset_job("all", partitions_def=dg.StaticPartitionsDefinition(["a"]))
    dg.define_asset_job("all")
    dg.MetadataEntry("cups", value=3)
print(*[f"{each.category.__name__} {each.message}" for each in found], sep="\\n")
print({each.filename for each in found}, [dg.asset.__name__, len(ARGUMENTS)])
import inspect
for name, row in ARGUMENTS.items():
    assert {argument for argument, _, _ in row} <= {*inspect.signature(getattr(dg, name)).parameters}
"""
    assert run(code).splitlines() == [
        "DeprecationWarning Parameter `compute_kind` of function `asset` is deprecated and will be removed "
        "in 1.10.0. Use `kinds` instead.",
        "DeprecationWarning Parameter `partitions_def` of function `define_asset_job` is deprecated and will "
        "be removed in 2.0.0. The selected assets have the partitions.",
        "DeprecationWarning Class `MetadataEntry` is deprecated and will be removed in 2.0. Use a dict with "
        "`MetadataValue` values instead.",
        "{'<string>'} ['asset', 9]",
    ]


def test_a_home_with_settings_of_dagster(tmp_path: Path) -> None:
    """The dagster.yaml of DAGSTER_HOME is read, with the lines of errors; loggers have Dagster's names."""
    (tmp_path / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\npython_logs: {python_log_level: ERROR}\n"
    )
    code = """
import os
HOME = os.environ["DAGSTER_HOME"] = FOLDER
with dg.DagsterInstance.get() as instance:
    print(dg.default_system_loggers(instance)[0][1])
open(HOME + "/dagster.yaml", "a").write("nope: 1\\n")
try:
    dg.DagsterInstance.get()
except dg.DagsterInvalidConfigError as error:
    print("dagster.yaml, line 3" in str(error))
run = dg.DagsterRun("cafe")
print(dg.get_dagster_logger("tea").name, dg.DagsterLogManager.create([], dagster_run=run).name)
"""
    assert run(code.replace("FOLDER", repr(str(tmp_path)))).splitlines() == [
        "{'name': 'dagster', 'log_level': 'ERROR'}",
        "True",
        "dagster.builtin.tea dagster",
    ]
