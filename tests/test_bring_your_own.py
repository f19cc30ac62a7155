"""Every block of code in docs/bring-your-own.md is run, and its tables are what the library has."""

import re
import tomllib

import pytest
import torch
from django.conf import settings

from explain.cam import find_method
from explain.cam.names import CAPTUM, GROUP, known_methods, use_methods_file
from studies.protocol import check_protocol
from tests.strangers import fresh_methods, install  # noqa: F401

pytestmark = pytest.mark.usefixtures("fresh_methods")

TEXT = (settings.BASE_DIR / "docs" / "bring-your-own.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.M | re.S)
PYTHON = [code for language, code in BLOCKS if language == "python"]
TOML = [tomllib.loads(code) for language, code in BLOCKS if language == "toml"]
FILES = {code.splitlines()[0].removeprefix("# "): code for code in PYTHON if code.startswith("# ")}


def test_the_scripts_run_one_after_the_other_and_give_maps_of_the_sizes_they_say(monkeypatch):
    monkeypatch.chdir(settings.BASE_DIR)
    torch.set_num_threads(1)
    names: dict = {}
    scripts = [code for code in PYTHON if code not in FILES.values()]
    assert len(scripts) == 4
    for code in scripts:
        exec(compile(code, "docs/bring-your-own.md", "exec"), names)
        for word, cells in names["out"].maps.items():
            assert cells.any(), word
        for word, size in re.findall(r'^out\.maps\["(.*)"\]  # (\(.*?\))', code, re.M):
            assert str(tuple(names["out"].maps[word].shape)) == size


def test_the_methods_file_is_one(tmp_path):
    path = tmp_path / "methods.py"
    path.write_text(FILES["/srv/methods.py"])
    use_methods_file(path)
    assert known_methods()["feature-sum"].citation == "Doe and Roe, 2026"
    assert find_method("feature-sum").citation == "Doe and Roe, 2026"


def test_the_package_is_found_by_its_entry_point(tmp_path, monkeypatch):
    project = TOML[0]["project"]
    ((name, points_at),) = project["entry-points"][GROUP].items()
    install(
        tmp_path / "site",
        monkeypatch,
        name=name,
        code=FILES["gradbox.py"],
        version=project["version"],
        points_at=points_at,
    )
    assert find_method(name).citation == "Doe and Roe, NeurIPS 2026"


def test_the_protocol_is_one_and_its_arms_are_called_as_the_text_says():
    arms = check_protocol(TOML[1]).arms
    assert [arm.keys["method"] for arm in arms] == [
        "grad-cam",
        "captum:Occlusion:sign=absolute:stride=16:window=48",
        "captum:NoiseTunnel:sign=absolute",
    ]


def test_the_table_has_every_method_of_captum_with_its_parameters():
    listed = {}
    for row in re.findall(r"^\| (`captum:.*?) \| ?(.*?) ?\|$", TEXT, re.M):
        for name in re.findall(r"`(.*?)`", row[0]):
            listed[name] = row[1]
    expected = {
        name: ", ".join(f"{key}={value}" for key, value in (known.parameters or {}).items())
        for name, known in CAPTUM.items()
    }
    assert listed == expected
