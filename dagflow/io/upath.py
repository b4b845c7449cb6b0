"""The base of I/O managers that store each value at a path of its own, on a local or a remote filesystem.

The path of an asset is its key and partition. The path of another output is its run id, step key and name.
Keys come from outside, so they are escaped: no key leads out of the folder of the I/O manager. A "/" in a
partition key separates folders.

A write never leaves a broken value. The value is written to a new folder beside its path, and is moved to the
path after `dump_to_path` has returned. A value that is a folder is changed in place.

The base folder is a `pathlib.Path`, or a `UPath` of the library universal_pathlib for a remote filesystem.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import suppress
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from dagflow._util import escaped
from dagflow.context.io import InputContext, OutputContext, is_nothing, reads_nothing
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    repr_of,
    text_of,
)
from dagflow.event_loop import waiting
from dagflow.io.manager import IOManager, value_name
from dagflow.io.paths import AnyPath, as_path, move_content, names_of, remove_folder, upath_class
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.multi import MultiPartitionsDefinition

if TYPE_CHECKING:
    from dagflow.io.paths import ValuePath


class UPathIOManager(IOManager):
    """The base of I/O managers that store each value at a path of its own.

    A subclass defines `dump_to_path` and `load_from_path`; both may be async. Several partitions are loaded
    as a dict of values by partition key, at the same time if `load_from_path` is async.

    Args:
        base_path: The folder of all values: a Path, a UPath or a string, which may be a URL such as
            "memory://shop". Default: the current folder.

    Attributes:
        extension: The end of each file name, such as ".json".
        writes_in_place: Whether `dump_to_path` gets the final path, to append to a stored value. By default
            it gets a new path with the same file name, and the new file then replaces the stored value.

    Raises:
        AssertionError: The extension does not begin with a dot.
        ParameterCheckError: The base path is not a path.

    Example:
        >>> import json, tempfile
        >>> from pathlib import Path
        >>> from dagflow import asset, materialize
        >>> class JsonFiles(UPathIOManager):
        ...     extension = ".json"
        ...     def dump_to_path(self, context, obj, path):
        ...         path.write_text(json.dumps(obj))
        ...     def load_from_path(self, context, path):
        ...         return json.loads(path.read_text())
        >>> @asset
        ... def jam():
        ...     return {"fruit": "plum"}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = materialize([jam], resources={"io_manager": JsonFiles(Path(folder))})
        ...     (Path(folder) / "jam.json").read_text()
        '{"fruit": "plum"}'
    """

    extension: str | None = None
    writes_in_place: ClassVar[bool] = False

    def __init__(self, base_path: AnyPath = None) -> None:
        extension = self.extension
        if extension is not None and (not isinstance(extension, str) or extension[:1] not in ("", ".")):
            raise AssertionError(
                f"the extension of {type(self).__name__} must be a string that begins with a dot, such as "
                f"'.json', and not {repr_of(extension)}"
            )
        self._base_path: ValuePath = as_path(base_path)

    @abstractmethod
    def dump_to_path(self, context: OutputContext, obj: Any, path: AnyPath) -> object:
        """Write `obj` to `path`. The folder of the path exists. The result is ignored."""

    @abstractmethod
    def load_from_path(self, context: InputContext, path: AnyPath) -> Any:
        """Return the value that is stored at `path`. Raise FileNotFoundError if there is none."""

    @property
    def fs(self) -> Any:
        """The fsspec filesystem of the base path."""
        return upath_class()(self._base_path).fs

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """The options of the filesystem of the base path; empty for a Path."""
        path = self._base_path
        if hasattr(path, "storage_options"):
            return dict(path.storage_options)
        return dict(getattr(path, "_kwargs", {}))  # universal-pathlib before 0.2

    def get_metadata(self, context: OutputContext, obj: Any) -> Mapping[str, Any]:
        """Return metadata of a stored value, for the materialization. It may replace `path`."""
        return {}

    def get_asset_relative_path(self, context: InputContext | OutputContext) -> ValuePath:
        """Return the path of an asset below the base path, without partition and extension."""
        return Path(*map(escaped, context.asset_key.path))

    def get_op_output_relative_path(self, context: InputContext | OutputContext) -> ValuePath:
        """Return the path of an output that is no asset below the base path, without extension."""
        return Path(*map(escaped, context.get_identifier()))

    def get_path_for_partition(
        self,
        context: InputContext | OutputContext,
        path: AnyPath,
        partition: str,
    ) -> ValuePath:
        """Return the path of a partition, without extension.

        Args:
            context: The context of the output or input.
            path: The path of the asset.
            partition: The partition key as a relative path, with all special characters escaped. The keys of
                several dimensions are separated by "/".
        """
        below: ValuePath = path / partition
        return below

    def make_directory(self, path: AnyPath) -> None:
        """Create a folder with its parents, unless it exists."""
        path.mkdir(parents=True, exist_ok=True)

    def unlink(self, path: AnyPath) -> None:
        """Remove a file."""
        path.unlink()

    def path_exists(self, path: AnyPath) -> bool:
        """Return whether a file or folder exists at a path."""
        return bool(path.exists())

    def get_path(self, context: InputContext | OutputContext) -> ValuePath:
        """Return the path of the value of an output or input, with partition and extension.

        Raises:
            CheckError: The value has several partitions, so it has no single path.
        """
        if not context.has_asset_key:
            return self._with_extension(self._below_base(self.get_op_output_relative_path(context)))
        asset_path = self._below_base(self.get_asset_relative_path(context))
        if not context.has_asset_partitions:
            return self._with_extension(asset_path)
        return self._partition_path(context, asset_path, context.asset_partition_key)

    _get_path = get_path  # the name that subclasses written for Dagster call

    def has_output(self, context: InputContext | OutputContext) -> bool:
        """Return whether a value is stored for an output or input."""
        return self.path_exists(self.get_path(context))

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write `obj` to its path, and add the path to the metadata. Outputs of type Nothing are not written.

        Raises:
            CheckError: The output has several partitions.
        """
        if is_nothing(context):
            return
        if context.has_asset_partitions and len(keys := context.asset_partition_keys) != 1:
            raise CheckError(
                f"{type(self).__name__} stores one partition at a time, but this run stores {len(keys)} "
                f"partitions of {value_name(context)}. The likely cause is a backfill in a single run. Start "
                "one run for each partition."
            )
        path = self.get_path(context)
        _log(context, self.get_writing_output_log_message(path))
        # a class with its own make_directory has another storage, where nothing can be moved by its path
        is_own = type(self).make_directory is not UPathIOManager.make_directory
        if self.writes_in_place or is_own or path.is_dir():
            self.make_directory(path.parent)
            self._dump(context, obj, path)
        else:
            self._replace(context, obj, path)
        metadata = self.get_metadata(context=context, obj=obj) or {}
        if obj is not None:  # as in Dagster, where the path of a None is no metadata
            metadata = {"path": MetadataValue.path(str(path)), **metadata}
        context.add_output_metadata(metadata)

    def load_input(self, context: InputContext) -> Any:
        """Load the value of an input.

        Returns:
            The value; a dict of values by partition key for several partitions, and also for one partition if
            `load_from_path` is async; None for no partitions and for an output of type Nothing. With
            `allow_missing_partitions` in the metadata of the input, partitions without a value are left out.
        """
        if is_nothing(context) or reads_nothing(context):
            return None
        if context.upstream_output is None and not context.has_asset_key:
            raise DagflowInvariantViolationError(
                f"input '{context.name}' reads no output of this run and no asset, so there is no file to "
                "load it from"
            )
        if not context.has_asset_partitions:
            path = self.get_path(context)
            _log(context, self.get_loading_input_log_message(path))
            return self._load(context, path, value_name(context.upstream_output or context))
        keys = context.asset_partition_keys
        if not keys:
            return None
        if iscoroutinefunction(self.load_from_path):
            with waiting() as wait:
                return wait(self.load_partitions_async(context))
        values = self.load_partitions(context)
        return values if len(keys) > 1 else next(iter(values.values()), None)

    def load_partitions(self, context: InputContext) -> dict[str, Any]:
        """Return the values of the partitions of an input by key, one after the other."""
        values = {}
        for key, path in self._partition_paths(context).items():
            _log(context, self.get_loading_input_partition_log_message(path, key))
            try:
                values[key] = self._load(context, path, _partition_name(context, key))
            except FileNotFoundError:
                if not self._may_miss(context, path):
                    raise
                _log(context, self.get_missing_partition_log_message(key))
        return values

    async def load_partitions_async(self, context: InputContext) -> dict[str, Any]:
        """Return the values of the partitions of an input by key, loaded at the same time.

        Raises:
            RuntimeError: Partitions could not be loaded.
        """
        import asyncio  # imported lazily: only async functions use it

        paths = self._partition_paths(context)
        for key, path in paths.items():
            _log(context, self.get_loading_input_partition_log_message(path, key))
        loads = (self.load_from_path(context=context, path=path) for path in paths.values())
        results = await asyncio.gather(*loads, return_exceptions=True)
        values: dict[str, Any] = {}
        failed: dict[str, BaseException] = {}
        for (key, path), result in zip(paths.items(), results, strict=True):
            if not isinstance(result, BaseException):
                values[key] = result
            elif isinstance(result, FileNotFoundError) and self._may_miss(context, path):
                _log(context, self.get_missing_partition_log_message(key))
            else:
                failed[key] = result
        if failed:
            first, error = next(iter(failed.items()))
            raise RuntimeError(
                f"{len(failed)} partitions could not be loaded. {_partition_name(context, first)} at "
                f"'{paths[first]}' raised {text_of(error)}"
            ) from error
        return values

    def get_writing_output_log_message(self, path: AnyPath) -> str:
        """Return the log message before a value is written; "" for no message."""
        return f"Writing to '{path}' with {type(self).__name__}."

    def get_loading_input_log_message(self, path: AnyPath) -> str:
        """Return the log message before a value is loaded; "" for no message."""
        return f"Loading from '{path}' with {type(self).__name__}."

    def get_loading_input_partition_log_message(self, path: AnyPath, partition_key: str) -> str:
        """Return the log message before a partition is loaded; "" for no message."""
        return f"Loading partition '{partition_key}' from '{path}' with {type(self).__name__}."

    def get_missing_partition_log_message(self, partition_key: str) -> str:
        """Return the log message about a partition that is not stored, and may be missing."""
        return f"Partition '{partition_key}' is not stored, and the input allows missing partitions."

    def _below_base(self, relative: AnyPath) -> ValuePath:
        self._check_path(relative, "get_asset_relative_path or get_op_output_relative_path")
        return self._base_path.joinpath(*relative.parts)

    def _with_extension(self, path: ValuePath) -> ValuePath:
        return path.parent / f"{path.name}{self.extension}" if self.extension else path

    def _check_path(self, path: object, methods: str) -> None:
        if not hasattr(path, "joinpath"):
            raise DagflowInvariantViolationError(
                f"{methods} of {type(self).__name__} returned {repr_of(path)}. Return a Path or UPath."
            )

    def _partition_paths(self, context: InputContext) -> dict[str, ValuePath]:
        asset_path = self._below_base(self.get_asset_relative_path(context))
        return {key: self._partition_path(context, asset_path, key) for key in context.asset_partition_keys}

    def _partition_path(
        self, context: InputContext | OutputContext, asset_path: ValuePath, key: str
    ) -> ValuePath:
        definition = context._partitions_def  # noqa: SLF001 - the public attribute raises if it is unknown
        if isinstance(definition, MultiPartitionsDefinition):
            key = definition.get_partition_key_from_str(key)
        dimensions: Mapping[str, str] | None = getattr(key, "keys_by_dimension", None)
        if dimensions is None:
            names = names_of(key, keeps_dots=bool(self.extension))
        else:
            names = [escaped(dimensions[name]) for name in sorted(dimensions)]
        path = self.get_path_for_partition(context, asset_path, "/".join(names))
        self._check_path(path, "get_path_for_partition")
        return self._with_extension(path)

    def _replace(self, context: OutputContext, obj: Any, path: ValuePath) -> None:
        """Write `obj` to a new folder, and then move all files of this folder to their final folder."""
        outdated = self._outdated_file(context, path)
        folder = (path if outdated is None else outdated).parent / f".{uuid4().hex}.part"
        try:
            self.make_directory(folder)
            self._dump(context, obj, folder / path.name)
            if outdated is not None:
                with suppress(FileNotFoundError):  # another process has replaced it
                    self.unlink(outdated)
                self.make_directory(path.parent)
            move_content(folder, path)
        finally:
            remove_folder(folder)

    def _outdated_file(self, context: OutputContext, path: ValuePath) -> ValuePath | None:
        """Return the file that an asset had before it was partitioned, if the new path leads through it."""
        if self.extension or not context.has_asset_key or not context.has_asset_partitions:
            return None
        asset_path = self._below_base(self.get_asset_relative_path(context))
        return asset_path if asset_path in path.parents and asset_path.is_file() else None

    def _dump(self, context: OutputContext, obj: Any, path: ValuePath) -> None:
        result = self.dump_to_path(context=context, obj=obj, path=path)
        if isinstance(result, Coroutine):
            with waiting() as wait:
                wait(result)
        elif isinstance(result, Generator | AsyncGenerator):
            raise DagflowInvariantViolationError(
                f"dump_to_path of {type(self).__name__} is a generator, so its body would not run. Write it "
                "without yield."
            )

    def _load(self, context: InputContext, path: ValuePath, name: str) -> Any:
        try:
            value = self.load_from_path(context=context, path=path)
            if isinstance(value, Coroutine):
                with waiting() as wait:
                    value = wait(value)
        except IsADirectoryError as error:
            raise IsADirectoryError(
                f"no value of {name} is stored at '{path}'. There is a folder, which has values that were "
                "stored with partitions, or under longer keys. Load a partition, or run the op or asset "
                "again."
            ) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            if self.path_exists(path):  # another file is missing
                raise
            is_file = isinstance(error, NotADirectoryError)
            raise FileNotFoundError(
                f"no value of {name} is stored at '{path}'."
                + (" Its folder is a file, which has a value that was stored without partitions." * is_file)
                + " Run the op or asset that produces it, with the same storage."
            ) from error
        return value

    def _may_miss(self, context: InputContext, path: ValuePath) -> bool:
        allowed = context.definition_metadata.get("allow_missing_partitions")
        return bool(allowed) and not self.path_exists(path)


def _log(context: InputContext | OutputContext, message: str) -> None:
    if message:
        context.log.debug(message)


def _partition_name(context: InputContext, key: str) -> str:
    return f"{value_name(context)}, partition '{key}',"
