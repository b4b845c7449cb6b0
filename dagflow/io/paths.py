"""Paths of values on local and remote filesystems: the names of keys, and moves and removals.

This module is the only one that imports the library universal_pathlib, and only for a URL or for `fs`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dagflow._util import escaped
from dagflow.errors import ParameterCheckError, repr_of

if TYPE_CHECKING:
    from upath import UPath

    ValuePath: TypeAlias = Path | UPath

# a parameter, which a subclass may annotate with Path, with UPath or with both
AnyPath: TypeAlias = Any


def names_of(key: str, *, keeps_dots: bool) -> list[str]:
    """Return the names of the folders and of the file of a partition key, whose folders are separated by "/".

    Args:
        key: The partition key.
        keeps_dots: Whether a file name of dots is kept, because an extension follows.

    Example:
        >>> names_of("2024/../a", keeps_dots=True), names_of("/a//", keeps_dots=True)
        (['2024', '%2E%2E', 'a'], ['%2Fa', '%2F%2F'])
    """
    names: list[str] = []
    slashes = (
        ""  # empty names are kept as escaped slashes before the next name, so that no two keys are equal
    )
    for part in key.split("/"):
        if part:
            names.append(escaped(slashes + part))
            slashes = ""
        else:
            slashes += "/"
    if slashes:
        names.append(escaped(slashes))
    elif keeps_dots and len(last := key.rpartition("/")[2]) > 1 and not last.strip("."):
        names[-1] = last
    return names


def as_path(base_path: object) -> ValuePath:
    if base_path is None:
        return Path()
    if isinstance(base_path, str) and "://" in base_path:
        return upath_class()(base_path)
    if isinstance(base_path, Path) or hasattr(base_path, "joinpath"):
        return base_path  # type: ignore[return-value] # it has the methods of a path
    if isinstance(base_path, str | os.PathLike):
        return Path(os.fspath(base_path))
    raise ParameterCheckError(
        f"'base_path' must be a Path, a UPath, a string or None, not {repr_of(base_path)}"
    )


def upath_class() -> type[UPath]:
    """Return the class UPath.

    Raises:
        ImportError: The library is not installed.
    """
    try:
        from upath import UPath  # imported lazily: an optional library, which local paths do not need
    except ImportError as error:
        raise ImportError(
            "paths on remote filesystems need universal_pathlib: pip install 'pytest-dagflow[upath]'"
        ) from error
    return UPath


def is_local(path: AnyPath) -> bool:
    """Return whether the functions of `os` accept a path: it has no protocol such as "file" or "memory"."""
    return isinstance(path, Path) and not getattr(path, "protocol", "")


def move_content(folder: AnyPath, path: AnyPath) -> None:
    """Move all files of a folder to the folder of `path`. The file of `path` itself is the last one."""
    if not folder.is_dir():  # a remote filesystem has no empty folders
        return
    for entry in sorted(folder.iterdir(), key=lambda entry: bool(entry.name == path.name)):
        target = path.parent / entry.name
        if is_local(entry):
            os.replace(entry, target)
        else:
            entry.fs.mv(entry.path, target.path, recursive=entry.is_dir())


def remove_folder(folder: AnyPath) -> None:
    """Remove a folder, if it exists. An error does not hide the error of the write."""
    import shutil  # imported lazily: only a run that writes uses it

    if is_local(folder):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with suppress(Exception):
            folder.fs.rm(folder.path, recursive=True)
