"""The public names and arguments of Dagster that dagflow does not have, each with its meaning.

Only data, which `dagflow.absent` reads when a message needs it. Names are spelled as they would be in
dagflow. A name that dagflow gets is removed here; a test compares both lists with Dagster.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """Names of one subject.

    Attributes:
        is_planned: Whether dagflow is going to have them.
        instead: A sentence about the remedy.
        names: The meaning of each name.
    """

    is_planned: bool
    instead: str
    names: dict[str, str]


class Argument(NamedTuple):
    """An argument of one or more functions.

    Attributes:
        is_planned: Whether dagflow is going to have it.
        owners: The names of the functions and classes, separated by spaces.
        meaning: The meaning of the argument.
        instead: A sentence about the remedy.
    """

    is_planned: bool
    owners: str
    meaning: str
    instead: str


START_PROCESS = "Start the process with subprocess.run in the function of an op or asset."
PLAIN_PYTHON = "Write the definitions in Python and give them to Definitions(...)."
FROM_PYTHON = "Import it from Python's own module."
NO_DEPLOYMENT = "dagflow runs jobs in this process, in processes of this machine or on dask: see execute_job."
NO_WARNINGS = "dagflow never issues it, so no filter is needed."

TOPICS = (
    Topic(True, START_PROCESS, {
        "PipesBlobStoreMessageReader": "reads messages of an external process from a store",
        "PipesCompositeMessageReader": "reads messages of an external process in several ways",
        "PipesLogReader": "reads the log of an external process",
    }),
    Topic(False, PLAIN_PYTHON, {
        "AssetAttributesModel": "the fields of an asset in a component file",
        "Component": "a part of a project that is configured by a file",
        "ComponentFormConfig": "the form of a component in a user interface",
        "ComponentLoadContext": "the context in which a component is loaded",
        "ComponentTree": "the components of a project",
        "ComponentTypeSpec": "the description of a kind of components",
        "DefinitionsComponent": "a component with definitions in Python",
        "DefsFolderComponent": "a component that loads a folder",
        "FunctionComponent": "a component of a Python function",
        "Injected": "marks a field of a component that is filled in",
        "Model": "the base of models in component files",
        "PythonScriptComponent": "a component that runs a Python script",
        "ResolutionContext": "the context in which the fields of a component are resolved",
        "Resolvable": "the base of classes whose fields come from a component file",
        "ResolvedAssetCheckSpec": "the type of an asset check in a component file",
        "ResolvedAssetKey": "the type of an asset key in a component file",
        "ResolvedAssetSpec": "the type of an asset spec in a component file",
        "Resolver": "converts a field of a component file",
        "ScaffoldRequest": "the request to write the files of a component",
        "Scaffolder": "writes the files of a component",
        "SqlComponent": "a component that runs SQL",
        "StateBackedComponent": "a component that stores its state",
        "TemplatedSqlComponent": "a component that runs SQL from a template",
        "UPathDefsStateStorage": "the storage for the state of components",
        "UvRunComponent": "a component that runs a script by uv",
        "build_component_defs": "makes the definitions of a folder of components",
        "build_defs_for_component": "makes the definitions of a component",
        "component_defs": "makes the definitions of a component, for tests",
        "component_instance": "a decorator that makes a component of a function",
        "components": "the module of components",
        "get_all_components_defs_within_project": "loads all components of a folder, for tests",
        "get_component_defs_within_project": "loads a component of a folder, for tests",
        "load_defs": "loads the definitions of a folder of components",
        "load_from_defs_folder": "loads the definitions of the folder of a project",
        "resources": "the resources of a folder of components",
        "scaffold_component": "writes the file of a component",
        "scaffold_with": "a decorator that sets the scaffolder of a component",
        "template_var": "a decorator that makes a variable of component files",
    }),
    Topic(False, "Load each value by the old I/O manager and store it by the new one, in a script.", {
        "MigrateIOStorageResult": "the result of migrate_io_storage",
        "migrate_io_storage": "copies stored values from one I/O manager to another",
    }),
    Topic(False, NO_DEPLOYMENT, {
        "DefaultRunLauncher": "starts runs in the processes of a deployment",
        "MAX_RUNTIME_SECONDS_TAG": "the tag with the longest time of a run, which a daemon reads",
        "QueuedRunCoordinator": "starts the runs of a queue",
        "StepExecutionContext": "the internal context of a step",
        "StepLauncher": "runs a step in another system",
        "StepRunRef": "a step that another system can run",
        "SubmitRunContext": "the context of a run that is added to a queue",
        "external_instance_from_step_run_ref": "makes the instance for a step in another system",
        "multiple_process_executor_requirements": "the requirements of executors with several processes",
        "raise_execution_interrupts": "turns signals into errors while a step runs",
        "run_step_from_ref": "runs a step in another system",
        "step_context_to_step_run_ref": "makes a StepRunRef of a step",
        "step_run_ref_to_step_context": "makes a step of a StepRunRef",
    }),
    Topic(True, "Use instance.get_event_records(...) and instance.all_logs(run_id).", {
        "EventRecordsResult": "a page of event records",
        "RunShardedEventsCursor": "the cursor of an event log with a file for each run",
        "RunStatusChangeRecordsFilter": "a filter of events about the status of runs",
    }),
    Topic(False, "Catch DagflowStorageError or DagflowRunNotFoundError.", {
        "DagflowEventLogInvalidForRun": "the error about an event log that cannot be read",
    }),
    Topic(False, "Give the definitions to Definitions(...), or list them in a @repository.", {
        "BindResourcesToJobs": "a list of jobs that get the resources of Definitions; all jobs get them",
        "PendingNodeInvocation": "a call of an op with another name or tags, before it is wired",
        "RepositoryData": "the base of classes that load the definitions of a repository on demand",
    }),
    Topic(False, "Annotate with Any, or with the classes themselves.", {
        "AssetOrCheckKey": "the type of asset keys and check keys",
        "ConfigSchema": "the type of config schemas",
    }),
    Topic(False, "Use colored_console_logger and json_console_logger in `logger_defs`.", {
        "JsonLogFormatter": "formats log records as JSON",
        "default_system_loggers": "the loggers of a job that names none",
    }),
    Topic(False, "Set CodeReferencesMetadataValue in the metadata of the asset.", {
        "AnchorBasedFilePathMapping": "the mapping of local files to a repository by an anchor",
        "FilePathMapping": "the mapping of local files to a repository",
        "link_code_references_to_git": "turns local code references into links",
        "with_source_code_references": "adds code references to assets",
    }),
    Topic(False, NO_WARNINGS, {
        "BetaWarning": "the warning about a beta feature",
        "ConfigArgumentWarning": "the warning about an argument that is also a config field",
        "PreviewWarning": "the warning about a preview feature",
        "SupersessionWarning": "the warning about a replaced feature",
        "deprecation_warning": "issues a warning about an old feature",
    }),
    Topic(False, FROM_PYTHON, {
        "Callable": "a name of collections.abc",
        "Final": "a name of typing",
        "Mapping": "a name of collections.abc",
        "Sequence": "a name of collections.abc",
        "TYPE_CHECKING": "a name of typing",
        "TypingAny": "typing.Any",
        "TypingTuple": "typing.Tuple",
        "importlib": "a module of Python",
        "sys": "a module of Python",
        "version": "the module with the version; use dagflow.__version__",
    }),
)  # fmt: skip
"""All absent names, by subject."""

ARGUMENTS = {
    "component_tree": Argument(False, "Definitions", "the components of the project", PLAIN_PYTHON),
    "event_loop": Argument(
        False, "build_resources", "the event loop of the resources", "Remove the argument."
    ),
    "exclude_subruns": Argument(
        False, "RunsFilter", "whether runs of backfills are left out", "Remove the argument."
    ),
    "log_manager": Argument(
        False,
        "build_resources",
        "the log of the resources",
        "Remove the argument; the resources log as usual.",
    ),
    "snapshot_id": Argument(
        False, "RunsFilter", "the id of the stored form of a job", "Filter by job_name instead."
    ),
    "synchronous_run_coordinator": Argument(
        False, "instance_for_test", "whether submitted runs start at once", NO_DEPLOYMENT
    ),
    "synchronous_run_launcher": Argument(
        False, "instance_for_test", "whether launched runs run in this process", NO_DEPLOYMENT
    ),
    "updated_after": Argument(
        True,
        "RunsFilter",
        "the earliest time of the last change of a run",
        "Use created_after instead.",
    ),
    "updated_before": Argument(
        True, "RunsFilter", "the latest time of the last change of a run", "Use created_before instead."
    ),
}
"""All absent arguments by name. `owners` has classes by their names, and methods as `Class.method`."""
