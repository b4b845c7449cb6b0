"""The I/O manager that stores each value as a pickle file in one folder.

The path of an asset is its key and partition. The path of another output is its run id, step key and name.
Every part is escaped, so that no key leads out of the folder: all except letters, digits and a few safe
characters become `%XX`. Only files that this class wrote are unpickled.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from dagflow._util import escaped
from dagflow.context.io import InputContext, OutputContext, reads_nothing
from dagflow.errors import DagflowInvariantViolationError, repr_of
from dagflow.io.manager import IOManager
from dagflow.metadata.value import MetadataValue


class PickleFiles(IOManager):
    """Stores each value as a pickle file.

    Args:
        base_dir: The folder of all files.
    """

    def __init__(self, base_dir: str | os.PathLike[str]) -> None:
        self.base_dir: str = os.fspath(base_dir)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write `obj` to its file. The file is never partly written.

        The first partition of an asset replaces the file that the asset had without partitions.
        """
        import pickle  # imported lazily, as tempfile is: only a run that writes uses them
        import tempfile

        path, outdated = self._output_path(context), self._outdated_file(context)
        folder = os.path.dirname(outdated or path)
        try:
            os.makedirs(folder, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    pickle.dump(obj, file, protocol=pickle.HIGHEST_PROTOCOL)
                if outdated is not None:
                    with suppress(FileNotFoundError):  # another process has replaced it
                        os.unlink(outdated)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise DagflowInvariantViolationError(self._occupied(context, path)) from error
        except OSError:
            raise
        except Exception as error:  # also of methods of the value, such as __reduce__
            raise DagflowInvariantViolationError(
                f"{value_name(context)} is of type '{type(obj).__name__}', which cannot be pickled "
                f"({repr_of(error)}). "
                "Return a value that can be pickled, or use another I/O manager."
            ) from error
        context.add_output_metadata({"path": MetadataValue.path(path)})

    def load_input(self, context: InputContext) -> Any:
        """Load the value of an input.

        Returns:
            The value; a dict of values by partition key for several partitions of an asset; None for no
            partitions. With `allow_missing_partitions` in the metadata of the input, partitions without a
            file are left out.
        """
        if context.dagflow_type.is_nothing or reads_nothing(context):
            return None
        upstream = context.upstream_output
        if not context.has_asset_key:
            if upstream is None:
                raise DagflowInvariantViolationError(
                    f"input '{context.name}' reads no output of this run and no asset, so there is no file "
                    "to load it from"
                )
            return _read(self._output_path(upstream), value_name(upstream))
        parts, name = context.asset_key.parts, value_name(context)
        if not context.has_asset_partitions:
            return _read(self.path_of(*parts), name)
        keys = context.asset_partition_keys
        paths = {key: self.path_of(*parts, key) for key in keys}
        if context.definition_metadata.get("allow_missing_partitions"):
            paths = {key: path for key, path in paths.items() if os.path.isfile(path)}
        values = {key: _read(path, f"{name}, partition '{key}',") for key, path in paths.items()}
        return values if len(keys) > 1 else next(iter(values.values()), None)

    def path_of(self, *parts: str) -> str:
        """Return the path of the file for the parts of a key."""
        return os.path.join(self.base_dir, *(escaped(part) for part in parts))

    def _outdated_file(self, context: OutputContext) -> str | None:
        """Return the file of a partitioned asset from the time when it had no partitions, or None."""
        if not context.has_asset_partitions:
            return None
        path = self.path_of(*context.asset_key.parts)
        return path if os.path.isfile(path) else None

    def _occupied(self, context: OutputContext, path: str) -> str:
        """Return the message about an output whose path is a folder, or leads through a file."""
        problem = f"{value_name(context)} cannot be stored at '{path}', because "
        if not context.has_asset_key:
            return (
                f"{problem}a file or folder with this name, or with the name of its folder, already exists."
            )
        text = context.asset_key.to_user_string()
        if os.path.isdir(path):
            return (
                f"{problem}this is a folder. It has the partitions that the asset was stored with before, or "
                f"assets whose keys begin with '{text}/'. Remove the folder if its values are not needed, or "
                "give the asset another key."
            )
        parts = context.asset_key.parts
        for length in range(1, len(parts)):
            if os.path.isfile(other := self.path_of(*parts[:length])):
                key = "/".join(parts[:length])
                return (
                    f"{problem}'{other}' is the file of an asset with the key '{key}', not a folder. Give "
                    "one of the two assets another key, or remove the file if it is not needed."
                )
        return f"{problem}a part of this path is a file, and not a folder."

    def _output_path(self, context: OutputContext) -> str:
        if context.has_asset_key:
            return self.path_of(*context.get_asset_identifier())
        return self.path_of(*context.get_identifier())


def value_name(context: InputContext | OutputContext) -> str:
    """Return the name of an output or of the output that an input reads, for messages."""
    if context.has_asset_key:
        return f"asset '{context.asset_key.to_user_string()}'"
    step = f" of step '{context.step_key}'" if isinstance(context, OutputContext) else ""
    return f"output '{context.name}'{step}"


def _read(path: str, name: str) -> Any:
    import pickle

    try:
        with open(path, "rb") as file:
            return pickle.load(file)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        found = ""
        if isinstance(error, IsADirectoryError):
            found = (
                " There is a folder, which has values that were stored with partitions, or under longer keys."
            )
        elif isinstance(error, NotADirectoryError):
            found = " Its folder is a file, which has a value that was stored without partitions."
        raise FileNotFoundError(
            f"no value of {name} is stored at '{path}'.{found} Run the op or asset that produces it, with "
            "the same storage."
        ) from None
    except OSError:
        raise
    except Exception as error:  # also of methods of the value, such as __setstate__
        raise DagflowInvariantViolationError(
            f"the value of {name} at '{path}' cannot be unpickled ({repr_of(error)}). Its class may have "
            "changed: run the op or asset that produces it again."
        ) from error
