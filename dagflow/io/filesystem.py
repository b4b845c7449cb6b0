"""The I/O managers that store each value as a pickle file.

Only files that these classes wrote are unpickled: no key leads out of their folder.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dagflow.context.io import InputContext, OutputContext
from dagflow.errors import DagflowInvariantViolationError, ParameterCheckError, repr_of
from dagflow.io.manager import value_name
from dagflow.io.paths import AnyPath, is_local
from dagflow.io.upath import UPathIOManager

if TYPE_CHECKING:
    from dagflow.io.paths import ValuePath


class PickleFiles(UPathIOManager):
    """Stores each value as a pickle file.

    Args:
        base_dir: The folder of all files.
    """

    def __init__(self, base_dir: str | os.PathLike[str]) -> None:
        super().__init__(base_dir)
        self.base_dir: str = str(base_dir)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write `obj` to its file. The file is never partly written.

        The first partition of an asset replaces the file that the asset had without partitions.

        Raises:
            DagflowInvariantViolationError: The value cannot be pickled, or a folder of its path is a file.
            IsADirectoryError: There is a folder at the path.
        """
        try:
            super().handle_output(context, obj)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            path = self.get_path(context)
            problem = f"{value_name(context)} cannot be stored at '{path}', because "
            if path.is_dir():
                raise IsADirectoryError(f"{problem}{_folder(context)}") from error
            raise DagflowInvariantViolationError(f"{problem}{self._file_on_the_way(context)}") from error

    def dump_to_path(self, context: OutputContext, obj: Any, path: AnyPath) -> None:
        """Pickle `obj`.

        Raises:
            DagflowInvariantViolationError: It cannot be pickled.
        """
        import pickle  # imported lazily: only a run that writes uses it

        with path.open("wb") as file:
            try:
                pickle.dump(obj, file, protocol=pickle.HIGHEST_PROTOCOL)
            except OSError:
                raise
            except Exception as error:  # also of methods of the value, such as __reduce__
                raise DagflowInvariantViolationError(
                    f"{value_name(context)} is of type '{type(obj).__name__}', which cannot be pickled "
                    f"({repr_of(error)}), so {type(self).__name__} cannot store it. Return a value that can "
                    "be pickled, or use another I/O manager, such as mem_io_manager in one process."
                ) from error

    def load_from_path(self, context: InputContext, path: AnyPath) -> Any:
        """Return the unpickled value.

        Raises:
            DagflowInvariantViolationError: It cannot be unpickled.
        """
        import pickle

        with path.open("rb") as file:
            try:
                return pickle.load(file)
            except OSError:
                raise
            except Exception as error:  # also of methods of the value, such as __setstate__
                raise DagflowInvariantViolationError(
                    f"the value of {value_name(context.upstream_output or context)} at '{path}' cannot be "
                    f"unpickled ({repr_of(error)}). Its class may have changed: run the op or asset that "
                    "produces it again."
                ) from error

    def _replace(self, context: OutputContext, obj: Any, path: ValuePath) -> None:
        """Write `obj` to a new file, and then give it its name. One file needs no folder as others do."""
        if not is_local(path):
            super()._replace(context, obj, path)
            return
        final, former = str(path), self._outdated_file(context, path)
        outdated = None if former is None else str(former)
        folder = os.path.dirname(outdated or final)
        os.makedirs(folder, exist_ok=True)
        unfinished = os.path.join(folder, f".{uuid4().hex}.part")
        try:
            self.dump_to_path(context, obj, Path(unfinished))
            if outdated is not None:
                with suppress(FileNotFoundError):  # another process has replaced it
                    os.unlink(outdated)
                os.makedirs(os.path.dirname(final), exist_ok=True)
            os.replace(unfinished, final)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise

    def _file_on_the_way(self, context: OutputContext) -> str:
        """Return the message about a path that leads through a file."""
        path = self.get_path(context)
        folders = [folder for folder in path.parents if folder.is_file()]
        file = f"'{folders[0]}'" if folders else "a part of this path"
        if context.has_asset_key and folders:
            below = folders[0].relative_to(self.base_dir).parts
            if len(below) < len(context.asset_key.parts):
                key = "/".join(context.asset_key.parts[: len(below)])
                return (
                    f"{file} is the file of an asset with the key '{key}', not a folder. Give one of the two "
                    "assets another key, or remove the file if it is not needed."
                )
        return f"{file} is a file, and not a folder. Remove it if it is not needed."


class PickleFilesAtPaths(PickleFiles):
    """Stores each value as a pickle file at the `path` in the metadata of its output.

    The values of several partitions, and those of a dynamic output, are files in a folder at this path.

    Args:
        base_dir: The folder of all paths.
    """

    def get_asset_relative_path(self, context: InputContext | OutputContext) -> ValuePath:
        """Return the `path` in the metadata of the asset."""
        upstream = context.upstream_output if isinstance(context, InputContext) else context
        return _path_of(upstream, value_name(context))

    def get_op_output_relative_path(self, context: InputContext | OutputContext) -> ValuePath:
        """Return the `path` in the metadata of the output."""
        output = context.upstream_output if isinstance(context, InputContext) else context
        path = _path_of(output, value_name(output or context))
        key = None if output is None else output.mapping_key
        return path / key if key else path


def _path_of(output: OutputContext | None, name: str) -> Path:
    path = None if output is None else output.definition_metadata.get("path")
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ParameterCheckError(
            f"the I/O manager stores {name} at the 'path' in the metadata of its definition, which must be a "
            f"string, not {repr_of(path)}. Write for example Out(metadata={{'path': 'beans'}})."
        )
    return Path(path)


def _folder(context: OutputContext) -> str:
    """Return the message about a path that is a folder."""
    if not context.has_asset_key:
        return "this is a folder. Remove it if its values are not needed."
    text = context.asset_key.to_user_string()
    return (
        "this is a folder. It has the partitions that the asset was stored with before, or assets whose keys "
        f"begin with '{text}/'. Remove the folder if its values are not needed, or give the asset another "
        "key."
    )
