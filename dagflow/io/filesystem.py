"""The I/O manager that stores each value as a pickle file in one folder.

The path of an asset is its key and partition. The path of another output is its run id, step key and name.
Every part is escaped, so that no key leads out of the folder: all except letters, digits and a few safe
characters become `%XX`. Only files that this class wrote are unpickled.
"""

from __future__ import annotations

import os
from typing import Any

from dagflow._util import escaped
from dagflow.context.io import InputContext, OutputContext
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
        """Write `obj` to its file. The file is never partly written."""
        import pickle  # imported lazily, as tempfile is: only a run that writes uses them
        import tempfile

        path = self._output_path(context)
        folder = os.path.dirname(path)
        try:
            os.makedirs(folder, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    pickle.dump(obj, file, protocol=pickle.HIGHEST_PROTOCOL)
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            existing = error.filename2 or error.filename
            raise DagflowInvariantViolationError(
                f"{_name(context)} cannot be stored at '{path}', because '{existing}' already exists: one "
                "key is the beginning of another. Give one of them another key or prefix."
            ) from error
        except OSError:
            raise
        except Exception as error:  # also of methods of the value, such as __reduce__
            raise DagflowInvariantViolationError(
                f"{_name(context)} is of type '{type(obj).__name__}', which cannot be pickled "
                f"({repr_of(error)}). "
                "Return a value that can be pickled, or use another I/O manager."
            ) from error
        context.add_output_metadata({"path": MetadataValue.path(path)})

    def load_input(self, context: InputContext) -> Any:
        """Load the value of an input.

        Returns:
            The value, or a dict of values by partition key for several partitions of an asset.
        """
        if context.dagflow_type.is_nothing:
            return None
        if not context.has_asset_key:
            if context.upstream_output is None:
                raise DagflowInvariantViolationError(
                    f"input '{context.name}' reads no output of this run and no asset, so there is no file "
                    "to load it from"
                )
            return _read(self._output_path(context.upstream_output), _name(context.upstream_output))
        parts, name = context.asset_key.parts, _name(context)
        if not context.has_asset_partitions:
            return _read(self.path_of(*parts), name)
        keys = context.asset_partition_keys
        values = {key: _read(self.path_of(*parts, key), f"{name}, partition '{key}',") for key in keys}
        return values[keys[0]] if len(keys) == 1 else values

    def path_of(self, *parts: str) -> str:
        """Return the path of the file for the parts of a key."""
        return os.path.join(self.base_dir, *(escaped(part) for part in parts))

    def _output_path(self, context: OutputContext) -> str:
        if context.has_asset_key:
            return self.path_of(*context.get_asset_identifier())
        return self.path_of(*context.get_identifier())


def _name(context: InputContext | OutputContext) -> str:
    if context.has_asset_key:
        return f"asset '{context.asset_key.to_user_string()}'"
    step = f" of step '{context.step_key}'" if isinstance(context, OutputContext) else ""
    return f"output '{context.name}'{step}"


def _read(path: str, name: str) -> Any:
    import pickle

    try:
        with open(path, "rb") as file:
            return pickle.load(file)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise FileNotFoundError(
            f"no value of {name} is stored at '{path}'. Run the op or asset that produces it, with the same "
            "storage."
        ) from None
    except OSError:
        raise
    except Exception as error:  # also of methods of the value, such as __setstate__
        raise DagflowInvariantViolationError(
            f"the value of {name} at '{path}' cannot be unpickled ({repr_of(error)}). Its class may have "
            "changed: run the op or asset that produces it again."
        ) from error
