"""The wheel and the sdist, built of the checkout, and an environment with the wheel alone in it, outside the checkout."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def build(tree: Path, to: Path, *kinds: str) -> list[Path]:
    """What hatchling makes of a tree: kinds "wheel" and "sdist"."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(to)]
    command += [word for kind in kinds for word in ("-t", kind)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    return [next(to.glob("*.whl" if kind == "wheel" else "*.tar.gz")) for kind in kinds]


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> list[Path]:
    """The wheel and the sdist."""
    return build(ROOT, tmp_path_factory.mktemp("dist"), "wheel", "sdist")


class Installed(NamedTuple):
    folder: Path
    data: Path

    def run(self, *words: str, data: Path | None = None) -> subprocess.CompletedProcess:
        """`blindsight` or `python`, as somebody runs it who has no checkout, from a folder that has nothing of it."""
        kept = {name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS") if name in os.environ}
        program, *rest = words
        return subprocess.run(
            [str(self.folder / "bin" / program), *rest],
            cwd=self.data,
            env={**kept, "HOME": str(self.data), "DATA_DIR": str(data or self.data / "site")},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def installed(built, tmp_path_factory) -> Installed:
    """The wheel in an environment of its own. Other people's packages are those that are here: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = folder / f"lib/python{sysconfig.get_python_version()}/site-packages"
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, *quiet, str(built[0])], check=True)
    return Installed(folder, tmp_path_factory.mktemp("elsewhere"))
