"""Texts and paths without the folders of one side, so that those of both sides are equal."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path, PurePath
from typing import Any

import pytest

ROOT, CHECKOUT, TMP = "<root>", "<checkout>", "<tmp>"
"""The words that replace the root folder, the rest of its checkout, and temporary folders."""
_ADDRESS = re.compile(r"\s*\bat 0x[0-9a-fA-F]+|\b0x[0-9a-fA-F]{6,}")
_END = r"(?![\w-])"


class Neutral:
    """The folders of one side, and the words that replace them.

    A temporary folder is that of pytest for this session, or one with a random name as `tempfile` makes.

    Args:
        config: The config of the session.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        root = config.rootpath
        self._folders: dict[str, str] = {}
        checkout = next((one for one in (root, *root.parents) if (one / ".git").exists()), None)
        if checkout is not None:
            self._add(checkout, CHECKOUT)
        self._add(root, ROOT)
        self._basetemp: Path | None = None
        self._signs: list[bytes] = []
        self._pattern = self._new_pattern()

    def _add(self, folder: Path, word: str) -> None:
        for one in (folder, Path(os.path.realpath(folder))):
            self._folders[str(one)] = self._folders[one.as_posix()] = word

    def _new_pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._folders, key=len, reverse=True)
        folders = "|".join(map(re.escape, longest_first))
        parents = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
        made = "|".join(map(re.escape, sorted(parents, key=len, reverse=True)))
        self._signs = [one.encode("utf-8", "surrogatepass") for one in (*longest_first, *parents)]
        return re.compile(rf"({folders}){_END}|(?:{made})[/\\][\w.-]*[a-z0-9_]{{8}}{_END}")

    def may_change(self, part: bytes) -> bool:
        """Return whether a value with this part in its pickle may have one of the folders."""
        self._read_basetemp()
        return b"pathlib" in part or any(sign in part for sign in self._signs)

    def _read_basetemp(self) -> None:
        factory = getattr(self._config, "_tmp_path_factory", None)  # pytest has no public name for it
        basetemp = getattr(factory, "_basetemp", None)
        if basetemp is not None and basetemp != self._basetemp:
            self._basetemp = basetemp
            self._add(basetemp, TMP)
            self._pattern = self._new_pattern()

    def text(self, text: str) -> str:
        """Return a text with words in place of the folders."""
        if "/" not in text and "\\" not in text:
            return text
        self._read_basetemp()
        return self._pattern.sub(lambda match: self._folders.get(match[1] or "", TMP), text)

    def value(self, value: Any) -> Any:
        """Return a value with such texts in place of its strings and paths; itself if it has none.

        Only plain dicts, lists and tuples are searched. A value inside itself stays as it is.
        """
        return self._value(value, set())

    def _value(self, value: Any, around: set[int]) -> Any:
        kind = type(value)
        if kind is str:
            return self.text(value)
        if isinstance(value, PurePath) and kind.__module__.startswith("pathlib"):
            shown = str(value)
            found = self.text(shown)
            return value if found == shown else kind(found)
        if kind not in (dict, list, tuple) or id(value) in around:
            return value
        inside = {*around, id(value)}
        if kind is dict:
            items = [(self._value(key, inside), self._value(one, inside)) for key, one in value.items()]
            is_same = all(
                new is key and found is one
                for (new, found), (key, one) in zip(items, value.items(), strict=True)
            )
            return value if is_same else dict(items)
        parts = [self._value(one, inside) for one in value]
        is_same = all(new is one for new, one in zip(parts, value, strict=True))
        return value if is_same else kind(parts)


def without_addresses(text: str) -> str:
    """Return a text without the addresses of objects, which are others in each process.

    Example:
        >>> without_addresses("<function brew at 0x7f31c2a0>")
        '<function brew>'
    """
    return _ADDRESS.sub("", text)
