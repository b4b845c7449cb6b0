"""What things are called: asset keys, check keys, paths of nodes, step handles, and which names are
allowed.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple, Union

from dagflow._util import warn
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError
from dagflow.values import Constant

NAME_PATTERN = r"^[A-Za-z0-9_]+$"
_is_name = re.compile(r"[A-Za-z0-9_]+").fullmatch
_is_tag_key = re.compile(r"(?:[A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}").fullmatch
_RESERVED = frozenset(keyword.kwlist) | frozenset(
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


def check_name(name: object, what: str, *, reserved: bool = True) -> str:
    """Return `name` if a definition may bear it.

    Args:
        name: The name.
        what: What bears it, for the message ("op", "input of op 'x'").
        reserved: Whether Python keywords and the words that user functions need for themselves are refused.

    Raises:
        DagflowInvalidDefinitionError: It is no text, holds other characters than letters, digits and `_`,
            or is reserved.

    Example:
        >>> check_name("beans", "op")
        'beans'
    """
    if not isinstance(name, str) or not _is_name(name):
        problem = f"it must match the regex {NAME_PATTERN}"
    elif reserved and name in _RESERVED:
        problem = "it is reserved. Choose another one."
    else:
        return name
    article = "an" if what[0] in "aeiou" else "a"
    raise DagflowInvalidDefinitionError(f'"{name}" is not a valid name for {article} {what}: {problem}')


def resource_keys(keys: object, place: str) -> frozenset[str]:
    """The resources that a definition requires, as its `required_resource_keys` gives them.

    Raises:
        ParameterCheckError: It is no set, list or tuple of texts.

    Example:
        >>> sorted(resource_keys({"db", "log"}, "op 'o'"))
        ['db', 'log']
    """
    if keys is None:
        return frozenset()
    if not isinstance(keys, (Set, list, tuple)) or not all(isinstance(key, str) for key in keys):
        raise ParameterCheckError(f"{place}: 'required_resource_keys' must be a set of texts, not {keys!r}")
    return frozenset(keys)


CoercibleToAssetKey = Union["AssetKey", str, Sequence[str]]
"""What a public argument that names an asset may be."""


class AssetKey(Constant):
    """The name of an asset: one or more parts.

    Args:
        path: A text (one part, whatever it holds) or a sequence of texts.

    Raises:
        ParameterCheckError: The path is neither.

    Example:
        >>> AssetKey(["shop", "cup"]).to_user_string()
        'shop/cup'
        >>> AssetKey("a/b").path
        ['a/b']
    """

    __slots__ = ("parts",)

    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str]) -> None:
        if isinstance(path, str):
            parts: tuple[str, ...] = (path,)
        elif isinstance(path, Sequence) and all(isinstance(part, str) for part in path):
            parts = tuple(path)
        else:
            raise ParameterCheckError(
                f"parameter 'path' of an AssetKey must be a text or a sequence of texts, not {path!r}"
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
        """The parts, as a list."""
        return list(self.parts)

    @staticmethod
    def from_user_string(text: str) -> AssetKey:
        """The key whose parts are separated by slashes in `text`."""
        return AssetKey(text.split("/"))

    @staticmethod
    def from_coercible(value: CoercibleToAssetKey) -> AssetKey:
        """The key that a text (one part), a sequence of parts or a key stands for."""
        return value if isinstance(value, AssetKey) else AssetKey(value)

    def to_user_string(self) -> str:
        """The parts, joined by slashes."""
        return "/".join(self.parts)

    def to_string(self) -> str:
        """The parts as a JSON list, which is unambiguous."""
        import json  # few texts need it

        return json.dumps(self.path)

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """The parts joined by two underscores, as the step of this asset is called."""
        name = "__".join(self.parts).replace("-", "_").replace(".", "_")
        return f"{name}__{suffix}" if suffix else name

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """This key with parts put before it."""
        return AssetKey(((prefix,) if isinstance(prefix, str) else tuple(prefix)) + self.parts)

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Whether the first parts are those of `prefix`."""
        return self.parts[: len(prefix)] == tuple(prefix)

    def __repr__(self) -> str:
        return f"AssetKey({self.path!r})"


class AssetCheckKey(NamedTuple):
    """The name of an asset check: the asset and the name that the check has there."""

    asset_key: AssetKey
    name: str

    def to_user_string(self) -> str:
        """Asset and check, joined by a colon."""
        return f"{self.asset_key.to_user_string()}:{self.name}"


