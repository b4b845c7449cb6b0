"""The modules below `dagster`. Each test runs in its own process, because `install()` changes the process."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from dagflow.compat.paths import MODULES


def run(code: str) -> str:
    """Run a program after `install()` and return its output."""
    program = f"from dagflow.compat import install\ninstall()\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_table() -> None:
    """Each name of the table is in its module of dagflow."""
    for row in MODULES.values():
        for place, names in row.items():
            assert all(hasattr(import_module(place), name) for name in names.split())


def test_every_module_can_be_imported() -> None:
    """Each module of the table can be imported, and has its own names and the public ones."""
    code = """
from importlib import import_module
from dagflow.compat.paths import MODULES
for name, row in MODULES.items():
    module = import_module(name)
    assert module.Definitions and module.__name__ == name
    assert all(getattr(module, each) for names in row.values() for each in names.split())
import dagster._core.storage.db_io_manager as db
from dagster._core.storage.db_io_manager import DbIOManager, TimeWindow
import dagflow.io.db
print(DbIOManager is dagflow.io.db.DbIOManager, db.DbClient is dagflow.io.db.DbClient)
"""
    assert run(code) == "True True"


def test_names_that_are_missing() -> None:
    """Other modules and names do not exist."""
    code = """
def error_of(code):
    try: exec(code)
    except ImportError as error: print(type(error).__name__, error)
error_of("import dagster._core.nowhere")
error_of("import dagster.nowhere")
error_of("from dagster._core import storages")
error_of("from dagster._core.storage.db_io_manager import nothing")
"""
    first, second, third, fourth = run(code).splitlines()
    assert first == "ModuleNotFoundError No module named 'dagster._core.nowhere'"
    assert second == "ModuleNotFoundError No module named 'dagster.nowhere'"
    assert third.startswith("ImportError cannot import name 'storages' from 'dagster._core'")
    assert fourth.startswith("ImportError cannot import name 'nothing' from 'dagster._core.storage.db_io_m")


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
