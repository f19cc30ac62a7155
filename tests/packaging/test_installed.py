"""The wheel by itself, outside the checkout: the engine without Django, the site's files, and a site of 0.1 that goes on."""

import json
import os
import sqlite3
import subprocess
import sys
import zipfile

import pytest

from config import rows
from studies.lifecycle import code_version
from tests.config.conftest import other_databases as other_databases
from tests.config.test_upgrade import FIRST, GIVEN, fill_as_then, migrate

# The demo as a whole runs from the wheel in .ci/run.
ENGINE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "celery", "rest_framework", "environs", "config", "studies"):
            raise ImportError(name)

sys.meta_path.insert(0, Nothing())
import torch
import explain.cam
from explain.cam import Network, explain

net = Network.load("package:squeezenet1_1", weights="DEFAULT", layer="features")
out = explain(net, torch.zeros(1, 3, *net.preprocessing.size), methods=["pixel-ablation-cam"])
print(sys.modules["explain.cam"].__file__, *out.maps["pixel-ablation-cam"].shape)
"""

SITE = """
import os
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
import studies
django.setup()
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template.loader import get_template
from django.test import Client
from django.utils import translation
from studies.lifecycle import code_version
from studies.protocol import read_protocol
from studies.trial_types import trial_types

page = Client().get("/accounts/login/", headers={"host": "localhost"})
assert page.status_code == 200 and b"Blindsight" in page.content, page
assert finders.find("css/volunteer.css")
folder = Path(studies.__file__).parent
templates = [path.relative_to(folder).as_posix() for path in folder.glob("trial_types/*/*.html")]
assert len(templates) > 10
for name in templates:
    get_template(name)
for kind in trial_types():
    assert (settings.BASE_DIR / kind.results.recomputed_by).is_file(), kind.name
for path in Path(settings.BASE_DIR / "docs/protocols").glob("*.toml"):
    read_protocol(path)
with translation.override("de"):
    assert translation.gettext("You need a keyboard.") != "You need a keyboard."
print(Path(settings.BASE_DIR), code_version(), flush=True)
call_command("scores", "first", "--json")
"""


def test_the_engine_runs_without_django_from_the_wheel(built, tmp_path):
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ENGINE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    file, *shape = done.stdout.split()
    assert file.startswith(str(tmp_path))
    assert shape == ["1", "14", "14"]


@pytest.mark.django_db(transaction=True)
def test_a_site_of_the_first_release_goes_on_in_the_installed_one_with_its_answers(
    installed, tmp_path, other_databases
):
    database = tmp_path / "blindsight.sqlite3"
    with rows.opened(f"sqlite:///{database}") as alias:
        fill_as_then(migrate(alias, FIRST), alias)
    refused = installed.run("blindsight", "scores", "first", data=tmp_path)
    assert refused.returncode == 1
    assert "Make them: blindsight migrate" in refused.stderr
    migrated = installed.run("blindsight", "migrate", "--verbosity", "0", data=tmp_path)
    assert migrated.returncode == 0, migrated.stderr
    counted = [choice for choice, status in GIVEN if status == "counted"]
    with sqlite3.connect(database) as file:
        assert file.execute("SELECT choice, status FROM studies_response ORDER BY id").fetchall() == GIVEN
    site = installed.run("python", "-c", SITE, data=tmp_path)
    assert site.returncode == 0, site.stderr
    where, version, scores = site.stdout.split(maxsplit=2)
    assert json.loads(scores)["responses"] == len(counted)
    assert where.startswith(str(installed.folder))
    assert version == code_version()  # the commit that it was built of, which studies note
