"""The homes of instances: the environment, `dagflow.yaml` and folders."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import re
from pathlib import Path

import pytest

from dagflow import (
    CheckError,
    DagflowHomeNotSetError,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
    DagflowStorageError,
    asset,
    materialize,
)


@asset
def water():
    return 1


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder that is set as the home."""
    monkeypatch.setenv("DAGFLOW_HOME", str(tmp_path))
    return tmp_path


# get


def test_a_home_remembers(home, caplog):
    """A reopened home has the earlier runs, logs, assets and files, and logs no warning."""
    with DagflowInstance.get() as instance:
        run_id = materialize([water], instance=instance).run_id
        assert (instance.is_ephemeral, instance.is_persistent) == (False, True)
        assert instance.root_directory == str(home)
        assert instance.storage_directory() == str(home / "storage")

    with DagflowInstance.get() as again:
        assert [run.run_id for run in again.get_runs()] == [run_id]
        assert again.all_logs(run_id)
        assert again.has_asset_key("water")
        assert repr(again) == f"<DagflowInstance, {home}>"
    assert sorted(os.listdir(home)) == ["history", "storage"]
    assert caplog.records == []


@pytest.mark.parametrize("value", [None, ""])
def test_no_home(monkeypatch, value):
    """Without DAGFLOW_HOME, nothing is opened and the error names the variable to set."""
    monkeypatch.delenv("DAGFLOW_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("DAGFLOW_HOME", value)

    with pytest.raises(DagflowHomeNotSetError, match="DAGFLOW_HOME is not set"):
        DagflowInstance.get()


@pytest.mark.parametrize("value", ["cafe", "./cafe"])
def test_a_relative_home(monkeypatch, value):
    """A relative path as the home raises an error that quotes it."""
    monkeypatch.setenv("DAGFLOW_HOME", value)

    with pytest.raises(DagflowInvariantViolationError, match=f'"{value}" must be an absolute path'):
        DagflowInstance.get()


def test_a_home_that_is_not_there(monkeypatch, tmp_path):
    """A missing home folder is not created, and the error quotes it."""
    monkeypatch.setenv("DAGFLOW_HOME", str(tmp_path / "nowhere"))

    with pytest.raises(DagflowInvariantViolationError, match="nowhere"):
        DagflowInstance.get()
    assert not (tmp_path / "nowhere").exists()


def test_a_home_below_that_of_the_user(monkeypatch, tmp_path):
    """A tilde in the path of the home is expanded."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DAGFLOW_HOME", "~")

    with DagflowInstance.get() as instance:
        assert instance.root_directory == str(tmp_path)


def test_a_run_without_an_instance_leaves_the_home_alone(home):
    """A run without an instance argument does not use the home."""
    materialize([water])

    assert os.listdir(home) == []


# settings


def test_settings(home, monkeypatch):
    """The settings set the storage and the folder for files, and may read environment variables."""
    (home / "elsewhere").mkdir()
    monkeypatch.setenv("CAFE_FILES", str(home / "files"))
    (home / "dagflow.yaml").write_text(f"""
storage:
  url: sqlite:///{home}/elsewhere/kept.db
local_artifact_storage:
  base_dir: {{env: CAFE_FILES}}
env:
  CAFE_FILES:
""")

    with DagflowInstance.get() as instance:
        materialize([water], instance=instance)
        assert instance.storage_directory() == str(home / "files" / "storage")
    assert (home / "elsewhere" / "kept.db").exists()
    assert (home / "files" / "storage" / "water").exists()
    assert os.listdir(home / "history") == []


def test_relative_paths_in_settings(home, monkeypatch):
    """Relative paths in settings are relative to the home, not to the current folder."""
    monkeypatch.chdir("/")
    (home / "dagflow.yaml").write_text(
        "storage: {url: 'sqlite:///kept.db?timeout=5'}\nlocal_artifact_storage: {base_dir: files}\n"
    )

    with DagflowInstance.get() as instance:
        materialize([water], instance=instance)
    assert (home / "kept.db").exists()
    assert (home / "files" / "storage" / "water").exists()


@pytest.mark.parametrize("text", ["", "# nothing\n", "storage:\n  {}\n", "{}"])
def test_settings_that_say_nothing(home, text):
    """With empty settings the storage is a file in the home."""
    (home / "dagflow.yaml").write_text(text)

    with DagflowInstance.get() as instance:
        assert instance.ref().url == f"sqlite:///{home / 'history' / 'dagflow.db'}"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("\nstorge:\n  url: x\n", 2, "\"storge\".*Did you mean 'storage'"),
        ("storage:\n  url: x\n  uri: y\n", 3, '"uri"'),
        ("env: {}\nstorage:\n  url: 3\n", 3, "root:storage:url"),
        ("storage:\n  url: {env: CAFE_NOT_SET}\n", 2, "CAFE_NOT_SET"),
        ("local_artifact_storage: cafe\n", 1, "local_artifact_storage"),
        ("env: {A: {}}\n", 1, "env"),
    ],
)
def test_settings_that_cannot_be(home, text, line, what):
    """The error about invalid settings has the line of each mistake."""
    (home / "dagflow.yaml").write_text(text)

    with pytest.raises(DagflowInvalidConfigError, match=rf"(?s)dagflow\.yaml, line {line}: .*{what}"):
        DagflowInstance.get()


def test_a_variable_that_has_to_be_set(home, monkeypatch):
    """Nothing is opened if a required environment variable is not set."""
    monkeypatch.delenv("CAFE_PASSWORD", raising=False)
    (home / "dagflow.yaml").write_text("env:\n  CAFE_PASSWORD:\n")

    with pytest.raises(DagflowInvariantViolationError, match=r"dagflow\.yaml, line 2: .*CAFE_PASSWORD"):
        DagflowInstance.get()


def test_an_unknown_log_level(home):
    """The error names the setting and its line."""
    (home / "dagflow.yaml").write_text("python_logs:\n  python_log_level: LOUD\n")

    with pytest.raises(CheckError, match=r"dagflow\.yaml, line 2: .*python_log_level .* level 'LOUD'"):
        DagflowInstance.get()


def test_settings_that_are_no_yaml(home):
    """The error about invalid YAML names file and line."""
    (home / "dagflow.yaml").write_text("storage:\n  url: [\n")
    with pytest.raises(DagflowInvariantViolationError, match=r"dagflow\.yaml', line 3"):
        DagflowInstance.get()

    (home / "dagflow.yaml").write_text("[storage]")
    with pytest.raises(CheckError, match=r"dagflow\.yaml' must contain a mapping"):
        DagflowInstance.get()


def test_settings_without_end(home):
    """A settings file that contains itself is invalid, and the error has the line."""
    (home / "dagflow.yaml").write_text("storage: &a\n  url: *a\n")

    with pytest.raises(DagflowInvalidConfigError, match="line 2"):
        DagflowInstance.get()


# folders


def test_a_temporary_folder():
    """A temporary folder is removed when the instance is disposed of."""
    with DagflowInstance.local_temp() as instance:
        folder = instance.root_directory
        materialize([water], instance=instance)
        assert os.path.exists(os.path.join(folder, "storage", "water"))
    assert not os.path.exists(folder)
    instance.dispose()


@pytest.mark.parametrize("name", ["a b", "what?", "50%", "a%3Fb", "c#d", "ü", "e&f=g", "user:word@host"])
def test_a_folder_of_any_name(tmp_path, name):
    """All files are inside the folder, whatever characters are in its name, and errors quote the name."""
    with DagflowInstance.local_temp(str(tmp_path / name)) as instance:
        run_id = materialize([water], instance=instance).run_id
        with DagflowInstance.from_ref(instance.ref()) as same:
            assert same.has_run(run_id)

    assert os.listdir(tmp_path) == [name]
    path = tmp_path / name / "history" / "dagflow.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DagflowStorageError, match=re.escape(str(path))):
        instance.get_runs()


def test_a_relative_folder(tmp_path, monkeypatch):
    """A relative folder is resolved when the instance is opened. A path object is accepted."""
    monkeypatch.chdir(tmp_path)
    with DagflowInstance.local_temp(Path("cafe")) as instance:
        monkeypatch.chdir("/")
        run_id = materialize([water], instance=instance).run_id

    assert instance.root_directory == str(tmp_path / "cafe")
    with DagflowInstance.local_temp(str(tmp_path / "cafe")) as same:
        assert same.has_run(run_id)


@pytest.mark.parametrize("taken", ["", "history", "storage"])
def test_a_folder_that_cannot_be_made(tmp_path, taken):
    """The error about a folder that cannot be created names it and the reason."""
    (tmp_path / "cafe").mkdir()
    inner = tmp_path / "cafe" / taken if taken else tmp_path / "cafe" / "file"
    inner.write_text("")
    home = tmp_path / "cafe" if taken else inner

    with pytest.raises(DagflowInvariantViolationError, match=rf"cafe.{taken or 'file'}.*cannot be created: "):
        DagflowInstance.local_temp(str(home))


def test_a_folder_that_nothing_can_be_called():
    """The error about an impossible folder name quotes it."""
    with pytest.raises(DagflowInvariantViolationError, match=r"x00.*null"):
        DagflowInstance.local_temp("a\x00b")


def test_a_temporary_folder_of_nobody():
    """An unreferenced temporary folder is removed with the instance."""
    instance = DagflowInstance.local_temp()
    folder = instance.root_directory
    instance.get_runs()

    del instance
    gc.collect()

    assert not os.path.exists(folder)


def test_a_folder_that_was_given(tmp_path):
    """A given folder is kept and can be opened again, and the instance is usable after `dispose`."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        run_id = materialize([water], instance=instance).run_id
    assert instance.has_run(run_id)
    instance.dispose()

    with DagflowInstance.local_temp(str(tmp_path)) as again:
        assert again.has_run(run_id)


def test_a_temporary_folder_with_settings_that_cannot_be(monkeypatch, tmp_path):
    """A temporary folder is removed if its settings are invalid."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(DagflowInvalidConfigError, match="storge"):
        DagflowInstance.local_temp(overrides={"storge": {}})
    assert os.listdir(tmp_path) == []


# other processes


def test_a_ref(tmp_path):
    """A ref can be pickled, and opens the same instance."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        run_id = materialize([water], instance=instance).run_id
        ref = pickle.loads(pickle.dumps(instance.ref()))

    with DagflowInstance.from_ref(ref) as other:
        assert other.ref() == ref
        assert other.storage_directory() == str(tmp_path / "storage")
        assert other.has_run(run_id)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://cafe:secret@host/cafe",
        "postgresql://cafe:se:cr/et@/cafe?host=a&password=secret&a=b",
    ],
)
def test_a_ref_hides_the_password(tmp_path, url):
    """The repr of a ref hides the password, and the ref still opens the storage."""
    ref = DagflowInstance.local_temp(str(tmp_path), {"storage": {"url": url}}).ref()

    assert ref.url == url
    assert "cafe:***@" in repr(ref)
    assert "secret" not in repr(ref)
    assert repr(ref).endswith(f"{str(tmp_path / 'storage')!r})")


def test_a_ref_of_what_is_in_memory():
    """An instance in memory has no ref, and the error names the stored instances."""
    with pytest.raises(DagflowInvariantViolationError, match="local_temp"):
        DagflowInstance.ephemeral().ref()


def test_a_ref_opens_nothing(tmp_path):
    """An instance from a ref does not open the database if only its folder is used."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        DagflowInstance.from_ref(instance.ref()).storage_directory()

    assert os.listdir(tmp_path / "history") == []


def test_lost_runs_are_hinted_at(home, caplog, output_of):
    """`get` logs a warning about runs with a dead process, and does not change them."""
    output_of(LEFT_BEHIND)

    with caplog.at_level(logging.WARNING, "dagflow"), DagflowInstance.get() as instance:
        (run,) = instance.get_runs()

    assert run.status.name == "STARTED"
    (record,) = caplog.records
    assert record.name == "dagflow"
    assert run.run_id in record.getMessage()
    assert "recover()" in record.getMessage()


LEFT_BEHIND = """
import os
from dagflow import DagflowInstance, job, op

@op
def dies():
    os._exit(0)

@job
def cafe():
    dies()

cafe.execute_in_process(instance=DagflowInstance.get())
"""
