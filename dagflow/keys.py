"""The names of things: asset keys, check keys, node handles, step handles, and the check of names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple, Union

from dagflow._util import has_class, nearest
from dagflow.errors import (
    CheckError,
    DagflowError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_type,
    repr_of,
)
from dagflow.values import Constant

NAME_PATTERN = r"^[A-Za-z0-9_]+$"
RESERVED_NAMES = frozenset(keyword.kwlist) | frozenset(
    [
        "arg_dict",
        "bool",
        "conf",
        "config",
        "context",
        "dict",
        "float",
        "input",
        "input_arg_dict",
        "int",
        "meta",
        "output",
        "output_arg_dict",
        "str",
        "type",
    ]
)


def _is_name(name: str) -> bool:
    """Return whether a name consists of ASCII letters, digits and underscores.

    Not a regular expression: it costs 0.3 ms to compile at each import of dagflow.
    """
    return name.isascii() and name.replace("_", "a").isalnum()


def nearest_key(key: AssetKey, known: Iterable[AssetKey]) -> str:
    """Return a hint for an unknown key: keys with the same last part, or with a similar name.

    Example:
        >>> nearest_key(AssetKey("iron"), [AssetKey(["raw", "iron"])])
        " Did you mean 'raw/iron'? Write its key as ['raw', 'iron']."
        >>> nearest_key(AssetKey("irn"), [AssetKey("iron")])
        " Did you mean 'iron'?"
    """
    name = key.to_user_string()
    by_name = {other.to_user_string(): other for other in known if other != key}
    found = [text for text, other in by_name.items() if text == name or other.path[-1:] == key.path[-1:]]
    if not found:
        return nearest(name, by_name)
    lists = [str(list(by_name[text].path)) for text in found if len(by_name[text].path) > 1]
    hint = f" Did you mean {' or '.join(map(repr, found))}?"
    return f"{hint} Write its key as {' or '.join(lists)}." if lists else hint


EPHEMERAL_JOB_NAME = "__ephemeral_asset_job__"
"""The name of the job of assets that run without a job of their own."""
ASSET_JOB_NAME = "__ASSET_JOB"
"""The name of the job that computes all assets of a project."""
OBSERVATION_JOB_NAME = "in_process_observation_job"
"""The name of the job of `observe`."""
ANONYMOUS_JOB_PREFIX = "__anonymous_asset_job_"
"""The name of the job of the assets that are the target of a schedule or sensor is this and its name."""
_DESCRIPTIONS = {
    EPHEMERAL_JOB_NAME: "the run of assets",
    ASSET_JOB_NAME: "the job of all assets",
    OBSERVATION_JOB_NAME: "the observation of assets",
}


def shown_job(name: str) -> str:
    """Return the name of a job for people: "assets" if it has no name of its own.

    Example:
        >>> shown_job("brew"), shown_job(EPHEMERAL_JOB_NAME)
        ('brew', 'assets')
    """
    return "assets" if name == EPHEMERAL_JOB_NAME else name


def describe_job(name: str | None) -> str:
    """Return a job for messages: by its name, if a user gave it one.

    Example:
        >>> describe_job("brew"), describe_job(EPHEMERAL_JOB_NAME)
        ("job 'brew'", 'the run of assets')
    """
    if name is not None and name.startswith(ANONYMOUS_JOB_PREFIX):
        return f"the target of '{name.removeprefix(ANONYMOUS_JOB_PREFIX)}'"
    return _DESCRIPTIONS.get(name or "") or f"job {repr_of(name)}"


def check_name(name: object, what: str, *, reserved: bool = True) -> str:
    """Return `name` if it is a valid name of a definition.

    Args:
        name: The name.
        what: The thing with this name, for the message ("op", "input of op 'x'").
        reserved: Whether Python keywords, and words with a meaning in user functions, are invalid.

    Raises:
        DagflowInvalidDefinitionError: The name is not a string, has characters other than letters, digits and
            `_`, or is reserved.

    Example:
        >>> check_name("beans", "op")
        'beans'
    """
    if not isinstance(name, str) or not _is_name(name):
        problem = f"it must match the regex {NAME_PATTERN}"
    elif reserved and name in RESERVED_NAMES:
        problem = "it is reserved. Choose another one."
    else:
        return name
    article = "an" if what[0] in "aeiou" else "a"
    shown = name if type(name) is str else repr_of(name)
    raise DagflowInvalidDefinitionError(f'"{shown}" is not a valid name for {article} {what}: {problem}')


def resource_keys(keys: object, place: str) -> frozenset[str]:
    """Return the `required_resource_keys` of a definition as a frozenset.

    Args:
        keys: A set, list or tuple of strings, or None.
        place: The definition, for the message.

    Raises:
        ParameterCheckError: The keys are not a set, list or tuple of strings.

    Example:
        >>> sorted(resource_keys({"db", "log"}, "op 'o'"))
        ['db', 'log']
    """
    if keys is None:
        return frozenset()
    if not isinstance(keys, (Set, list, tuple)) or not all(isinstance(key, str) for key in keys):
        raise ParameterCheckError(
            f"{place}: 'required_resource_keys' must be a set of strings, not {repr_of(keys)}"
        )
    return frozenset(keys)


def prefix_parts(prefix: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the argument `key_prefix` as parts of a key; no parts for None and for an empty string.

    Raises:
        ParameterCheckError: It is neither a string nor a sequence of strings.

    Example:
        >>> prefix_parts("bar"), prefix_parts(["bar", "hot"]), prefix_parts(None)
        (('bar',), ('bar', 'hot'), ())
    """
    if prefix is None:
        return ()
    parts = AssetKey(prefix).parts
    return () if parts == ("",) else parts


