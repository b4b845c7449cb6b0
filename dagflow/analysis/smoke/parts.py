"""The smoke tests of assets, checks, resources, and of the definitions as a whole. They start no resource."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.analysis.smoke.findings import SmokeFinding, of_config, of_error
from dagflow.analysis.smoke.project import NO_KEYS, SmokeProject
from dagflow.config.read import read_config
from dagflow.defs.assets.asset_graph import AssetGraph
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.validation import PartitionLink
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import Requirement, check_role, not_provided
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import DagflowConfigMappingFunctionError, DagflowError, DagflowInvalidConfigError
from dagflow.keys import AssetKey
from dagflow.partitions.multi_mapping import keys_read
from dagflow.runs.in_process import validate_run_config

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "")


class SmokeTest:
    """A test of one definition. The docstring of each kind states what it tests.

    Args:
        project: The project.
        name: The name of the definition.
        definition: The definition.
        place: Its file and line, as "pipeline.py:7", or a string without a line if it is unknown.
        touches: The nodes that it is about: definitions, and expressions of a selection.

    Attributes:
        kind: The kind of definition, as "asset".
        place: Its file and line; empty if it is unknown, or inside of dagflow.
        project, name, definition, touches: The other arguments.
    """

    kind = ""

    def __init__(
        self,
        project: SmokeProject,
        name: str,
        definition: Any,
        place: str = "",
        touches: tuple[object, ...] = (),
    ) -> None:
        self.project: SmokeProject = project
        self.name: str = name
        self.definition: Any = definition
        self.place: str = "" if ":" not in place or place.startswith(_PACKAGE) else place
        self.touches: tuple[object, ...] = touches

    @property
    def subject(self) -> str:
        """The definition for messages, as "asset 'orders'"."""
        return f"{self.kind} '{self.name}'"

    def run(self) -> list[SmokeFinding]:
        """Test the definition, and return the findings; an empty list if everything is right.

        An exception of user code is a finding too, but KeyboardInterrupt and its like pass through.
        """
        return list({finding.fact: finding for finding in self.findings()}.values())

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield the findings. Each kind has its own."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<smoke test of {self.subject}>"


class DefinitionsTest(SmokeTest):
    """The definitions load as a whole: names are unique, jobs have their resources, partitions fit."""

    kind = "definitions"

    @property
    def subject(self) -> str:
        """The definition for messages."""
        return "the definitions of the project"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield the error of `Definitions.validate_loadable`."""
        try:
            Definitions.validate_loadable(self.definition)
        except DagflowError as error:
            yield of_error("the definitions do not load as a whole", error)


class AssetTest(SmokeTest):
    """The asset has its resources. Its default config is valid. Its first and last partition, and those at
    the end of a month or year and at a change of the clock, read upstream partitions that exist.
    """

    kind = "asset"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing or invalid."""
        yield from _resource_findings(self)
        yield from _config_findings(self)
        for link in self.project.links.get(AssetKey.from_user_string(self.name), ()):
            own, problem = self._unread_partition(link)
            if problem is not None:
                reader = self.subject if own is None else f"partition '{own}' of {self.subject}"
                upstream = link.upstream.to_user_string()
                yield problem._replace(fact=f"{reader} cannot read asset '{upstream}'")

    def _unread_partition(self, link: PartitionLink) -> tuple[str | None, SmokeFinding | None]:
        """Return the first partition that reads a partition that does not exist, and the problem."""
        known, identity = self.project.unread, (id(link.own), id(link.other), id(link.mapping))
        if identity not in known:  # the catalog keeps these objects
            known[identity] = _first_unread(self.project, link)
        return known[identity]


def _first_unread(project: SmokeProject, link: PartitionLink) -> tuple[str | None, SmokeFinding | None]:
    for own in [None] if link.own is None else project.boundaries(link.own):
        keys = [] if own is None else [own]
        try:
            keys_read(keys, link.own, link.other, link.mapping, project.now, NO_KEYS)
        except Exception as error:  # also of a mapping of the user
            return own, of_error("", error)
    return None, None


def of_selection(fact: str, selection: AssetSelection | None, graph: AssetGraph) -> Iterator[SmokeFinding]:
    """Yield a finding if a selection names an asset or check that a graph does not have."""
    try:
        if selection is not None:
            selection.resolve(graph)
            selection.resolve_checks(graph)
    except DagflowError as error:
        remedy = "Correct the key, or declare the asset by an AssetSpec."
        yield of_error(fact, error)._replace(remedy=remedy)


class CheckTest(SmokeTest):
    """The check is about an asset of the project. It has its resources. Its default config is valid."""

    kind = "check"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing or invalid."""
        assets = self.project.asset_keys
        spec = next(spec for spec in self.definition.check_specs if spec.key.to_user_string() == self.name)
        if spec.asset_key not in assets:
            key = spec.asset_key.to_user_string()
            hint = nearest(key, [other.to_user_string() for other in assets])
            fact = f"{self.subject} is about asset '{key}', which is not an asset of the project.{hint}"
            yield SmokeFinding(fact, remedy=f"Correct the key, or declare the asset: AssetSpec('{key}').")
        yield from _resource_findings(self)
        yield from _config_findings(self)