class NodeHandle(NamedTuple):
    """The place of a node in a job: its name and the handle of the graph node around it.

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
        """The handle of the outermost node around this one."""
        return self.parent.root if self.parent else self

    @staticmethod
    def from_path(path: Sequence[str]) -> NodeHandle:
        """The handle with these names, outermost first."""
        handle: NodeHandle | None = None
        for name in path:
            handle = NodeHandle(name, handle)
        if handle is None:
            raise ParameterCheckError("the path of a NodeHandle must hold at least one name")
        return handle

    @staticmethod
    def from_string(text: str) -> NodeHandle:
        """The handle that a dotted path stands for."""
        return NodeHandle.from_path(text.split("."))

    def to_string(self) -> str:
        """The names, joined by dots."""
        return f"{self.parent.to_string()}.{self.name}" if self.parent else self.name

    def is_or_descends_from(self, other: NodeHandle) -> bool:
        """Whether this is `other` or a node inside it."""
        return self.path[: len(other.path)] == other.path

    def __str__(self) -> str:
        return self.to_string()


class StepHandle(NamedTuple):
    """The place of a step: its node, and the mapping key if it is one of several mapped steps."""

    node_handle: NodeHandle
    key: str
    mapping_key: str | None = None

    def to_key(self) -> str:
        """The step key: the dotted path of the node, with the mapping key in brackets."""
        return self.key

    def __str__(self) -> str:
        return self.key


def mapped_step_key(base: str, mapping_key: str) -> str:
    """The key of the step that runs `base` for one mapping key.

    Example:
        >>> mapped_step_key("machine.brew", "a")
        'machine.brew[a]'
    """
    return f"{base}[{mapping_key}]"


def step_key_base(key: str) -> str:
    """The key of a step without its mapping key.

    Example:
        >>> step_key_base("machine.brew[a]")
        'machine.brew'
    """
    return key.partition("[")[0]


_tag_prefixes: tuple[str, ...] = ("dagflow/", "dagster/")


def use_tag_prefix(prefix: str) -> None:
    """Write system tags with another prefix from now on, in the whole process; the others are still read."""
    global _tag_prefixes
    _tag_prefixes = (prefix, *(other for other in _tag_prefixes if other != prefix))


def system_tag(name: str) -> str:
    """The key of a tag that dagflow itself sets.

    Example:
        >>> system_tag("partition")
        'dagflow/partition'
    """
    return _tag_prefixes[0] + name


def system_tag_spellings(name: str) -> tuple[str, ...]:
    """The keys under which dagflow reads a tag that users set, the one that it would write itself first.

    Example:
        >>> system_tag_spellings("priority")
        ('dagflow/priority', 'dagster/priority')
    """
    return tuple([prefix + name for prefix in _tag_prefixes])


def definition_tags(tags: Any, where: str) -> dict[str, str]:
    """The tags of a definition, as texts. A key that is not made of letters, digits, `_`, `-` and `.`, after
    a namespace and a slash perhaps, is warned of.

    Args:
        tags: None or a mapping of texts to JSON values.
        where: What bears the tags, for the message.

    Raises:
        ParameterCheckError: The tags are no mapping.
        DagflowInvalidDefinitionError: A key is no text, or a value cannot be encoded.
    """
    texts = jsonable_tags(tags, where)
    strange = [key for key in texts if not _is_tag_key(key)]
    if strange:
        warn(
            f"Non-compliant tag keys like {strange} are deprecated, on {where}: use up to 63 of the "
            "characters A-Z, a-z, 0-9, '_', '-' and '.', after a namespace made of the "
            "same and a '/' if you like",
            DeprecationWarning,
        )
    return texts


def jsonable_tags(tags: Any, where: str) -> dict[str, str]:
    """Tags as texts: what is no text is encoded as JSON.

    Args:
        tags: None or a mapping of texts to JSON values.
        where: What bears the tags, for the message.

    Raises:
        ParameterCheckError: The tags are no mapping.
        DagflowInvalidDefinitionError: A key is no text, or a value cannot be encoded.

    Example:
        >>> jsonable_tags({"a": 3, "b": "x"}, "op 'beans'")
        {'a': '3', 'b': 'x'}
    """
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise ParameterCheckError(f"the tags of {where} must be a mapping of texts, not {tags!r}")
    if not tags:
        return {}
    import json  # jobs without tags need it not

    result = {}
    for key, value in tags.items():
        if not isinstance(key, str):
            raise DagflowInvalidDefinitionError(f"tag {key!r} of {where} must have a text as its key")
        if not isinstance(value, str):
            try:
                text = json.dumps(value)
                faithful = json.loads(text) == value
            except (TypeError, ValueError) as error:
                raise DagflowInvalidDefinitionError(
                    f"Invalid value for tag '{key}' of {where}: Could not JSON encode value {value!r}. "
                    "Use a text, or a value made of numbers, texts, lists and dicts."
                ) from error
            if not faithful:
                raise DagflowInvalidDefinitionError(
                    f'Invalid value for tag \'{key}\' of {where}: JSON encoding "{text}" of value "{value}" '
                    "is not equivalent to original value, so nothing could give it back. Use numbers, texts, "
                    "lists and dicts."
                )
            value = text
        result[key] = value
    return result
