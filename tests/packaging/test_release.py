"""What `make release` refuses, and what it signs."""

import runpy
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import blindsight
from tests.packaging.conftest import ROOT

release = SimpleNamespace(**runpy.run_path(str(ROOT / "deploy/release.py")))


@pytest.fixture
def tree(tmp_path) -> Path:
    """A repository whose commit is a release."""
    folder = tmp_path / "tree"
    (folder / "blindsight").mkdir(parents=True)
    (folder / "blindsight/__init__.py").write_text('__version__ = "0.3.0"\n')
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## 0.3.0, 2026-12-31\n\n- …\n")
    git(folder, "init", "--quiet")
    commit(folder)
    git(folder, "tag", "v0.3.0")
    return folder


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=N", "-c", "user.email=n@example.org"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one more")


def test_a_tagged_commit_with_its_day_is_a_release(tree):
    release.check(tree)


def without_a_day(tree):
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## 0.3.0, unreleased\n")


def of_another_version(tree):
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0, 2026-12-31\n")


def with_changes(tree):
    (tree / "new.py").write_text("")


def without_its_tag(tree):
    (tree / "new.py").write_text("")
    commit(tree)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (without_a_day, "give version 0.3.0 its day"),
        (of_another_version, "begins with “0.2.0, 2026-12-31”; give version 0.3.0 its day"),
        (with_changes, "not committed"),
        (without_its_tag, "no tag v0.3.0"),
    ],
)
def test_what_is_no_release_is_refused_before_anything_is_built(tree, make, said, tmp_path):
    make(tree)
    with pytest.raises(release.ReleaseError, match=said):
        release.release(tree, tmp_path / "dist", "")
    assert not (tmp_path / "dist").exists()


@pytest.mark.skipif(not shutil.which("gpg"), reason="gpg signs")
def test_the_checksums_are_signed_and_a_changed_file_no_longer_fits(tmp_path, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "keys"))
    (tmp_path / "keys").mkdir(mode=0o700)
    made = ["--batch", "--passphrase", "", "--quick-generate-key", "maker@example.org", "ed25519", "sign"]
    subprocess.run(["gpg", *made], check=True, capture_output=True)
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "one.whl").write_bytes(b"wheel")
    release.write_sums(dist)
    release.sign(dist / "SHA256SUMS", "maker@example.org")

    def verified(*command: str) -> bool:
        return subprocess.run(command, cwd=dist, capture_output=True, check=False).returncode == 0

    assert verified("gpg", "--verify", "SHA256SUMS.asc", "SHA256SUMS")
    assert verified("sha256sum", "--check", "--strict", "SHA256SUMS")
    (dist / "one.whl").write_bytes(b"another")
    assert not verified("sha256sum", "--check", "SHA256SUMS")
    (dist / "SHA256SUMS").write_text("0" * 64 + "  one.whl\n")
    assert not verified("gpg", "--verify", "SHA256SUMS.asc", "SHA256SUMS")
    with pytest.raises(release.ReleaseError, match="gpg ended with"):
        release.sign(dist / "SHA256SUMS", "nobody@example.org")


def test_the_bill_of_materials_is_of_what_is_locked_and_says_nothing_of_this_machine(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setitem(release.release.__globals__, "run", lambda command, **_: ran.append(command))
    release.write_bill_of_materials(tmp_path, tmp_path / "dist/one.whl", tmp_path / "one.json")
    locked, wheel = (command for command in ran if "install" in command)
    assert locked[-3:] == ["--require-hashes", "-r", str(tmp_path / "requirements.lock")]
    assert wheel[-1] == "blindsight"
    assert ran[-1][2:4] == ["cyclonedx_py", "environment"]


def test_how_to_cite_it_names_this_version():
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert said["version"] == blindsight.__version__
    assert f"version = {{{blindsight.__version__}}}" in (ROOT / "README.md").read_text("utf-8")
    assert {"cff-version", "message", "title", "authors"} <= {*said}
