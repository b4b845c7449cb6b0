"""Tests of the record of reads: which calls are seen, and the code that each read belongs to."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_dagflow.selecting.outside.places import Places
from pytest_dagflow.selecting.outside.watch import Site, Watch, start_watch, stop_watch

# each statement reads the file or the folder `data` in another way
READERS = {
    "open('data/x.csv').close()": "file",
    "open(b'data/x.csv').close()": "file",
    "open(Path('data/x.csv')).close()": "file",
    "open('data/x.csv', 'r+').close()": "file",
    "Path('data/x.csv').read_text()": "file",
    "Path('data/x.csv').resolve().read_bytes()": "file",
    "io.FileIO('data/x.csv').close()": "file",
    "os.close(os.open('data/x.csv', os.O_RDONLY))": "file",
    "io.open_code(os.path.abspath('data/x.csv')).close()": "file",
    "shutil.copyfile('data/x.csv', 'copy.csv')": "file",
    "next(csv.reader(fileinput.input('data/x.csv')))": "file",
    "os.listdir('data')": "folder",
    "os.listdir(Path('data'))": "folder",
    "os.close(os.open('data', os.O_RDONLY))": "folder",
    "list(os.scandir('data'))": "folder",
    "list(Path('data').iterdir())": "folder",
    "list(Path('data').glob('*.csv'))": "folder",
    "glob.glob('data/*.csv')": "folder",
    "glob.glob('*.csv', root_dir='data')": "folder",
    "list(os.walk('data'))": "folder",
    "open('data/x.csv', 'w').close()": "",
    "open('data/x.csv', 'a').close()": "",
    "open('data/y.csv', 'x+').close()": "",
    "Path('data/x.csv').write_text('y')": "",
    "shutil.rmtree('data')": "",
    "linecache.getline(os.path.abspath('data/x.csv'), 1)": "",
}
IMPORTS = "import csv, fileinput, glob, importlib.util, io, linecache, os, shutil\nfrom pathlib import Path\n"


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Record the reads of a project in a temporary folder with one file of data."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    (tmp_path / "dag_part.py").write_text("import pathlib; prices = pathlib.Path('data/x.csv').read_text()\n")
    monkeypatch.chdir(tmp_path)
    watch = start_watch(Places(str(tmp_path)))
    yield watch
    stop_watch(watch)


def run_code(source: str, filename: str = "project.py", **names: Any) -> dict[str, Any]:
    """Execute code as that of a file of the project."""
    exec(compile(IMPORTS + source, os.path.abspath(filename), "exec"), names)
    return names


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("statement", "kind"), READERS.items())
def test_each_way_to_read_is_seen(watch: Watch, statement: str, kind: str):
    """Files and folders that the project reads are recorded with the line; writes are not."""
    run_code(statement)

    site = Site(os.path.abspath("project.py"), 3)
    assert watch.files == ({"data/x.csv": {site: None}} if kind == "file" else {})
    assert watch.folders == ({"data": {site: None}} if kind == "folder" else {})


def test_a_temporary_folder_that_is_deleted_is_not_read(watch: Watch):
    """The collector may delete it inside of any code, and gives the names in it without their folder."""
    run_code("import tempfile\nwith tempfile.TemporaryDirectory() as made: os.makedirs(made + '/data/a')")

    assert not watch.files
    assert not watch.folders


def test_a_read_belongs_to_the_nearest_code_of_the_project(watch: Watch):
    """A read inside of a library belongs to the function that called it, by its first line."""
    run_code("def load():\n    return shutil.copyfile('data/x.csv', 'copy.csv')\n\nload()")

    assert watch.files == {"data/x.csv": {Site(os.path.abspath("project.py"), 3): None}}


def test_a_missing_file_counts(watch: Watch):
    """A file that the code tries to open may exist in the next session."""
    run_code("try: open('data/none.csv')\nexcept OSError: pass")

    assert list(watch.files) == ["data/none.csv"]
    assert watch.stats == {"data/none.csv": None}


def test_a_product_of_the_session_is_no_source(watch: Watch):
    """A file that was written first does not count when it is read."""
    run_code("Path('out.csv').write_text('1'); Path('out.csv').read_text()")

    assert not watch.files


@pytest.mark.parametrize("folder", [".venv/lib", ".git", ".pytest_cache", "../elsewhere", "node_modules/x"])
def test_files_outside_of_the_project_do_not_count(watch: Watch, folder: str):
    """Environments, caches and other folders do not count."""
    run_code(f"try: open('{folder}/x.csv')\nexcept OSError: pass")

    assert not watch.files


@pytest.mark.parametrize("path", ["'.'", "os.getcwd()", "'data/..'", "os.getcwd() + '/'", ""])
def test_the_root_folder_itself(watch: Watch, path: str):
    """Its list counts too."""
    run_code(f"os.listdir({path})")

    assert list(watch.folders) == ["."]


def test_a_link_to_the_root_folder(tmp_path: Path):
    """Files count by the path of the session and by their real path."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    places = Places(str(tmp_path / "link"))

    assert places.file_of(str(tmp_path / "link" / "x.csv")) == "x.csv"
    assert places.file_of(str(tmp_path / "real" / "x.csv")) == "x.csv"


