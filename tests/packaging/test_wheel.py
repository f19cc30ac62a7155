"""What is in the wheel and the sdist, and what they say they need."""

import os
import re
import subprocess
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import blindsight
from studies.lifecycle import code_version
from tests.packaging.conftest import ROOT, build
from tests.test_requirements import plain

EXTRAS = {
    "worker": "requirements.txt",
    **{name: f"requirements-{name}.txt" for name in ("cam", "fast", "s3", "captum", "heic", "h5", "medical")},
}
PACKAGES = ("blindsight/", "config/", "explain/", "studies/")
ALONG = (
    "templates/*", "static/*", "translations/*.mo", "samples/*", "docs/*.md", "docs/protocols/*.toml", "docs/recompute_*.py",
)  # fmt: skip


def tracked() -> list[str]:
    """The files of the checkout that git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.splitlines() if (ROOT / path).exists()]


@pytest.fixture(scope="session")
def names(built) -> set[str]:
    with zipfile.ZipFile(built[0]) as wheel:
        return {name for name in wheel.namelist() if not name.endswith("/")}


@pytest.fixture(scope="session")
def metadata(built) -> Message:
    with zipfile.ZipFile(built[0]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(wheel.read(name).decode())


def test_all_that_the_site_is_made_of_is_in_the_wheel_and_nothing_else(names):
    code = {path for path in tracked() if path.startswith(PACKAGES)}
    along = {path for path in tracked() if any(fnmatch(path, pattern) for pattern in ALONG)}
    shipped = {f"blindsight/shipped/{path}" for path in along}
    assert len(code) > 600
    assert len(shipped) > 150
    own = {name for name in names if ".dist-info/" not in name}
    assert own == code | shipped | {"blindsight/shipped/code_version"}


def pins(file: str) -> list[Requirement]:
    """Each requirement of a file and of those that it names."""
    found = []
    for line in (ROOT / file).read_text("utf-8").splitlines():
        if inner := re.match(r"-r (\S+)", line):
            found += pins(inner[1])
        elif line.strip() and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def extra_of(requirement: Requirement) -> str:
    said = re.search(r'extra == "(\w+)"', str(requirement.marker))
    return said[1] if said else ""


def by_name(requirements: list[Requirement]) -> list[Requirement]:
    return sorted(requirements, key=lambda one: (plain(one.name), str(one.specifier)))


@pytest.mark.parametrize("extra", ["", *(name for name, file in EXTRAS.items() if (ROOT / file).exists())])
def test_it_needs_what_the_requirement_files_name_and_takes_their_patches(extra, metadata):
    bare = pins("requirements-web.txt")
    wanted = [pin for pin in pins(EXTRAS[extra]) if pin not in bare] if extra else bare
    found = [one for one in map(Requirement, metadata.get_all("Requires-Dist")) if extra_of(one) == extra]
    assert extra in ["", *metadata.get_all("Provides-Extra")]
    for one, pin in zip(by_name(found), by_name(wanted), strict=True):
        (version,) = (Version(each.version) for each in pin.specifier)
        assert (plain(one.name), one.extras) == (plain(pin.name), pin.extras)
        assert pin.marker is None or str(pin.marker) in str(one.marker).replace("(", "").replace(")", "")
        assert one.specifier.contains(version)
        assert not one.specifier.contains(f"{version.major + 1}.0")
        if len(version.release) > 2:
            assert one.specifier.contains(f"{version.major}.{version.minor}.{version.micro + 1}")
            assert not one.specifier.contains(f"{version.major}.{version.minor + 1}.0")


def test_the_version_stands_in_one_place_and_the_changelog_begins_with_it(metadata):
    assert metadata["Version"] == blindsight.__version__
    headings = re.findall(r"^## (\S+?),? (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0][0] == blindsight.__version__
    assert [Version(name) for name, _ in headings] == sorted((Version(n) for n, _ in headings), reverse=True)
    assert all(re.fullmatch(r"unreleased|\d{4}-\d\d-\d\d", when) for _, when in headings)
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_sdist_makes_the_same_wheel_byte_by_byte_wherever_and_whenever(built, tmp_path):
    """Another folder, other times of files, no git: who builds the release again can compare it with ours."""
    wheel, sdist = built
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    for path in tree.rglob("*"):
        os.utime(path, (1_500_000_000, 1_500_000_000))
    (again,) = build(tree, tmp_path / "again", "wheel")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_nothing_of_a_site_in_a_checkout_is_built_in(built):
    with tarfile.open(built[1]) as archive:
        listed = [Path(name).relative_to(Path(name).parts[0]) for name in archive.getnames()]
    assert not {".env", "var", ".venv", ".git", "tests", "deploy"} & {
        path.parts[0] for path in listed if path.parts
    }


def test_an_installed_site_says_the_commit_that_it_was_built_of(settings, tmp_path):
    """Studies note it when they are opened; a folder above may be somebody else's repository."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "code_version").write_text("v0.1.0-3-gabcdef0\n")
    assert code_version.__wrapped__() == "v0.1.0-3-gabcdef0"
