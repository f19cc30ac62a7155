"""Stand-ins for the processes that `serve` and `demo` start."""

import subprocess
from types import SimpleNamespace

import pytest

from studies.management import local_site


class Process:
    """A worker or a server that notes what is done to it; `stubborn` ones do not end when they are asked to."""

    def __init__(self, *, stubborn=False, interrupted=False, code=0):
        self.started, self.done, self.returncode = [], [], code
        self.stubborn, self.interrupted = stubborn, interrupted

    def __call__(self, command, **options):
        self.started.append((command, options))
        return self

    def send_signal(self, number):
        self.done.append(number)

    def kill(self):
        self.done.append("kill")

    def wait(self, timeout=None):
        self.done.append("wait")
        if self.stubborn:
            raise subprocess.TimeoutExpired("celery", timeout)
        if self.interrupted and self.done.count("wait") == 1:
            raise KeyboardInterrupt


@pytest.fixture
def processes(monkeypatch, settings, tmp_path):
    """A function that makes the next process that is started one that behaves as said."""
    settings.DATA_DIR = tmp_path

    def start(**how):
        process = Process(**how)
        mine = SimpleNamespace(Popen=process, TimeoutExpired=subprocess.TimeoutExpired)
        monkeypatch.setattr(local_site, "subprocess", mine)
        return process

    return start
