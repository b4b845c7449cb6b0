"""The classes of I/O managers whose fields are config."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dagflow import (
    CheckError,
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    ConfigurableLegacyIOManagerAdapter,
    FilesystemIOManager,
    InMemoryIOManager,
    IOManager,
    IOManagerDefinition,
    ResourceDependency,
    asset,
    io_manager,
    materialize,
)

story: list[str] = []


@pytest.fixture(autouse=True)
def _new_story() -> None:
    story.clear()


@asset
def jam() -> str:
    """Return the value that is stored."""
    return "jam"


@asset
def toast(jam: str) -> str:
    """Load jam."""
    return f"toast with {jam}"


class Shelf(ConfigurableIOManager):
    """An I/O manager that records its calls."""

    room: str = "cellar"

    def handle_output(self, context: Any, obj: Any) -> None:
        story.append(f"{self.room}: {context.asset_key.to_user_string()}")

    def load_input(self, context: Any) -> str:
        return f"{self.room} jam"


class Plain(IOManager):
    """An I/O manager that a function creates from a word."""

    def __init__(self, word: str) -> None:
        self.word = word

    def handle_output(self, context: Any, obj: Any) -> None:
        story.append(f"{self.word} {obj}")

    def load_input(self, context: Any) -> str:
        return self.word


def _toast(manager: Any, run_config: Any = None) -> Any:
    result = materialize([jam, toast], resources={"io_manager": manager}, run_config=run_config)
    return result.output_for_node("toast")


def test_an_object_is_an_io_manager() -> None:
    """An object is an I/O manager, and the run config can configure it."""
    assert isinstance(Shelf(), IOManager)
    assert isinstance(Shelf().get_resource_definition(), IOManagerDefinition)
    assert _toast(Shelf(room="attic")) == "toast with attic jam"
    assert story == ["attic: jam", "attic: toast"]
    given = {"resources": {"io_manager": {"config": {"room": "hall"}}}}
    assert _toast(Shelf.configure_at_launch(), given) == "toast with hall jam"


def test_a_factory_makes_one() -> None:
    """A factory creates an I/O manager and cleans up after its yield."""

    class Made(ConfigurableIOManagerFactory[InMemoryIOManager]):
        def create_io_manager(self, context: Any) -> Iterator[InMemoryIOManager]:  # type: ignore[override]
            yield InMemoryIOManager()
            story.append("gone")

    assert _toast(Made()) == "toast with jam"
    assert story == ["gone"]


def test_one_inside_another() -> None:
    """A nested resource may be an object or a plain I/O manager."""

    class Both(ConfigurableIOManager):
        first: ResourceDependency[IOManager]
        second: ResourceDependency[IOManager]

        def handle_output(self, context: Any, obj: Any) -> None:
            self.first.handle_output(context, obj)
            self.second.handle_output(context, obj)

        def load_input(self, context: Any) -> Any:
            return self.second.load_input(context)

    assert _toast(Both(first=Shelf(), second=Plain("p"))) == "toast with p"
    assert story == ["cellar: jam", "p jam", "cellar: toast", "p toast with p"]


@pytest.mark.parametrize("yields", [False, True])
def test_a_function_in_the_form_of_a_class(yields: bool) -> None:
    """The fields are the config of the wrapped function, and its cleanup runs."""

    def returned(context: Any) -> Plain:
        return Plain(context.resource_config["word"])

    def yielded(context: Any) -> Iterator[Plain]:
        yield returned(context)
        story.append("closed")

    class Adapted(ConfigurableLegacyIOManagerAdapter):
        word: str

        @property
        def wrapped_io_manager(self) -> IOManagerDefinition:
            made: IOManagerDefinition = io_manager(config_schema={"word": str})(
                yielded if yields else returned
            )
            return made

    assert _toast(Adapted(word="w")) == "toast with w"
    assert story == ["w jam", "w toast with w", *(["closed"] if yields else [])]


def test_files(tmp_path: Path) -> None:
    """The files are in the given folder, or in the folder of the run config."""
    assert _toast(FilesystemIOManager(tmp_path / "a")) == "toast with jam"
    given = {"resources": {"io_manager": {"config": {"base_dir": str(tmp_path / "b")}}}}
    assert _toast(FilesystemIOManager.configure_at_launch(), given) == "toast with jam"
    assert _toast(FilesystemIOManager()) == "toast with jam"

    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["jam", "jam", "toast", "toast"]


def test_config_of_single_outputs() -> None:
    """A class returns the schema for the config of single outputs."""

    class Labelled(ConfigurableIOManager):
        @classmethod
        def output_config_schema(cls) -> Any:
            return {"label": str}

        def handle_output(self, context: Any, obj: Any) -> None:
            story.append(context.config["label"])

        def load_input(self, context: Any) -> None: ...

    given = {"ops": {"jam": {"outputs": {"result": {"label": "plum"}}}}}
    assert materialize([jam], resources={"io_manager": Labelled()}, run_config=given).success
    assert story == ["plum"]


def test_where_files_lie(tmp_path: Path) -> None:
    """The folder is a path object or a string, and other types are invalid config."""
    assert FilesystemIOManager(base_dir=tmp_path).base_dir == str(tmp_path)
    assert FilesystemIOManager(base_dir="shelf").base_dir == "shelf"
    with pytest.raises(ValidationError, match="base_dir"):
        FilesystemIOManager(base_dir=3)  # type: ignore[arg-type]


def test_an_adapter_of_something_else() -> None:
    """An adapter whose wrapped I/O manager is no definition names it."""

    class Wrong(ConfigurableLegacyIOManagerAdapter):
        @property
        def wrapped_io_manager(self) -> Any:
            return 5

    with pytest.raises(CheckError, match="wrapped_io_manager of Wrong must be the definition"):
        _toast(Wrong())
