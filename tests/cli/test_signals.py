"""What a signal does: the first saves, the second ends at once, and what nohup ignores stays ignored."""

import signal
import subprocess
import sys

import pytest

from normlab.cli.signals import catching
from normlab.engine.control import Control

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_second_signal_ends_it_at_once(name):
    code = f"""
import signal
from normlab.cli.signals import catching
from normlab.engine.control import Control

control = Control()
with catching(control) as caught:
    caught.training = True
    signal.raise_signal(signal.{name})
    print(control.outcome, control.reason, flush=True)
    signal.raise_signal(signal.{name})
    print("never said", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"interrupted signal {name}\n"
    assert done.returncode == -getattr(signal, name)
    assert done.stderr == "stopping after this step and saving; once more to stop at once\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_a_signal_that_was_ignored_before_stays_so(name):
    number, control = getattr(signal, name), Control()
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with catching(control) as caught:
            caught.training = True
            signal.raise_signal(number)
        assert control.outcome is None
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
