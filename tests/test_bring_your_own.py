"""Every block of code in docs/bring-your-own.md is run, and its tables are what the library has."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from django.conf import settings
from django.core.management import call_command
from PIL import Image

from explain.cam import find_method
from explain.cam.loading.description import Description, read_description
from explain.cam.names import CAPTUM, GROUP, known_methods, use_methods_file
from explain.models import MapSet
from explain.photos import import_images
from studies.protocol import check_protocol
from tests.strangers import fresh_methods, install  # noqa: F401

pytestmark = pytest.mark.usefixtures("fresh_methods")

TEXT = (settings.BASE_DIR / "docs" / "bring-your-own.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.M | re.S)
PYTHON = [code for language, code in BLOCKS if language == "python"]
TOML = [tomllib.loads(code) for language, code in BLOCKS if language == "toml"]
CONSOLE = [line for language, code in BLOCKS if language == "console" for line in code.splitlines()]
FILES = {code.splitlines()[0].removeprefix("# "): code for code in PYTHON if code.startswith("# ")}


SCRIPTS = [code for code in PYTHON if code not in FILES.values()]
OTHERS = ("pytorch_grad_cam", "quantus", "shap")


def other_of(code: str) -> str:
    """Whose library a script needs; empty for ours."""
    return next((name for name in OTHERS if re.search(rf"^(import|from) {name}\b", code, re.M)), "")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder in which the samples lie as they do here."""
    (tmp_path / "samples").symlink_to(settings.BASE_DIR / "samples")
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    return tmp_path


def run(code: str, names: dict) -> None:
    """Run a script; its maps are of the sizes that it says."""
    exec(compile(code, "docs/bring-your-own.md", "exec"), names)
    for word, cells in names["out"].maps.items() if "out" in names else ():
        assert cells.any(), word
    for word, size in re.findall(r'^out\.maps\["(.*)"\]  # (\(.*?\))', code, re.M):
        assert str(tuple(names["out"].maps[word].shape)) == size


def test_our_own_scripts_run_one_after_the_other_and_give_maps_of_the_sizes_they_say(place):
    names: dict = {}
    scripts = [code for code in SCRIPTS if not other_of(code)]
    assert len(scripts) == 7
    for code in scripts:
        run(code, names)
    assert names["xray"].class_names == ["not pneumonia", "pneumonia"]
    assert names["vit"].cells == re.search(r"^vit\.cells  # (.*)", TEXT, re.M)[1]


@pytest.mark.parametrize("library", OTHERS)
def test_another_library_gives_maps_of_the_sizes_that_are_said(place, library):
    pytest.importorskip(
        library, reason="requirements-recipes.txt, and libgl1 of Debian for OpenCV", exc_type=ImportError
    )
    names: dict = {}
    run(next(code for code in SCRIPTS if "def gradient_times_feature" in code), names)
    names["torch"] = torch
    (code,) = (code for code in SCRIPTS if other_of(code) == library)
    run(code, names)


@pytest.mark.django_db
def test_arrays_from_anywhere_come_in_by_the_command_that_is_named(place, capsys):
    import_images(path=settings.BASE_DIR / "samples/photos", set_name="samples")
    names = {"Image": Image}
    run(next(code for code in SCRIPTS if "np.save" in code), names)
    command = next(line for line in CONSOLE if "import_maps" in line).split()[2:]
    call_command(*command)
    assert MapSet.objects.get(name="mine").maps.count() == len(list((place / "my-maps").iterdir())) > 40


def test_the_network_toml_and_its_table_have_the_keys_that_are_read():
    toml = next(code for language, code in BLOCKS if language == "toml" and "load =" in code)
    assert len(read_description(toml.encode()).classes) == 7
    table = TEXT[TEXT.index("| key | what it says |") :].split("\n\n")[0]
    keys = re.findall(r"`([\w]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()))
    assert sorted(keys) == sorted(field.name for field in fields(Description))
    options = Path(settings.BASE_DIR / "explain/management/commands/add_network.py").read_text("utf-8")
    assert all(f'"--{key}"' in options for key in keys)


def test_the_methods_file_is_one(tmp_path):
    path = tmp_path / "methods.py"
    path.write_text(FILES["/srv/methods.py"])
    use_methods_file(path)
    assert known_methods()["feature-sum"].citation == "Doe and Roe, 2026"
    assert find_method("feature-sum").citation == "Doe and Roe, 2026"


def test_the_package_is_found_by_its_entry_point(tmp_path, monkeypatch):
    project = next(table for table in TOML if "project" in table)["project"]
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
    arms = check_protocol(next(table for table in TOML if "arms" in table)).arms
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
