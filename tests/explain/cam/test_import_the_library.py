"""What importing the library costs: names and pictures without torch, and never Django."""

import subprocess
import sys


def modules_after(code):
    command = [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_names_errors_and_pictures_need_no_torch():
    loaded = modules_after(
        "from explain.cam.rendering import render; from explain.cam import known_methods, CamError, Preprocessing; known_methods()"
    )
    assert "torch" not in loaded
    assert "django" not in loaded


def test_the_engine_needs_no_django():
    loaded = modules_after("from explain.cam import Network, METHODS, explain")
    assert "torch" in loaded
    assert "django" not in loaded
