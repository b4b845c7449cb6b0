"""The sensor that sends an email after each failed run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from html import escape
from typing import Any

from dagflow import _doors
from dagflow.copies import Copied
from dagflow.defs.automation.run_status_sensor import (
    Monitored,
    RunStatusSensorDefinition,
    run_failure_sensor,
)
from dagflow.defs.automation.sensor import DefaultSensorStatus
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.options import current_options

_PORTS = {"SSL": 465, "STARTTLS": 587}
_PLACE = "make_email_on_run_failure_sensor"
_Text = Callable[["_doors.RunFailureSensorContext"], str]


def _default_body(context: _doors.RunFailureSensorContext) -> str:
    run = context.dagflow_run
    return (
        f"Job {escape(run.job_name)} failed!<br>Run ID: {run.run_id}<br>"
        f"Error: {escape(context.failure_event.message or '')}"
    )


def _default_subject(context: _doors.RunFailureSensorContext) -> str:
    return f"Dagflow Run Failed: {context.dagflow_run.job_name}"


def make_email_on_run_failure_sensor(
    email_from: str,
    email_password: str,
    email_to: Sequence[str],
    email_body_fn: _Text = _default_body,
    email_subject_fn: _Text = _default_subject,
    smtp_host: str = "smtp.gmail.com",
    smtp_type: str = "SSL",
    smtp_port: int | None = None,
    smtp_user: str | None = None,
    name: str | None = None,
    webserver_base_url: str | None = None,
    monitored_jobs: Sequence[Monitored] | None = None,
    job_selection: Sequence[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    monitor_all_repositories: bool | None = None,
) -> RunStatusSensorDefinition:
    """Make a sensor that sends an email after each failed run, by an SMTP server.

    A test can replace `smtplib.SMTP_SSL`, or `smtplib.SMTP` for STARTTLS.

    Args:
        email_from: The address of the sender.
        email_password: The password of the SMTP user.
        email_to: The addresses of the receivers.
        email_body_fn: Returns the body as HTML; receives a RunFailureSensorContext.
        email_subject_fn: Returns the subject; receives a RunFailureSensorContext.
        smtp_host: The host of the server.
        smtp_type: "SSL" or "STARTTLS".
        smtp_port: The port; default: 465 for SSL, 587 for STARTTLS.
        smtp_user: The SMTP user; default: `email_from`.
        name: The name of the sensor; default: `email_on_run_failure`.
        webserver_base_url: The address of a web server. The body ends with a link to the run.
        monitored_jobs: The jobs whose runs count, as jobs or selectors; default: all of the repository.
        job_selection: An older name of `monitored_jobs`.
        monitor_all_code_locations: Whether all runs of the instance count.
        default_status: The first status in a deployment.
        monitor_all_repositories: An older name of `monitor_all_code_locations`.

    Raises:
        DagflowInvalidDefinitionError: `smtp_type` is something else, or as `run_failure_sensor`.
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> make_email_on_run_failure_sensor("cafe@example.com", "secret", ["owner@example.com"]).name
        'email_on_run_failure'
    """
    for argument, value in (("email_from", email_from), ("email_password", email_password)):
        check_type(value, str, argument, _PLACE)
    if isinstance(email_to, str):
        raise ParameterCheckError(
            f"parameter 'email_to' of {_PLACE} must be a list of addresses, not a string: give {[email_to]!r}"
        )
    check_texts(_PLACE, smtp_host=smtp_host, smtp_user=smtp_user, webserver_base_url=webserver_base_url)
    check_optional(smtp_port, int, "smtp_port", _PLACE)
    if smtp_type not in _PORTS:
        raise DagflowInvalidDefinitionError(
            f'smtp_type {repr_of(smtp_type)} is not supported: give {_PLACE} "SSL" or "STARTTLS"'
        )
    mail = _FailureMail(
        email_from,
        email_password,
        check_elements(email_to, str, "email_to"),
        email_body_fn,
        email_subject_fn,
        smtp_host,
        smtp_type,
        _PORTS[smtp_type] if smtp_port is None else smtp_port,
        email_from if smtp_user is None else smtp_user,
        webserver_base_url,
    )
    decorate = run_failure_sensor(
        "email_on_run_failure" if name is None else name,
        monitored_jobs=monitored_jobs,
        job_selection=job_selection,
        monitor_all_code_locations=monitor_all_code_locations,
        default_status=default_status,
        monitor_all_repositories=monitor_all_repositories,
    )
    return decorate(mail)


class _FailureMail(Copied):
    """The function of the sensor. Its attributes are the arguments of the builder."""

    __slots__ = (
        "body_fn", "host", "password", "port", "receivers", "sender", "smtp_type", "subject_fn", "url", "user"
    )  # fmt: skip

    def __init__(
        self,
        sender: str,
        password: str,
        receivers: Sequence[str],
        body_fn: _Text,
        subject_fn: _Text,
        host: str,
        smtp_type: str,
        port: int,
        user: str,
        url: str | None,
    ) -> None:
        for argument, function in (("email_body_fn", body_fn), ("email_subject_fn", subject_fn)):
            if not callable(function):
                raise ParameterCheckError(
                    f"parameter '{argument}' of {_PLACE} must be a function, not {repr_of(function)}"
                )
        self.sender: str = sender
        self.password: str = password
        self.receivers: Sequence[str] = receivers
        self.body_fn: _Text = body_fn
        self.subject_fn: _Text = subject_fn
        self.host: str = host
        self.smtp_type: str = smtp_type
        self.port: int = port
        self.user: str = user
        self.url: str | None = url

    def __call__(self, context: Any) -> None:
        """Send the email about the run of a context."""
        import smtplib
        import ssl

        message = self._message(context)
        security = ssl.create_default_context()
        if self.smtp_type == "SSL":
            with smtplib.SMTP_SSL(self.host, self.port, context=security) as server:
                server.login(self.user, self.password)
                server.sendmail(self.sender, self.receivers, message)
            return
        with smtplib.SMTP(self.host, self.port) as server:
            server.starttls(context=security)
            server.login(self.user, self.password)
            server.sendmail(self.sender, self.receivers, message)

    def _message(self, context: _doors.RunFailureSensorContext) -> str:
        from email.message import EmailMessage

        body = check_type(self.body_fn(context), str, "the result of email_body_fn", _PLACE)
        if self.url is not None:
            link = f"{self.url.rstrip('/')}/runs/{context.dagflow_run.run_id}"
            body += f'<p><a href="{escape(link)}">View the run</a></p>'
        # a text that differs each time, or else a mail reader hides a body that it has seen before
        now = datetime.fromtimestamp(current_options().clock.now(), timezone.utc)
        body += f'\n<span style="opacity: 0">{now.isoformat(" ")}</span>\n'
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.receivers)
        subject = check_type(self.subject_fn(context), str, "the result of email_subject_fn", _PLACE)
        mail["Subject"] = " ".join(subject.split())  # a header has one line
        mail.set_content(body, subtype="html")
        return mail.as_string()
