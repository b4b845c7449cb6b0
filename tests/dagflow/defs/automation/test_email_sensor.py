"""Tests of `make_email_on_run_failure_sensor`, with a server that only notes what it gets."""

from __future__ import annotations

import smtplib
from email import message_from_string
from typing import Any

import pytest

from dagflow import (
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DefaultSensorStatus,
    ParameterCheckError,
    build_run_status_sensor_context,
    job,
    make_email_on_run_failure_sensor,
    op,
)
from dagflow.testing import SensorState, simulate_ticks


@op
def spill() -> None:
    """Fail."""
    raise ValueError("spilt")


@job
def brew() -> None:
    """Run one failing op."""
    spill()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return the calls of the servers."""
    noted: list[tuple[Any, ...]] = []

    class Server:
        def __init__(self, host: str, port: int, **options: Any) -> None:
            noted.append((type(self).__name__, host, port, sorted(options)))

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            noted.append(("exit",))

        def starttls(self, *, context: Any) -> None:
            noted.append(("starttls",))

        def login(self, *args: str) -> None:
            noted.append(("login", *args))

        def sendmail(self, *args: Any) -> None:
            noted.append(("sendmail", *args))

    class SecureServer(Server):
        pass

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", SecureServer)
    return noted


def sent(**arguments: Any) -> None:
    """Call a sensor for a failed run."""
    given = {"email_from": "a@b.c", "email_password": "pw", "email_to": ["x@y.z", "u@v.w"], **arguments}
    sensor = make_email_on_run_failure_sensor(**given)
    with DagflowInstance.ephemeral() as instance:
        result = brew.execute_in_process(instance=instance, raise_on_error=False)
        event = result.get_run_failure_event()
        sensor(build_run_status_sensor_context("s", event, instance, result.dagflow_run))


def test_the_email(calls: list[tuple[Any, ...]]):
    """It goes to all receivers, and names the job and the error."""
    sent(webserver_base_url="http://cafe/")

    assert calls[:2] == [("SecureServer", "smtp.gmail.com", 465, ["context"]), ("login", "a@b.c", "pw")]
    assert calls[2][:3] == ("sendmail", "a@b.c", ["x@y.z", "u@v.w"])
    assert calls[3:] == [("exit",)]
    mail = message_from_string(calls[2][3])
    body = mail.get_payload(decode=True).decode()
    assert (mail["From"], mail["To"]) == ("a@b.c", "x@y.z, u@v.w")
    assert mail["Subject"] == "Dagflow Run Failed: brew"
    assert mail.get_content_type() == "text/html"
    assert body.startswith("Job brew failed!<br>Run ID: ")
    assert "Steps failed: [&#x27;spill&#x27;]" in body
    assert '<a href="http://cafe/runs/' in body


def test_own_texts_and_server(calls: list[tuple[Any, ...]]):
    """The functions make the texts, and STARTTLS has its own port."""
    sent(
        email_body_fn=lambda context: f"<b>{context.dagflow_run.job_name}</b>",
        email_subject_fn=lambda context: "two\nlines",
        smtp_host="mail",
        smtp_type="STARTTLS",
        smtp_user="me",
    )

    assert calls[:3] == [("Server", "mail", 587, []), ("starttls",), ("login", "me", "pw")]
    mail = message_from_string(calls[3][3])
    assert mail["Subject"] == "two lines"
    assert mail.get_payload(decode=True).startswith(b"<b>brew</b>")


def test_a_simulated_run_sends_an_email(calls: list[tuple[Any, ...]]):
    """It is a sensor of failed runs, with the arguments of one."""
    mail = make_email_on_run_failure_sensor(
        "a@b.c", "pw", ["x@y.z"], monitored_jobs=[brew], default_status=DefaultSensorStatus.RUNNING
    )
    with DagflowInstance.ephemeral() as instance:
        ticks = simulate_ticks(mail, 0.0005, "2024-01-01", instance=instance)
        states = {"email_on_run_failure": SensorState(ticks[-1].cursor)}
        brew.execute_in_process(instance=instance, raise_on_error=False)
        (tick, *_) = simulate_ticks(mail, 0.0005, "2024-01-02", instance=instance, states=states)

    assert str(tick) == "2024-01-02 00:00 email_on_run_failure: reacts to brew FAILURE"
    assert mail.default_status is DefaultSensorStatus.RUNNING
    assert [call[0] for call in calls] == ["SecureServer", "login", "sendmail", "exit"]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"smtp_type": "TLS"}, DagflowInvalidDefinitionError, "'TLS' is not supported"),
        ({"email_to": "x@y.z"}, ParameterCheckError, r"give \['x@y.z'\]"),
        ({"email_from": 3}, ParameterCheckError, "email_from"),
        ({"smtp_port": "25"}, ParameterCheckError, "smtp_port"),
        ({"email_body_fn": "text"}, ParameterCheckError, "email_body_fn"),
        ({"email_body_fn": lambda context: 3}, ParameterCheckError, "the result of email_body_fn"),
        ({"name": "two words"}, DagflowInvalidDefinitionError, "two words"),
    ],
)
def test_invalid_arguments(
    calls: list[tuple[Any, ...]], arguments: dict[str, Any], error: type[Exception], match: str
):
    """The error names the argument, and no email is sent."""
    with pytest.raises(error, match=match):
        sent(**arguments)

    assert calls == []
