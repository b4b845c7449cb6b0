from dagflow.context.init import InitResourceContext as InitResourceContext
from dagflow.context.log import DagflowLogManager as DagflowLogManager
from dagflow.context.resources import ScopedResources as ScopedResources
from dagflow.defs.conditions.stored import storable_class as storable_class
from dagflow.defs.jobs.definition import JobDefinition as JobDefinition
from dagflow.defs.ops.definition import OpDefinition as OpDefinition
from dagflow.defs.project.repository import RepositoryDefinition as RepositoryDefinition
from dagflow.defs.project.repository import repository_of as repository_of
from dagflow.invocation.asset_values import AssetValueLoader as AssetValueLoader
from dagflow.invocation.build import build_init_resource_context as build_init_resource_context
from dagflow.invocation.hook import invoke_hook as invoke_hook
from dagflow.invocation.invoke import invoke as invoke
from dagflow.invocation.logger import invoke_logger as invoke_logger
from dagflow.io.builtin import build_builtin as build_builtin
from dagflow.runs.in_process import execute_in_process as execute_in_process
from dagflow.runs.in_process import subset_of as subset_of
from dagflow.runs.launch import create_run as create_run
from dagflow.runs.results import ExecuteInProcessResult as ExecuteInProcessResult

DOORS: dict[str, str]
