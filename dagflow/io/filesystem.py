"""The I/O manager that keeps each value as a pickle file below one folder.

Assets lie under the parts of their key (and their partition), other outputs under run id, step key and
output name.
Every part is escaped, so that a key from outside never leads out of the folder: letters, digits and a few
safe marks stay, the rest becomes `%XX`. Only files that this class wrote are unpickled.
"""

from __future__ import annotations

import os
from typing import Any

from dagflow.context.io import InputContext, OutputContext
from dagflow.errors import DagflowInvariantViolationError
from dagflow.io.manager import IOManager
from dagflow.metadata import MetadataValue

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=@+,[]:| ")
_LONGEST = 200


class FilesystemIOManager(IOManager):
    """Keeps each value as a pickle file.

    Args:
        base_dir: The folder below which all files lie.
    """

    def __init__(self, base_dir: str | os.PathLike[str]) -> None:
        self.base_dir = os.fspath(base_dir)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write `obj`; a file appears whole, or not at all."""
        import pickle  # a run that writes nothing needs neither
        import tempfile

        path = self._output_path(context)
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                pickle.dump(obj, file, protocol=pickle.HIGHEST_PROTOCOL)
            os.replace(temporary, path)
        except BaseException as error:
            os.unlink(temporary)
            if isinstance(error, (pickle.PicklingError, AttributeError, TypeError)):
                raise DagflowInvariantViolationError(
                    f"output '{context.name}' of step '{context.step_key}' is of type "
                    f"'{type(obj).__name__}', which cannot "
                    f"be pickled ({error}). Return something that can, or use another I/O manager."
                ) from error
            raise
        context.add_output_metadata({"path": MetadataValue.path(path)})

    def load_input(self, context: InputContext) -> Any:
        """Read a value back.

        Returns:
            The value; for several partitions of an asset a dict of value by partition key.
        """
        if context.dagflow_type.is_nothing:
            return None
        if not context.has_asset_key:
            if context.upstream_output is None:
                raise DagflowInvariantViolationError(
                    f"input '{context.name}' reads no output of this run and no asset, so there is no file "
                    "to load it from"
                )
            return self._read(self._output_path(context.upstream_output))
        parts = context.asset_key.parts
        if not context.has_asset_partitions:
            return self._read(self._path(*parts))
        keys = context.asset_partition_keys
        if len(keys) == 1:
            return self._read(self._path(*parts, keys[0]))
        return {key: self._read(self._path(*parts, key)) for key in keys}

    def _output_path(self, context: OutputContext) -> str:
        if context.has_asset_key:
            return self._path(*context.get_asset_identifier())
        return self._path(*context.get_identifier())

    def _path(self, *parts: str) -> str:
        return os.path.join(self.base_dir, *(escaped(part) for part in parts))

    def _read(self, path: str) -> Any:
        import pickle

        try:
            with open(path, "rb") as file:
                return pickle.load(file)
        except IsADirectoryError:
            raise FileNotFoundError(f"no stored value at '{path}': a folder of other keys is there") from None


def escaped(part: str) -> str:
    """A text as one file name: never empty, never "." or "..", without separators, not too long.

    Example:
        >>> escaped("2024-01-01"), escaped("../x"), escaped("")
        ('2024-01-01', '%2E%2E%2Fx', '%')
    """
    raw = part.encode("utf-8", "surrogatepass")
    dots_only = not raw.strip(b".")
    text = "".join(
        chr(byte)
        if byte in _SAFE or (byte == 0x2E and not dots_only and not raw.startswith(b"."))
        else f"%{byte:02X}"
        for byte in raw
    )
    if len(text) > _LONGEST:
        import hashlib

        digest = hashlib.sha256(raw).hexdigest()
        text = f"{text[: _LONGEST - 66].rstrip('%')}%%{digest}"
    return text or "%"