CoercibleToAssetKey = Union["AssetKey", str, Sequence[str]]
"""The types of a public argument that names an asset."""


def _plain(part: str) -> str:
    """Return a part of a key as an object of str itself, for example that of a member of a string enum."""
    return part if type(part) is str else str.__str__(part)


class AssetKey(Constant):
    """The name of an asset: one or more parts.

    Args:
        path: A string (one part, even with slashes) or a sequence of strings.

    Raises:
        ParameterCheckError: The path is neither a string nor a sequence of strings.

    Example:
        >>> AssetKey(["shop", "cup"]).to_user_string()
        'shop/cup'
        >>> AssetKey("a/b").path
        ['a/b']
    """

    __slots__ = ("parts",)

    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str]) -> None:
        # the class counts: an object whose `__class__` is str only pretends, and cannot be joined
        if has_class(path, str):
            parts: tuple[str, ...] = (_plain(path),)
        elif (
            isinstance(path, Sequence)
            and not isinstance(path, str)
            and all(has_class(part, str) for part in path)
        ):
            parts = tuple(map(_plain, path))
        else:
            raise ParameterCheckError(
                f"parameter 'path' of an AssetKey must be a string or a sequence of strings, not "
                f"{repr_of(path)}"
            )
        object.__setattr__(self, "parts", parts)

    def __eq__(self, other: object) -> bool:
        return self.parts == other.parts if isinstance(other, AssetKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.parts)

    def __lt__(self, other: object) -> bool:
        return self.parts < other.parts if isinstance(other, AssetKey) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.parts <= other.parts if isinstance(other, AssetKey) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.parts > other.parts if isinstance(other, AssetKey) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.parts >= other.parts if isinstance(other, AssetKey) else NotImplemented

    @property
    def path(self) -> list[str]:
        """The parts as a list."""
        return list(self.parts)

    @staticmethod
    def from_user_string(asset_key_string: str) -> AssetKey:
        """Return the key of a string with its parts separated by slashes."""
        text = check_type(asset_key_string, str, "asset_key_string", "AssetKey.from_user_string")
        return AssetKey(text.split("/"))

    @staticmethod
    def from_coercible(arg: CoercibleToAssetKey) -> AssetKey:
        """Convert a string (one part), a sequence of parts or a key to a key."""
        path: Any = arg  # a double of an AssetKey is not a key
        return path if has_class(path, AssetKey) else AssetKey(path)

    @staticmethod
    def from_coercible_or_definition(arg: Any) -> AssetKey:
        """Convert a key, or the definition of one asset, to a key.

        Args:
            arg: As in `from_coercible`, an AssetsDefinition of one asset, or a SourceAsset.

        Raises:
            CheckError: It is something else, or the definition has several assets.

        Example:
            >>> from dagflow import SourceAsset
            >>> AssetKey.from_coercible_or_definition(SourceAsset("river"))
            AssetKey(['river'])
        """
        coerce = getattr(type(arg), "coerced_to_asset_key", None)
        key: AssetKey = AssetKey.from_coercible(arg) if coerce is None else coerce(arg)
        return key

    @staticmethod
    def from_escaped_user_string(asset_key_string: str) -> AssetKey:
        """Return the key of a string that `to_escaped_user_string` returned.

        Args:
            asset_key_string: The parts, separated by slashes, with a backslash before each slash and
                backslash of a part.

        Raises:
            ParameterCheckError: It is not a string.

        Example:
            >>> escaped = AssetKey(["a/b", "c"]).to_escaped_user_string()
            >>> AssetKey.from_escaped_user_string(escaped)
            AssetKey(['a/b', 'c'])
        """
        place = "AssetKey.from_escaped_user_string"
        text = check_type(asset_key_string, str, "asset_key_string", place)
        found = re.findall(r"((?:\\.|[^\\/]|\\$)*)(/|$)", text, re.DOTALL)
        ends = 1 + next(i for i, (_, end) in enumerate(found) if not end)
        return AssetKey([re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part, _ in found[:ends]])

    def to_user_string(self) -> str:
        """Return the parts joined by slashes."""
        return "/".join(self.parts)

    def to_escaped_user_string(self) -> str:
        """Return the parts joined by slashes, with a backslash before each slash and backslash of a part.

        Example:
            >>> print(AssetKey(["a/b", "c"]).to_escaped_user_string())
            a\\/b/c
        """
        return "/".join(part.replace("\\", "\\\\").replace("/", "\\/") for part in self.parts)

    def to_string(self) -> str:
        """Return the parts as a JSON list. Unlike `to_user_string`, it is unambiguous."""
        import json  # imported lazily: only a stored run uses it

        return json.dumps(self.path)

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """Return the step key of the asset: the parts joined by `__`, with `_` instead of `-` and `.`."""
        name = "__".join(self.parts).replace("-", "_").replace(".", "_")
        return f"{name}__{suffix}" if suffix else name

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """Return a key with parts added at its beginning."""
        return AssetKey(AssetKey(prefix).parts + self.parts)

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Return whether the key begins with the parts of `prefix`.

        Raises:
            ParameterCheckError: The prefix is not a sequence of parts.

        Example:
            >>> AssetKey(["shop", "cup"]).has_prefix(["shop"])
            True
        """
        if isinstance(prefix, str) or not isinstance(prefix, Sequence):
            raise ParameterCheckError(
                f"the prefix in AssetKey.has_prefix must be a list of parts, not {repr_of(prefix)}"
            )
        return self.parts[: len(prefix)] == tuple(prefix)

    def __repr__(self) -> str:
        return f"AssetKey({self.path!r})"


class AssetCheckKey(NamedTuple):
    """The key of an asset check: the key of its asset, and its name."""

    asset_key: AssetKey
    name: str

    def to_user_string(self) -> str:
        """Return asset and check joined by a colon."""
        return f"{self.asset_key.to_user_string()}:{self.name}"

    @staticmethod
    def from_user_string(user_string: str) -> AssetCheckKey:
        """Return the key of which `to_user_string` returned this string.

        Raises:
            CheckError: The string does not have exactly one colon.

        Example:
            >>> AssetCheckKey.from_user_string("bar/beans:fresh").name
            'fresh'
        """
        parts = check_type(user_string, str, "user_string", "an AssetCheckKey").split(":")
        if len(parts) != 2:
            raise CheckError(
                f"{user_string!r:.200} is not the key of an asset check: write the asset and the check with "
                "one colon between them, as 'beans:fresh'"
            )
        return AssetCheckKey(AssetKey.from_user_string(parts[0]), parts[1])

    def to_db_string(self) -> str:
        """Return the key as a JSON string, as stores keep it."""
        import json  # imported lazily: only a stored run uses it

        return json.dumps({"asset_key": self.asset_key.to_string(), "check_name": self.name})

    @staticmethod
    def from_db_string(db_string: str) -> AssetCheckKey | None:
        """Return the key of which `to_db_string` returned this string, None for another string."""
        import json  # imported lazily: only a stored run uses it

        try:
            found = json.loads(db_string)
            return AssetCheckKey(AssetKey(json.loads(found["asset_key"])), str(found["check_name"]))
        except (ValueError, TypeError, KeyError, DagflowError):
            return None

    def with_asset_key_prefix(self, prefix: str | Sequence[str]) -> AssetCheckKey:
        """Return a key with parts added at the beginning of the key of the asset."""
        return AssetCheckKey(self.asset_key.with_prefix(prefix), self.name)

    def replace_asset_key(self, asset_key: AssetKey) -> AssetCheckKey:
        """Return the key of the check with this name of another asset."""
        return AssetCheckKey(check_type(asset_key, AssetKey, "asset_key", "an AssetCheckKey"), self.name)


class NodeHandle(NamedTuple):
    """The path of a node in a job: its name and the handle of the enclosing graph node.

    Example:
        >>> str(NodeHandle("brew", NodeHandle("machine", None)))
        'machine.brew'
    """

    name: str
    parent: NodeHandle | None = None

    @property
    def path(self) -> list[str]:
        """The names from the outermost graph node to this node."""
        return [*self.parent.path, self.name] if self.parent else [self.name]

    @property
    def root(self) -> NodeHandle:
        """The handle of the outermost enclosing node, or this handle."""
        return self.parent.root if self.parent else self

    @staticmethod
    def from_path(path: Sequence[str]) -> NodeHandle:
        """Return the handle for a path of names, the outermost first."""
        handle: NodeHandle | None = None
        for name in path:
            handle = NodeHandle(name, handle)
        if handle is None:
            raise ParameterCheckError("the path of a NodeHandle must hold at least one name")
        return handle

    @staticmethod
    def from_string(text: str) -> NodeHandle:
        """Return the handle for a dotted path."""
        return NodeHandle.from_path(text.split("."))

    def to_string(self) -> str:
        """Return the names joined by dots."""
        return f"{self.parent.to_string()}.{self.name}" if self.parent else self.name

    def is_or_descends_from(self, other: NodeHandle) -> bool:
        """Return whether this node is `other`, or is inside it."""
        return self.path[: len(other.path)] == other.path

    def __str__(self) -> str:
        return self.to_string()


class StepHandle(NamedTuple):
    """The identity of a step: its node, its key, and its mapping key if it is a mapped step."""

    node_handle: NodeHandle
    key: str
    mapping_key: str | None = None

    def to_key(self) -> str:
        """Return the step key: the dotted path of the node, with the mapping key in brackets."""
        return self.key

    def __str__(self) -> str:
        return self.key


def mapped_step_key(base: str, mapping_key: str) -> str:
    """Return the key of the step that runs `base` for one mapping key.

    Example:
        >>> mapped_step_key("machine.brew", "a")
        'machine.brew[a]'
    """
    return f"{base}[{mapping_key}]"


def step_key_base(key: str) -> str:
    """Return the key of a step without its mapping key.

    Example:
        >>> step_key_base("machine.brew[a]")
        'machine.brew'
    """
    return key.partition("[")[0]


class AssetJobKey(NamedTuple):
    """The key of a job of assets, whose automation condition an evaluation can request.

    Example:
        >>> AssetJobKey("nightly").to_user_string()
        'nightly'
    """

    job_name: str

    def to_user_string(self) -> str:
        """Return the name of the job."""
        return self.job_name

    @staticmethod
    def from_user_string(user_string: str) -> AssetJobKey:
        """Return the key of which `to_user_string` returned this string.

        Raises:
            ParameterCheckError: The argument is not a string.
        """
        return AssetJobKey(check_type(user_string, str, "user_string", "an AssetJobKey"))

    def to_db_string(self) -> str:
        """Return the key as a JSON string."""
        import json  # imported lazily: only a stored key uses it

        return json.dumps({"job_name": self.job_name})

    @staticmethod
    def from_db_string(db_string: str) -> AssetJobKey | None:
        """Return the key of which `to_db_string` returned this string, None for another string.

        Example:
            >>> AssetJobKey.from_db_string(AssetJobKey("nightly").to_db_string())
            AssetJobKey(job_name='nightly')
        """
        import json  # imported lazily: only a stored key uses it

        try:
            found = json.loads(db_string)
            return AssetJobKey(found["job_name"]) if [*found] == ["job_name"] else None
        except (ValueError, TypeError, KeyError):
            return None
