"""A release from this checkout, in a folder: wheel, sdist, bill of materials, checksums and their signature.

Run by `make release KEY=…`; docs/release.md says what comes before and after. Nothing is uploaded.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="a folder, new or empty")
    parser.add_argument("--key", default="", help="an id of gpg, or a file of minisign's with a secret key")
    wanted = parser.parse_args()
    try:
        release(ROOT, wanted.to.resolve(), wanted.key)
    except ReleaseError as error:
        sys.exit(f"No release: {error}")


class ReleaseError(Exception):
    """What stands in the way of a release, and what to do about it."""


def release(root: Path, to: Path, key: str) -> None:
    check(root)
    if to.exists() and any(to.iterdir()):
        raise ReleaseError(f"{to}: is not empty; move what is there away")
    to.mkdir(parents=True, exist_ok=True)
    wheel = build_twice(root, to)
    write_bill_of_materials(root, wheel, to / f"{wheel.stem}.cdx.json")
    write_sums(to)
    if key:
        sign(to / SUMS, key)
    say(f"{to}: {', '.join(sorted(path.name for path in to.iterdir()))}")
    if not key:
        say("Not signed: name a key with KEY=…")


def check(root: Path) -> None:
    """That the tree is a commit, and that its version has a date in the changelog and a tag of its name."""
    version = re.search(r'__version__ = "(.+)"', (root / "blindsight/__init__.py").read_text("utf-8"))[1]
    heading = re.search(r"^## (.*)$", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[1]
    if not re.fullmatch(re.escape(version) + r", \d{4}-\d\d-\d\d", heading):
        raise ReleaseError(
            f"CHANGELOG.md begins with “{heading}”; give version {version} its day: “{version}, 2026-12-31”"
        )
    if told(root, "git", "status", "--porcelain"):
        raise ReleaseError("there are changes that are not committed; commit them first")
    tag = f"v{version}"
    if told(root, "git", "tag", "--points-at", "HEAD", "--list", tag) != tag:
        raise ReleaseError(f"this commit has no tag {tag}; give it one: git tag --sign {tag}")


def build_twice(root: Path, to: Path) -> Path:
    """The sdist, and the wheel of the tree, which must be byte by byte that of the sdist: so anybody can make it again."""
    build(root, to, "sdist", "wheel")
    (sdist,), (wheel,) = to.glob("*.tar.gz"), to.glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(sdist, folder, filter="data")
        (tree,) = Path(folder).iterdir()
        build(tree, Path(folder), "wheel")
        if (Path(folder) / wheel.name).read_bytes() != wheel.read_bytes():
            raise ReleaseError("the wheel of the sdist is another one than that of the tree")
    return wheel


def build(tree: Path, to: Path, *kinds: str) -> None:
    """Whatever the environment says of times: hatchling's own is the same for everybody."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    words = [word for kind in kinds for word in ("-t", kind)]
    run([sys.executable, "-m", "hatchling", "build", "-d", str(to), *words], cwd=tree, env=environment)


def write_bill_of_materials(root: Path, wheel: Path, to: Path) -> None:
    """What an environment holds into which the locked files and the wheel are installed, as CycloneDX (JSON)."""
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-m", "venv", folder])
        pip = [f"{folder}/bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        run([*pip, "--require-hashes", "-r", str(root / "requirements.lock")])
        # By name, as from an index: of a path the bill would say where on this machine it lies.
        run([*pip, "--no-deps", "--no-index", "--find-links", str(wheel.parent), "blindsight"])
        run([*cyclonedx(), "environment", "--output-reproducible", "--of", "JSON", "-o", str(to), folder])


def cyclonedx() -> list[str]:
    return [sys.executable, "-m", "cyclonedx_py"]


def write_sums(folder: Path) -> None:
    """SHA-256 of every file, as `sha256sum --check` reads them."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def sign(sums: Path, key: str) -> None:
    """By minisign, where the key is a file, or else by gpg: SHA256SUMS.minisig or SHA256SUMS.asc."""
    if Path(key).is_file():
        run(["minisign", "-S", "-s", key, "-m", str(sums)])
    else:
        run(["gpg", "--batch", "--yes", "--armor", "--local-user", key, "--detach-sign", str(sums)])


def run(command: list[str], **options) -> None:
    say(f"$ {' '.join(command)}")
    try:
        subprocess.run(command, check=True, stdout=sys.stderr, **options)  # noqa: S603
    except FileNotFoundError as error:
        raise ReleaseError(f"{command[0]} is not installed here") from error
    except subprocess.CalledProcessError as error:
        raise ReleaseError(
            f"{Path(command[0]).name} ended with {error.returncode}; its own words are above"
        ) from error


def told(root: Path, *command: str) -> str:
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
