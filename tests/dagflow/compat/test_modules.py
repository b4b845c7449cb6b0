"""The modules below `dagster`. Each test runs in its own process, because `install()` changes the process."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import dagflow
from dagflow.compat.paths import MODULES
from dagflow.compat.spellings import as_dagflow


def run(code: str) -> str:
    """Run a program after `install()` and return its output."""
    program = f"from dagflow.compat import install\ninstall()\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_table() -> None:
    """Each row has an object of dagflow, and a name in several rows is the same object in all."""
    sources: dict[str, set[str]] = {}
    for row in MODULES.values():
        for name, source in row.items():
            place, _, own = source.partition(":")
            module = import_module(place)
            assert not own or hasattr(module, own), source
            sources.setdefault(name, set()).add(source)
    ambiguous = {name for name, found in sources.items() if len(found) > 1}
    assert ambiguous == {"*"}


def test_the_table_has_no_public_name() -> None:
    """A name that dagflow exports needs no row, because each module has it."""
    names = {as_dagflow(name) for row in MODULES.values() for name in row}

    assert not names & {*dagflow.__all__}


def test_every_module_can_be_imported() -> None:
    """Each module of the table can be imported, and has its own names and the public ones."""
    code = """
from importlib import import_module
import dagflow
from dagflow.compat.paths import MODULES
from dagflow.compat.spellings import as_dagflow
for name, row in MODULES.items():
    module = import_module(name)
    assert module.Definitions and module.__name__ == name
    assert all(getattr(module, each) is not None for each in row if each != "*")
import dagster._core.storage.db_io_manager as db
from dagster._core.storage.db_io_manager import DbIOManager, TimeWindow
from dagster._core import errors
from dagster._core.nowhere_yet import DbClient
import dagflow.io.db
print(DbIOManager is dagflow.io.db.DbIOManager, db.DbClient is dagflow.io.db.DbClient is DbClient)
print(errors.DagsterHomeNotSetError is dagflow.errors.DagflowHomeNotSetError)
from dagflow.compat import touched
print(touched())
"""
    assert run(code).splitlines() == ["True True", "True", "()"]


def test_modules_of_functions() -> None:
    """The private modules of checks, marks and records have the functions of this package."""
    code = """
import dagster._check as check
from dagster import _check, __version__ as first
from dagster._annotations import public
from dagster._record import record
from dagster_shared import check as shared
from dagster_shared.check import CheckError
from dagster.version import __version__
import dagster
print(check.str_param is shared.str_param, check is _check, CheckError is dagster._check.CheckError)
print(__version__ == first == dagster.__version__, __version__.split(".")[:2])
"""
    assert run(code).splitlines() == ["True True True", "True ['1', '13']"]


def test_names_that_are_missing() -> None:
    """A private name that is missing is a placeholder. A public name that is missing does not exist."""
    code = """
def error_of(code):
    try: exec(code)
    except Exception as error: print(type(error).__name__, error)
