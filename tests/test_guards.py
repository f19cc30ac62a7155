"""The two import guards and the one-way imports, each in a fresh process."""

import subprocess
import sys

import pytest


def modules_after(code: str) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(out.stdout.split())


@pytest.mark.parametrize("core", ["explain.cam", "studies.analysis.scores"])
def test_a_pure_core_does_not_import_django(core):
    assert "django" not in modules_after(f"import {core}")


def test_a_web_process_does_not_import_torch():
    loaded = modules_after(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "import config.wsgi; from django.urls import get_resolver; get_resolver().url_patterns"
    )
    assert "studies.urls" in loaded
    assert "torch" not in loaded
    slow = {
        "scipy.stats",
        "scipy.optimize",
        "scipy.ndimage",
        "pyarrow",
        "prometheus_client",
    }  # only whoever needs them waits for them
    assert not slow & loaded


def test_explain_does_not_import_studies():
    loaded = modules_after(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "from django.conf import settings\n"
        "settings.INSTALLED_APPS.remove('studies'); settings.ROOT_URLCONF = 'explain.urls'\n"
        "import django; django.setup(); import explain.urls, explain.tasks, explain.admin"
    )
    assert not [name for name in loaded if name.split(".")[0] == "studies"]