def test_a_repository_around_the_root_folder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Data may lie beside the root folder in the same repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "part").mkdir()
    (tmp_path / "prices.csv").write_text("1")
    monkeypatch.chdir(tmp_path / "part")
    watch = start_watch(Places(str(tmp_path / "part")))
    try:
        run_code("open('../prices.csv').close()")
    finally:
        stop_watch(watch)

    assert list(watch.files) == ["../prices.csv"]


def test_an_import_does_not_count(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    """The import of a module reads its file, but what the module itself reads counts."""
    monkeypatch.syspath_prepend(os.getcwd())
    monkeypatch.delitem(sys.modules, "dag_part", raising=False)

    run_code("import dag_part")

    assert watch.files == {"data/x.csv": {Site(os.path.abspath("dag_part.py"), 1): None}}
    assert not watch.folders
    del sys.modules["dag_part"]


def test_a_file_of_code_that_is_loaded_by_hand_counts(watch: Watch):
    """Without the import system the compiled file stands for its source."""
    load = "spec = importlib.util.spec_from_file_location('dag_part', os.path.abspath('dag_part.py'))\n"

    run_code(load + "spec.loader.exec_module(importlib.util.module_from_spec(spec))")

    assert "dag_part.py" in watch.files


def test_a_thread_without_code_of_the_project(watch: Watch):
    """The read belongs to the test that runs."""
    watch.test = "test_it.py::test_it"
    thread = threading.Thread(target=os.listdir, args=("data",))
    thread.start()
    thread.join()

    assert watch.folders == {"data": {Site("", 0, "test_it.py::test_it"): None}}


def test_an_inner_session_has_its_own_reads(watch: Watch, tmp_path: Path):
    """Only the innermost watch records, and after its end the outer one does again."""
    inner = start_watch(Places(str(tmp_path)))
    run_code("open('data/x.csv').close()")
    stop_watch(inner)
    run_code("os.listdir('data')")
    stop_watch(watch)
    run_code("open('later.csv', 'w').close(); open('later.csv').close()")

    assert (list(inner.files), list(inner.folders)) == (["data/x.csv"], [])
    assert (list(watch.files), list(watch.folders)) == ([], ["data"])


@pytest.mark.parametrize(
    "read",
    [
        "os.environ['DAG_X']",
        "os.environ.get('DAG_X')",
        "os.getenv('DAG_X')",
        "'DAG_X' in os.environ",
        "os.environ.setdefault('DAG_X', '2')",
        "os.path.expandvars('$DAG_X')",
        "os.environb[b'DAG_X']",
    ],
)
def test_a_variable_that_is_read_by_name(watch: Watch, monkeypatch: pytest.MonkeyPatch, read: str):
    """Each way to read one variable is recorded, also the second time."""
    monkeypatch.setenv("DAG_X", "1")

    run_code(f"def one(): return {read}\ndef two(): return {read}\none(), one(), two()")

    filename = os.path.abspath("project.py")
    assert watch.variables == {"DAG_X": {Site(filename, 3): None, Site(filename, 4): None}}


def test_a_missing_variable_counts(watch: Watch):
    """The error of Python is unchanged."""
    with pytest.raises(KeyError, match="DAG_NONE"):
        run_code("os.environ['DAG_NONE']")

    assert list(watch.variables) == ["DAG_NONE"]


@pytest.mark.parametrize(
    "statement",
    [
        "dict(os.environ)",
        "{**os.environ}",
        "os.environ.copy()",
        "os.environ | {}",
        "{}.update(os.environ)",
        "list(os.environ)",
        "list(os.environ.items())",
        "list(os.environ.values())",
        "repr(os.environ)",
        "os.environ == {}",
        "os.environ['DAG_Y'] = '1'",
        "os.environ.pop('DAG_Y', None) if 0 else None",
        "shutil.get_terminal_size()",
        "os.environ.get('PYTEST_CURRENT_TEST')",
    ],
)
def test_copies_and_reads_of_the_standard_library_do_not_count(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, statement: str
):
    """A copy of all variables, a write, and reads of the standard library for itself do not count."""
    monkeypatch.setenv("DAG_Y", "0")

    run_code(statement)

    assert not watch.variables


def test_variables_that_dagflow_reads_for_config(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    """`EnvVar` and the sources of config count for the code that starts the run."""
    monkeypatch.setenv("DAG_TOKEN", "secret")
    monkeypatch.setenv("DAG_PORT", "1")
    source = """
import dagflow

class Server(dagflow.ConfigurableResource):
    token: str

@dagflow.op(config_schema={"port": dagflow.IntSource})
def connect(context, server: Server):
    return server.token, context.op_config["port"]

@dagflow.job(resource_defs={"server": Server(token=dagflow.EnvVar("DAG_TOKEN"))})
def work():
    connect()

def start():
    config = {"ops": {"connect": {"config": {"port": {"env": "DAG_PORT"}}}}}
    return work.execute_in_process(config).output_for_node("connect")

result = start()
"""

    assert run_code(source, __name__="dag_project")["result"] == ("secret", 1)
    assert {"DAG_PORT", "DAG_TOKEN"} <= set(watch.variables)
    assert "NO_COLOR" not in watch.variables  # dagflow reads it for itself


def test_the_environment_stays_the_same_object_of_the_same_class(watch: Watch):
    """After the last watch its class is as before."""
    inside: Callable[..., Any] = type(os.environ).__getitem__
    stop_watch(watch)
    is_watched_outside = type(os.environ).__getitem__ is inside  # by the session of this test

    assert isinstance(os, ModuleType)
    assert type(os.environ).__name__ == "_Environ"
    assert is_watched_outside or "keys" not in vars(type(os.environ))


def test_an_error_of_the_record_is_no_error_of_the_code(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    """The code that reads goes on, and the watch knows that it missed a read."""

    def fail(*args: object, **options: object) -> None:
        raise LookupError("no places")

    monkeypatch.setattr(watch, "see_path", fail)

    assert Path("data/x.csv").read_text() == "1"

    assert repr(watch.failure) == "LookupError('no places')"


def test_an_error_of_the_record_of_variables(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    """A variable can be read, and the watch knows that it missed this."""

    def fail(*args: object, **options: object) -> None:
        raise LookupError("no places")

    monkeypatch.setenv("DAG_CUPS", "3")
    monkeypatch.setattr(watch, "see_variable", fail)

    assert os.environ["DAG_CUPS"] == "3"

    assert repr(watch.failure) == "LookupError('no places')"
