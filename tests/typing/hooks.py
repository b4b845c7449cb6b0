"""Code of a user that must type-check: hooks and loggers, with and without arguments."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from typing_extensions import assert_type

from dagflow import (
    DagflowEvent,
    HookContext,
    HookDefinition,
    HookExecutionResult,
    InitLoggerContext,
    JobDefinition,
    LoggerDefinition,
    build_hook_context,
    build_init_logger_context,
    event_list_hook,
    failure_hook,
    get_dagflow_logger,
    job,
    logger,
    op,
    success_hook,
)


@success_hook
def cheer(context: HookContext) -> None:
    context.log.info("%s made %s", context.step_key, context.op_output_values)


@failure_hook(name="tell", required_resource_keys={"phone"})
def tell(context: HookContext) -> None:
    get_dagflow_logger("shop").error("%s: %r", context.op.name, context.op_exception)


@event_list_hook
def watch(context: HookContext, event_list: Sequence[DagflowEvent]) -> HookExecutionResult:
    return HookExecutionResult("watch", is_skipped=not event_list)


@logger
def plain(context: InitLoggerContext) -> logging.Logger:
    return logging.Logger(context.run_id or "plain")


@logger({"level": str})
def shop(context: InitLoggerContext) -> logging.Logger:
    return logging.Logger("shop", context.logger_config["level"])


@op
def beans() -> int:
    return 1


@job(hooks={cheer, tell, watch}, logger_defs={"plain": plain, "shop": shop})
def cafe() -> None:
    beans.with_hooks({cheer})()


assert_type(cheer, HookDefinition)
assert_type(tell, HookDefinition)
assert_type(watch, HookDefinition)
assert_type(plain, LoggerDefinition)
assert_type(shop, LoggerDefinition)
assert_type(cafe.with_hooks({cheer}), JobDefinition)
cheer(build_hook_context(op=beans))
shop(build_init_logger_context({"level": "INFO"}))
