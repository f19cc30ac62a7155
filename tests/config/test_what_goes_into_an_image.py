"""`.dockerignore` names what goes into an image: all that the site reads, and never a key, a backup or a database."""

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LISTED = [
    line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"
]


def goes_in(path: str) -> bool:
    """As Docker decides: the last pattern that fits the path or a folder above it."""
    folders = path.split("/")
    names = ["/".join(folders[: end + 1]) for end in range(len(folders))]
    inside = True
    for line in LISTED:
        pattern = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(pattern, name) for name in names):
            inside = line.startswith("!")
    return inside


@pytest.mark.parametrize(
    "path",
    [
        "deploy/tls/privkey.pem", "deploy/tls/fullchain.pem", ".env", "env", "var/blindsight.sqlite3", "blindsight.sqlite3",
        "backups/manifest.json", "dump.sql", ".git/config", ".venv/bin/python", "tests/factories.py", "bench/slips.py",
        "studies/__pycache__/apps.cpython-311.pyc", "id_rsa", "notes.txt", "weights.pth",
    ],
)  # fmt: skip
def test_what_lies_beside_the_code_stays_out(path):
    assert not goes_in(path)


def test_all_that_the_site_reads_goes_in():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    parts = (
        "blindsight/",
        "config/",
        "explain/",
        "studies/",
        "static/",
        "templates/",
        "translations/",
        "samples/",
        "docs/protocols/",
    )
    needed = [path for path in listed if path.startswith(parts)]
    read = re.findall(
        r'BASE_DIR / f?"([\w./{}-]+)"', "\n".join(p.read_text("utf-8") for p in ROOT.glob("[ces]*/**/*.py"))
    )
    needed += [path for path in read if (ROOT / path).is_file() and path != ".env"]
    copied = re.findall(r"^COPY (?:--\S+ )*(\S+) \./", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert {"requirements-web.txt", "requirements.txt"} <= {*needed, *copied}
    needed += [*copied, "manage.py", "deploy/ask.py", "LICENSE"]
    needed += [path for path in listed if path.startswith("docs/recompute_")]  # studies' archives carry them
    assert [path for path in needed if not goes_in(path)] == []
