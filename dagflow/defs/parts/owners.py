"""The owners of a job or an asset."""

from __future__ import annotations

from collections.abc import Sequence

from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type, repr_of


def check_owners(owners: Sequence[str] | None, place: str) -> list[str]:
    """Check an argument that holds owners, and return them.

    Args:
        owners: Email addresses, and teams as "team:roasters".
        place: The definition with these owners, for messages.

    Raises:
        ParameterCheckError: `owners` is not a list of strings.
        DagflowInvalidDefinitionError: An owner is neither an email address nor a team.

    Example:
        >>> check_owners(["ann@cafe.org", "team:roasters"], "job 'brew'")
        ['ann@cafe.org', 'team:roasters']
    """
    if owners is None:
        return []
    if isinstance(owners, str):
        raise ParameterCheckError(
            f"parameter 'owners' of {place} must be a list of strings, not {repr_of(owners)}"
        )
    for owner in check_type(owners, Sequence, "owners", place):
        check_type(owner, str, "owners", place)
        if owner == "team:":
            raise DagflowInvalidDefinitionError(
                f"invalid owner '{owner}' of {place}: Team name cannot be empty after 'team:' prefix"
            )
        if not owner.startswith("team:") and not _is_email(owner):
            raise DagflowInvalidDefinitionError(
                f"invalid owner '{owner}' of {place}: Owner must be an email address or a team name prefixed "
                "with 'team:'"
            )
    return list(owners)


def _is_email(text: str) -> bool:
    name, _, domain = text.partition("@")
    host, _, top = domain.rpartition(".")
    is_whole = bool(name and host) and len(top) > 1 and "@" not in domain
    return is_whole and not any(character.isspace() for character in text)