error_of("import dagster.nowhere")
error_of("from dagster import nowhere")
error_of("from dagster._core.launcher import RunLauncher, launch; print(RunLauncher); RunLauncher()")
error_of("import dagster._core.launcher.base; dagster._core.launcher.base.launch()")
error_of("from dagster._core import launcher; print(launcher.RunLauncher, launcher.DagsterType.__name__)")
error_of("from dagster._core.executor import Kind; print(Kind.FIRST); Kind.FIRST == 'first'")
error_of("import dagster._core.events.DagsterEvent")
error_of("from dagster import components; components.Component()")
error_of("from dagster.components.testing import nothing_yet; nothing_yet()")
"""
    lines = run(code).splitlines()

    assert lines[0] == "ModuleNotFoundError No module named 'dagster.nowhere'"
    assert lines[1].startswith("ImportError cannot import name 'nowhere' from 'dagster'")
    assert lines[2] == "<'dagster._core.launcher.RunLauncher', which is not in dagflow>"
    assert lines[3].startswith(
        "DagsterAbsentError 'dagster._core.launcher.RunLauncher' is a private name of Da"
    )
    assert lines[4].startswith("DagsterAbsentError 'dagster._core.launcher.base.launch' is a private name")
    assert lines[5] == "<'dagster._core.launcher.RunLauncher', which is not in dagflow> DagflowType"
    assert lines[6] == "<'dagster._core.executor.Kind.FIRST', which is not in dagflow>"
    assert lines[7].startswith("DagsterAbsentError 'dagster._core.executor.Kind.FIRST' is")
    assert lines[9].startswith("DagsterAbsentError 'Component' (a part of a project that is")
    assert lines[10].startswith("DagsterAbsentError 'dagster.components.testing.nothing_yet' is")
    assert lines[8] == "ModuleNotFoundError No module named 'dagster._core.events.DagsterEvent'"


def test_errors_and_warnings_that_are_missing() -> None:
    """The placeholder of a class of errors or warnings is such a class, the same at each import."""
    code = """
import warnings
from dagster._core.errors import DagsterUserCodeUnreachableError, SomeWarning
from dagster._core import errors
warnings.filterwarnings("ignore", category=SomeWarning)
try: raise ValueError
except DagsterUserCodeUnreachableError: print("no")
except ValueError: print(errors.DagsterUserCodeUnreachableError is DagsterUserCodeUnreachableError)
"""
    assert run(code) == "True"


def test_patches() -> None:
    """A patch works where dagflow has the name. Elsewhere its error names the placeholder."""
    code = """
from unittest import mock
import dagster
with mock.patch("dagster._core.events.DagsterEvent.step_key", 3):
    print(dagster.DagsterEvent.step_key)
with mock.patch("dagster._core.execution.api.execute_job", 4):
    from dagster._core.execution.api import execute_job
    print(execute_job)
from dagster._core.execution.api import execute_job
print(execute_job is dagster.execute_job)
for path in ("dagster._core.execution.api.create", "dagster._core.launcher.RunLauncher.launch"):
    try:
        with mock.patch(path): print("patched")
    except Exception as error: print(type(error).__name__, error)
"""
    lines = run(code).splitlines()

    assert lines[:3] == ["3", "4", "True"]
    assert lines[3].startswith("DagsterAbsentError 'dagster._core.execution.api.create' cannot be patched")
    assert lines[4].startswith(
        "DagsterAbsentError 'dagster._core.launcher.RunLauncher.launch' cannot be patched"
    )


def test_a_second_import_is_the_same_module() -> None:
    """After a removal from `sys.modules`, or a reload, the module is that of dagflow, not the real one."""
    code = """
import importlib, sys, dagster
del sys.modules["dagster"]
import dagster as again
print(again is dagster, importlib.reload(dagster) is dagster, dagster.AssetKey("a").path)
"""
    assert run(code) == "True True ['a']"


def test_the_registry_of_packages() -> None:
    """A package registers itself with Dagster's keyword."""
    code = """
from dagster_shared.libraries import DagsterLibraryRegistry
DagsterLibraryRegistry.register("dagster-cafe", "1.0", is_dagster_package=False)
DagsterLibraryRegistry.register("dagster-tea", "2.0")
print(*sorted(DagsterLibraryRegistry.get()))
"""
    assert run(code) == "dagflow dagster-cafe dagster-tea"


def test_nothing_is_installed_unasked() -> None:
    """Without `install()`, no module below `dagster` is found."""
    code = "import sys; import dagflow.compat.modules; print([type(each).__name__ for each in sys.meta_path])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'Finder'" not in done.stdout


def test_an_attribute_of_metadata() -> None:
    """The metadata of a table has Dagster's word before each name."""
    code = """
from dagster._core.definitions.metadata import TableMetadataSet
print({**TableMetadataSet(row_count=3)})
"""
    assert run(code) == "{'dagster/row_count': 3}"
