"""Tests of the states of things outside of the code, and of their differences from recorded ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_dagflow.selecting.outside import states as module
from pytest_dagflow.selecting.outside.packages import versions_of
from pytest_dagflow.selecting.outside.places import Places
from pytest_dagflow.selecting.outside.states import States, glob_keys, keys_by_site, package_keys
from pytest_dagflow.selecting.outside.watch import Site, Watch


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Return the places of a project with one file of data."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    return Places(str(tmp_path))


def reasons(places: Places, recorded: dict[str, str], **environment: str) -> list[str]:
    """Return the differences from recorded states in words, as a new session finds them."""
    return [difference.reason for difference in States(places, environment).differences(recorded)]


def test_nothing_changed(places: Places):
    """Without a change there is no difference, whatever the salt of the session."""
    keys = ["file:data/x.csv", "file:none", "folder:data", "folder:none", "glob:**/*", "env:A", "env:NONE"]
    recorded = States(places, {"A": "1"}).states_to_record([*keys, *package_keys(["yaml"])])

    assert len(recorded) == 9
    assert reasons(places, recorded, A="1") == []


def test_what_changed_is_named(places: Places):
    """Each difference names the thing: its content, its absence, its appearance."""
    keys = ["file:data/x.csv", "file:new.csv", "folder:data", "glob:*.csv", "env:A", "env:B", "env:C"]
    recorded = States(places, {"A": "1", "B": "1"}).states_to_record(keys)
    (Path(places.root) / "data" / "x.csv").unlink()
    (Path(places.root) / "new.csv").write_text("1")

    assert reasons(places, recorded, A="2", C="1") == [
        "variable A changed",
        "variable B is not set",
        "variable C is set",
        "file data/x.csv is missing",
        "file new.csv is new",
        "the list of folder data changed",
        "the list of files *.csv changed",
    ]


def test_touching_a_file_is_no_change(places: Places):
    """Files are compared by content."""
    recorded = States(places, {}).states_to_record(["file:data/x.csv"])
    os.utime(Path(places.root) / "data" / "x.csv", ns=(1, 1))

    assert reasons(places, recorded) == []


def test_a_file_that_changes_during_the_session(places: Places):
    """Its content at the read is unknown, so it differs from everything."""
    path = Path(places.root) / "data" / "x.csv"
    watch = Watch(places)
    watch.stats["data/x.csv"] = (1, 1)
    recorded = States(places, {}).states_to_record(["file:data/x.csv"], watch)

    assert path.read_text() == "1"
    assert reasons(places, recorded) == ["file data/x.csv changed in the session that recorded it"]


def test_a_folder_has_the_state_of_its_read(places: Places):
    """Files that tests add after the read are a difference of the next session."""
    watch = Watch(places)
    watch.names["data"] = ("x.csv",)
    (Path(places.root) / "data" / "y.csv").write_text("1")
    recorded = States(places, {}).states_to_record(["folder:data"], watch)

    assert reasons(places, recorded) == ["the list of folder data changed"]


def test_a_digest_is_computed_once(places: Places, monkeypatch: pytest.MonkeyPatch):
    """The same file is read once in a session, until its time or size changes."""
    states = States(places, {})
    first = states.state("file:data/x.csv")
    monkeypatch.setattr(module, "digest_of_file", lambda path: "another")

    assert states.state("file:data/x.csv") == first
    os.utime(Path(places.root) / "data" / "x.csv", ns=(1, 1))
    assert states.state("file:data/x.csv") == "another"


def test_values_of_variables_are_not_kept(places: Places):
    """A record holds salted hashes, which differ between two records."""
    one, two = (States(places, {"TOKEN": "secret"}).states_to_record(["env:TOKEN"]) for _ in range(2))

    assert "secret" not in str(one)
    assert one != two


def test_versions_are_named(places: Places, monkeypatch: pytest.MonkeyPatch):
    """The reason names the distribution of a module and both versions."""
    recorded = States(places, {}).states_to_record(package_keys(["yaml", "os", "no_such_module"]))
    assert list(recorded) == ["package:PyYAML", "package:python"]
    monkeypatch.setattr(module, "version_of", lambda name: "99" if name == "PyYAML" else "")

    version = versions_of(["yaml"])["PyYAML"]
    assert reasons(places, recorded) == [
        f"PyYAML {version} -> 99",
        f"Python {versions_of([])['python']} -> missing",
    ]


@pytest.mark.parametrize(
    ("imported", "name"),
    [
        ("pytest", "pytest"),
        ("_pytest.config", "pytest"),
        ("yaml.nodes", "PyYAML"),
        ("sqlalchemy", "SQLAlchemy"),
    ],
)
def test_the_distribution_of_a_module(imported: str, name: str):
    """It is found by the files of the distribution, also if its name is another one."""
    assert list(versions_of([imported])) == ["python", name]


def test_names_without_a_distribution():
    """The standard library, the project and empty names have none."""
    assert list(versions_of(["os", "no_such_module", "", sys.stdlib_module_names and "json"])) == ["python"]


def test_files_of_globs(places: Places):
    """Hidden files count, environments do not; the list has a key too."""
    for name in (".env", ".venv/y.csv", "data/deep/z.csv"):
        path = Path(places.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")

    assert glob_keys(places.root, ["**/*.csv", ".env"]) == {
        "file:.env",
        "file:data/deep/z.csv",
        "file:data/x.csv",
        "glob:**/*.csv",
        "glob:.env",
    }


def test_keys_of_each_code(places: Places):
    """Reads are given as keys by the code that read them."""
    watch, site = Watch(places), Site("/project.py", 3)
    watch.files["data/x.csv"] = watch.folders["data"] = watch.variables["A"] = {site: None}

    assert keys_by_site(watch) == {site: {"file:data/x.csv", "folder:data", "env:A"}}


def test_no_package_is_imported_for_its_version():
    """The metadata alone give the version."""
    code = "import sys; from pytest_dagflow.selecting.outside.packages import versions_of; "
    code += "versions_of(['sqlalchemy']); sys.exit('sqlalchemy' in sys.modules or 'dagflow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
