"""Run config from YAML files and strings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    CheckError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    config_from_files,
    config_from_pkg_resources,
    config_from_yaml_strings,
)

NAMES = st.text(max_size=4)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(TREES)
def test_written_config_is_read(tree: dict[str, object]) -> None:
    """Any config is the same after it was written as YAML and read again."""
    assert config_from_yaml_strings([yaml.safe_dump(tree)]) == tree


@given(TREES, TREES)
def test_later_strings_are_merged_into_earlier_ones(
    below: dict[str, object], above: dict[str, object]
) -> None:
    """All values of the later string are kept, and the top-level keys that only the earlier one has."""
    texts = [yaml.safe_dump(below), yaml.safe_dump(above)]

    merged = config_from_yaml_strings(texts)

    assert config_from_yaml_strings([*texts, texts[1]]) == merged
    assert merged.keys() == below.keys() | above.keys()
    assert {key: merged[key] for key in below.keys() - above.keys()} == {
        key: below[key] for key in below.keys() - above.keys()
    }


@pytest.mark.parametrize(
    ("texts", "merged"),
    [
        ([], {}),
        (["{a: 1}", "{a: 2}"], {"a": 2}),
        (["{a: {b: 1, c: 1}}", "{a: {b: 2}}"], {"a": {"b": 2, "c": 1}}),
        (["{a: {b: 1}}", "{a: 2}"], {"a": 2}),
        (["{a: 2}", "{a: {b: 1}}"], {"a": {"b": 1}}),
        (["{a: [1]}", "{a: [2]}"], {"a": [2]}),
        (["{a: {b: 1}}", "{a: null}"], {"a": None}),
        (["{day: 2024-01-01, odd: 2024-13-45}"], {"day": "2024-01-01", "odd": "2024-13-45"}),
    ],
)
def test_merging(texts: list[str], merged: object) -> None:
    """Dicts are merged at every depth and other values are replaced; dates stay strings."""
    assert config_from_yaml_strings(texts) == merged


@pytest.mark.parametrize("text", ["- 1", "tea", ""])
def test_a_value_that_is_not_a_mapping(text: str) -> None:
    """The error names the string by its number."""
    with pytest.raises(CheckError, match="YAML string number 2 must contain a mapping"):
        config_from_yaml_strings(["{a: 1}", text])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [\nb: }", "line 2, column 4"),
        ("a: !!python/object/apply:os.getcwd []", "line 1"),
        ("a: 1\n---\nb: 2", "line 2"),
        ("? [1]\n: 2", "line 1"),
        ("a: \x00", "number 1"),
    ],
)
def test_invalid_yaml(text: str, place: str) -> None:
    """The error names the line; Python objects are never created."""
    with pytest.raises(DagflowInvariantViolationError, match=f"number 1.*{place}|{place}.*") as caught:
        config_from_yaml_strings([text])

    assert isinstance(caught.value.__cause__, yaml.YAMLError)


def test_files_and_globs(tmp_path: Path) -> None:
    """Files are merged in the given order, files of a glob by name; an empty file adds nothing."""
    (tmp_path / "b.yaml").write_text("ops: {n: {config: 2}}")
    (tmp_path / "a.yaml").write_text("ops: {n: {config: 1}, m: {config: 1}}")
    (tmp_path / "empty.yaml").write_text("\n")

    assert config_from_files([str(tmp_path / "?.yaml")]) == {"ops": {"n": {"config": 2}, "m": {"config": 1}}}
    assert config_from_files([str(tmp_path / name) for name in ("b.yaml", "a.yaml", "empty.yaml")]) == {
        "ops": {"n": {"config": 1}, "m": {"config": 1}}
    }


def test_missing_files(tmp_path: Path) -> None:
    """Each pattern must match a file, and the file must be readable."""
    (tmp_path / "bad.yaml").write_text("a: [\nb: }")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xfa")

    with pytest.raises(DagflowInvariantViolationError, match=r"pattern '.*no\*' was found"):
        config_from_files([str(tmp_path / "no*")])
    with pytest.raises(
        DagflowInvariantViolationError, match=r"file '.*bad.yaml', line 2, column 4 is not valid"
    ):
        config_from_files([str(tmp_path / "bad.yaml")])
    with pytest.raises(DagflowInvariantViolationError, match=r"binary.yaml' cannot be read"):
        config_from_files([str(tmp_path / "binary.yaml")])
    with pytest.raises(ParameterCheckError, match="config_files"):
        config_from_files(str(tmp_path))  # a string is a sequence too


def test_files_in_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is found by the name of its package and its path in the package."""
    package = tmp_path / "shop_of_test_yaml"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "run.yaml").write_text("ops: {}")
    monkeypatch.syspath_prepend(tmp_path)

    assert config_from_pkg_resources([("shop_of_test_yaml", "run.yaml")]) == {"ops": {}}
    with pytest.raises(
        DagflowInvariantViolationError, match=r"'no\.yaml' of the package 'shop_of_test_yaml'"
    ):
        config_from_pkg_resources([("shop_of_test_yaml", "no.yaml")])
    with pytest.raises(DagflowInvariantViolationError, match="package 'no_such_package'"):
        config_from_pkg_resources([("no_such_package", "run.yaml")])
    del sys.modules["shop_of_test_yaml"]