class ResourceTest(SmokeTest):
    """The resource can be made: it is no class, its default config is valid, and the resources that it needs
    are there. It is not started.
    """

    kind = "resource"

    def findings(self) -> Iterator[SmokeFinding]:
        """Yield what is missing or invalid."""
        found = self.project.resources[self.name]
        if isinstance(found, DagflowError):
            yield of_error(f"{self.subject} is not valid", found)
            return
        known = {
            key: one for key, one in self.project.resources.items() if isinstance(one, ResourceDefinition)
        }
        try:
            start_order(known, {self.name: Requirement(self.name, self.subject)}, "the project")
            if found.config_field is not None:
                found.default_config(self.name, os.environ)
            found.nested_configs(self.name, os.environ, {id(one) for one in known.values()})
        except DagflowInvalidConfigError as error:
            yield from _of_default(self.subject, error)
        except DagflowError as error:
            yield of_error(f"{self.subject} cannot be made", error)


def _resource_findings(test: SmokeTest) -> Iterator[SmokeFinding]:
    """Yield the resources that an asset or check needs, and that neither it nor the project has."""
    definition = test.definition
    if not isinstance(definition, AssetsDefinition):
        return
    known = {DEFAULT_IO_MANAGER_KEY: None, **test.project.resources, **definition.resource_defs}
    for need in definition.own_requirements():
        resource = known.get(need.key)
        try:
            if need.key in known:
                if isinstance(resource, ResourceDefinition):
                    check_role(need, resource)
            elif not need.is_optional:
                given = [key for key in known if known[key] is not None]
                raise not_provided(need, given, test.subject, remedy="Give it to the Definitions.")
        except DagflowError as error:
            yield of_error(f"{test.subject} lacks a resource", error)


def _config_findings(test: SmokeTest) -> Iterator[SmokeFinding]:
    """Yield what is wrong with the default config of an asset or check, or what config it requires."""
    definition = test.definition
    if not isinstance(definition, AssetsDefinition) or definition.is_declaration:
        return
    try:
        if isinstance(definition.node_def, OpDefinition):
            field = definition.node_def.config_field
            if field is not None:
                read_config(field, UNSET, f"Error in config for {test.subject}", os.environ)
        elif test.project.jobs is not None:  # the config of a graph can be mapped: only a job knows it
            project = test.project.definitions
            checks = [spec.key for spec in definition.check_specs]
            chosen = AssetSelection.assets(*definition.keys) | AssetSelection.checks(*checks)
            validate_run_config(
                build_asset_job(project.catalog(), selection=chosen, resources=project.resources)
            )
    except DagflowInvalidConfigError as error:
        yield from _of_default(test.subject, error)
    except DagflowConfigMappingFunctionError as error:
        yield of_error(f"the config mapping of {test.subject} raised", error)


def _of_default(subject: str, error: DagflowInvalidConfigError) -> Iterator[SmokeFinding]:
    return of_config(subject, error, is_complete=False, invalid=f"the default config of {subject} is invalid")
