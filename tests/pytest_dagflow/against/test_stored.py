"""The values of both sides as pickles."""

from __future__ import annotations

import sys
import threading
import types
from fractions import Fraction
from pathlib import Path

import pytest

from pytest_dagflow.against import stored
from pytest_dagflow.against.neutral import Neutral, without_addresses
from pytest_dagflow.against.records import Value
from pytest_dagflow.against.stored import StoredValues, load_value

LARGE = list(range(5000))


class Refusing:
    """A value whose pickling raises."""

    def __reduce__(self):
        raise OSError("no")

    def __repr__(self):
        raise ValueError("no")


class Interrupting:
    """A value whose pickling is interrupted."""

    def __reduce__(self):
        raise KeyboardInterrupt


@pytest.fixture
def values(request, tmp_path):
    """Return a folder of values."""
    return StoredValues(tmp_path, Neutral(request.config))


def test_a_value_comes_back_and_equal_values_are_one_file(values, tmp_path):
    """A small value has no file. The digest of a larger one is the name of its file."""
    small, first, again = values.add({"a": [Fraction(1, 2)]}), values.add(LARGE), values.add(LARGE)

    assert first == again == Value(first.digest, "list")
    assert [file.name for file in tmp_path.iterdir()] == [first.digest]
    assert load_value(tmp_path, first) == LARGE
    assert load_value(tmp_path, small) == {"a": [Fraction(1, 2)]}


def test_a_value_that_cannot_be_pickled_is_recorded_with_the_reason(values, tmp_path):
    """Neither a lambda nor a lock nor a broken class is an error, and the texts have no addresses."""
    with open(tmp_path / "open", "w", encoding="utf-8") as file:
        found = [values.add(one) for one in (lambda: 1, threading.Lock(), file, Refusing())]

    assert {one.digest for one in found} == {""}
    assert [one.problem.split(": ")[0] for one in found] == [
        "it cannot be pickled",
        "it cannot be pickled",
        "it is an iterator, which can be read only once",
        "it cannot be pickled",
    ]
    assert not any("0x" in one.text + one.problem for one in found)
    assert found[-1].text == "<Refusing instance>"
    with pytest.raises(ValueError, match=r"it cannot be pickled: OSError: no"):
        load_value(tmp_path, found[-1])


def test_a_generator_is_not_consumed(values):
    """An iterator has its items after it was recorded."""
    numbers = (number for number in range(3))
    items = iter([1, 2])

    assert values.add(numbers).problem == values.add(items).problem != ""
    assert [*numbers, *items] == [0, 1, 2, 1, 2]


def test_an_interrupt_passes(values):
    """Ctrl-C in the code of a value stops the session."""
    with pytest.raises(KeyboardInterrupt):
        values.add(Interrupting())


def test_a_large_value_has_a_digest_and_no_file(values, tmp_path, monkeypatch):
    """Large values can be compared by their digest."""
    monkeypatch.setattr(stored, "MAX_BYTES", 2**20)

    found = values.add(b"x" * 2**21)

    assert len(found.digest) == 64
    assert "more than 1 MB" in found.problem
    assert not list(tmp_path.iterdir())
    assert values.add(b"x" * 2**21) == found
    with pytest.raises(ValueError, match="more than 1 MB"):
        load_value(tmp_path, found)


def test_a_slow_value_is_given_up(values, monkeypatch):
    """A value that takes too long has no digest."""
    monkeypatch.setattr(stored, "MAX_SECONDS", -1.0)

    assert values.add([1]) == Value("", "list", "[1]", "to pickle it takes more than -1 seconds")


def test_only_files_that_were_written_are_loaded(values, tmp_path):
    """A digest is no path, and a changed file is refused before it is unpickled."""
    found = values.add(LARGE)
    (tmp_path / found.digest).write_bytes(b"cos\nsystem\n(S'true'\ntR.")

    with pytest.raises(ValueError, match="its file is damaged"):
        load_value(tmp_path, found)
    with pytest.raises(ValueError, match=r"'\.\./other' is not the digest of a value"):
        load_value(tmp_path, Value("../other", "list"))
    with pytest.raises(ValueError, match="its file cannot be read"):
        load_value(tmp_path, Value("0" * 64, "list"))


def test_a_class_that_does_not_exist_here_is_named(values, tmp_path, monkeypatch):
    """The class or module of the other side may be gone."""
    module = types.ModuleType("gone_shop")
    module.Fare = type("Fare", (), {"__module__": "gone_shop"})
    monkeypatch.setitem(sys.modules, "gone_shop", module)
    found = values.add(module.Fare())
    del module.Fare

    with pytest.raises(ValueError, match=r"^its class 'Fare' does not exist in the working tree$"):
        load_value(tmp_path, found)
    monkeypatch.delitem(sys.modules, "gone_shop")
    with pytest.raises(ValueError, match=r"^its module 'gone_shop' does not exist in the working tree$"):
        load_value(tmp_path, found)


def test_folders_are_replaced_in_plain_values(request, tmp_path, tmp_path_factory, values):
    """Strings and paths in dicts, lists and tuples have words in place of the folders of the side."""
    root = request.config.rootpath
    file = str(tmp_path / "a.csv")
    below = file.removeprefix(str(tmp_path_factory.getbasetemp()))
    given = {"root": root / "x", file: [f"{root}/y", ("no", 1)], "other": f"{root}2/z"}

    found = load_value(tmp_path, values.add(given))

    assert found == {
        "root": Path("<root>/x"),
        f"<tmp>{below}": ["<root>/y", ("no", 1)],
        "other": f"{root}2/z",
    }
    assert given["root"] == root / "x"


def test_a_list_inside_itself_is_stored(request, tmp_path, values):
    """A cycle does not end in a recursion."""
    given = [str(request.config.rootpath)]
    given.append(given)

    assert values.add(given).problem == ""


def test_texts_without_folders_and_addresses(request):
    """Temporary folders with random names are replaced, and other paths are kept."""
    import tempfile

    neutral = Neutral(request.config)

    assert neutral.text(f"{tempfile.gettempdir()}/dagflow-a1b2c3d4/storage/x") == "<tmp>/storage/x"
    assert neutral.text("/usr/lib/x and text") == "/usr/lib/x and text"
    assert neutral.text(f"file://{request.config.rootpath}/a:3") == "file://<root>/a:3"
    assert without_addresses("<shop.Fare object at 0x7f31c2a0>") == "<shop.Fare object>"
