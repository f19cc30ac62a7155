"""The import guards and the one-way imports, each in a fresh process. What pages import: tests/test_web_host.py."""

import subprocess
import sys

import pytest

WORKERS_ONLY = {"torch", "scipy", "sqlalchemy", "pyarrow", "openpyxl"}
"""What requirements-web.txt leaves out: no page of a web host may need it."""
SLOW = {"prometheus_client"}  # only whoever needs it waits for it


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


def test_a_web_process_starts_without_what_only_workers_need():
    loaded = modules_after(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "import config.wsgi; from django.urls import get_resolver; get_resolver().url_patterns"
    )
    assert "studies.urls" in loaded
    assert not (WORKERS_ONLY | SLOW) & loaded


def test_no_page_and_no_command_imports_what_only_workers_need():
    loaded = modules_after(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "import django; django.setup()\n"
        "import importlib, pkgutil, config, studies, explain.management.commands as commands\n"
        "for part in (config, studies, commands):\n"
        "    for module in pkgutil.walk_packages(part.__path__, part.__name__ + '.'):\n"
        "        # These are written only where pyarrow and openpyxl are installed.\n"
        "        if module.name not in ('studies.exports.parquet', 'studies.exports.excel'):\n"
        "            importlib.import_module(module.name)"
    )
    assert {"studies.urls", "studies.analysis.sequential", "explain.management.commands.evaluate"} <= loaded
    assert not WORKERS_ONLY & loaded


def test_explain_does_not_import_studies():
    loaded = modules_after(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "from django.conf import settings\n"
        "settings.INSTALLED_APPS.remove('studies'); settings.ROOT_URLCONF = 'explain.urls'\n"
        "import django; django.setup(); import explain.urls, explain.tasks, explain.admin"
    )
    assert not [name for name in loaded if name.split(".")[0] == "studies"]
