"""Which PyTorch `make demo` asks pip for."""

import platform
import re
import subprocess

import pytest

from tests.packaging.conftest import ROOT
from tests.packaging.test_wheel import pins

ON_A_PC = platform.system() == "Linux" and platform.machine() == "x86_64"


def asked_for(*words: str) -> list[str]:
    """The lines of `make demo` in a clone that has no environment, as far as pip runs in them."""
    command = ["make", "-n", "-B", ".venv/installed", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "pip install" in line]


@pytest.mark.skipif(not ON_A_PC, reason="other machines have one build of PyTorch, for the CPU")
def test_without_a_gpu_the_cpu_build_of_the_same_versions_is_tried_first():
    cpu, everything = asked_for("CPU=1", "TORCH_INDEX=file:///wheels")
    ours = {
        f"{pin.name}{pin.specifier}+cpu"
        for pin in pins("requirements-cam.txt")
        if "x86_64" in str(pin.marker)
    }
    assert {*re.findall(r"torch\S*==\S+", cpu)} == ours
    assert len(ours) == 2
    assert "|| echo" in cpu  # an index without it is no error
    assert everything.endswith("-r requirements.txt")
    assert all("--extra-index-url file:///wheels" in line for line in (cpu, everything))


def test_with_a_gpu_or_at_ones_wish_it_is_not():
    (everything,) = asked_for("CPU=0")
    assert everything.endswith("-r requirements.txt")
    assert "index" not in everything
