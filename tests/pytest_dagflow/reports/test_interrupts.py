"""Tests of Ctrl-C during a run of a test."""

from __future__ import annotations

import subprocess
import sys

import pytest

JOBS = """
    import os, signal, threading
    from dagflow import RetryPolicy, dask_executor, in_process_executor, job, multiprocess_executor, op

    @op
    def interrupts():
        os.kill(int(os.environ["PID_OF_PYTEST"]), signal.SIGINT)
        while True:
            threading.Event().wait(0.05)

    @job(executor_def=in_process_executor)
    def in_process():
        interrupts()

    @job(executor_def=multiprocess_executor)
    def multiprocess():
        interrupts()

    @job(executor_def=dask_executor.configured({"cluster": {"local": {"n_workers": 1}}}))
    def dask():
        interrupts()

    @op(retry_policy=RetryPolicy(max_retries=1, delay=1000))
    def waits():
        threading.Timer(0.1, os.kill, (int(os.environ["PID_OF_PYTEST"]), signal.SIGINT)).start()
        raise OSError("no answer")

    @job(executor_def=in_process_executor)
    def waiting():
        waits()
"""
TESTS = """
    import os, signal
    import pytest
    import jobs
    from dagflow import build_reconstructable_job, execute_job, instance_for_test

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    os.environ["PID_OF_PYTEST"] = str(os.getpid())

    @pytest.mark.dag_real_time
    def test_interrupted():
        with instance_for_test() as instance:
            execute_job(build_reconstructable_job("jobs", {job!r}), instance, raise_on_error={raises})

    def test_next():
        pass
"""

pytestmark = pytest.mark.not_in_wasm("it has no signals")


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("job", ["in_process", "multiprocess", "dask"])
def test_ctrl_c_stops_pytest(pytester: pytest.Pytester, job: str, raises: bool):
    """Ctrl-C in a run ends the session, on every executor, also if the run does not raise its errors."""
    pytester.makepyfile(jobs=JOBS, test_it=TESTS.format(job=job, raises=raises))

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:xdist", "-W", "error")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "passed" not in str(result.stdout)


@pytest.mark.parametrize("raises", [True, False])
def test_ctrl_c_in_a_wait_names_the_step(pytester: pytest.Pytester, raises: bool):
    """After Ctrl-C in the wait for a retry, the message names the step, the wait and the error."""
    pytester.makepyfile(jobs=JOBS, test_it=TESTS.format(job="waiting", raises=raises))

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:xdist")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["*interrupted while step 'waits' waited 1000 s for its attempt 2, after OSE*"]
    )


@pytest.mark.parametrize("raises", [True, False])
def test_ctrl_c_of_a_terminal_reaches_the_workers_too(pytester: pytest.Pytester, raises: bool):
    """A terminal interrupts the process of each step too. A run in a session fixture ends the session."""
    pytester.makepyfile(
        jobs=JOBS.replace("os.kill(", "os.killpg("),
        test_it=TESTS.replace("def test_interrupted", "@pytest.fixture(scope='session')\n    def interrupted")
        .replace("@pytest.mark.dag_real_time", "")
        .replace("def test_next():", "def test_next(interrupted):")
        .format(job="multiprocess", raises=raises),
    )
    options = ("-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider")
    # in a process group of its own, because the signal goes to the whole group
    process = pytester.popen(
        [sys.executable, "-m", "pytest", *options], stdin=subprocess.DEVNULL, start_new_session=True
    )
    output, _ = process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert b"passed" not in output


def test_an_interrupt_that_the_test_raises_is_the_business_of_the_test(pytester: pytest.Pytester):
    """User code that raises KeyboardInterrupt does not end the session if the run does not raise it."""
    pytester.makepyfile(
        """
        from dagflow import job, op

        @op
        def stops():
            raise KeyboardInterrupt

        @job
        def stopped():
            stops()

        def test_it():
            assert not stopped.execute_in_process(raise_on_error=False).success
        """
    )

    pytester.runpytest().assert_outcomes(passed=1)


def test_a_test_may_expect_the_interrupt(pytester: pytest.Pytester):
    """A test that catches the error of an interrupted run passes, and the session goes on."""
    test = TESTS.replace("            execute", "            with pytest.raises(BaseException): execute")
    pytester.makepyfile(jobs=JOBS, test_it=test.format(job="multiprocess", raises=True))

    pytester.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=2)
