"""How the wheel and the sdist are made of a checkout: what pyproject.toml cannot say by itself.

Requirements are those of the requirement files, which stay their one owner; what is no code goes where blindsight/places.py
looks for it.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

BARE = "requirements-web.txt"
WORKER = "requirements.txt"
EXTRAS = (
    "cam",
    "fast",
    "s3",
    "captum",
    "heic",
    "h5",
    "medical",
)  # of requirements-NAME.txt, where there is one


def requirements_of(path: Path, but: frozenset[str] = frozenset()) -> list[str]:
    """The lines of a requirement file and of those that it names with -r, but for those of the files `but`.

    A checkout has one version of each package, the one that its tests ran with. The wheel takes that release's later patches,
    too: 5.2.19 stands for 5.2.19, 5.2.20 …, so that whoever installs it gets what was mended since.
    """
    found = []
    for line in path.read_text("utf-8").splitlines():
        text = line.partition(" #")[0].strip()
        if inner := re.fullmatch(r"-r (\S+)", text):
            found += [] if inner[1] in but else requirements_of(path.with_name(inner[1]), but)
        elif text and not text.startswith("#"):
            found.append(with_patches(Requirement(text)))
    return found


def with_patches(requirement: Requirement) -> str:
    requirement.specifier = SpecifierSet(str(requirement.specifier).replace("==", "~="))
    return str(requirement)


def extras(root: Path) -> dict[str, list[str]]:
    """What each extra requires beside the bare package."""
    files = {name: root / f"requirements-{name}.txt" for name in EXTRAS}
    found = {name: requirements_of(path) for name, path in files.items() if path.exists()}
    return {"worker": requirements_of(root / WORKER, but=frozenset({BARE})), **found}


class Metadata(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        metadata["dependencies"] = requirements_of(root / BARE)
        metadata["optional-dependencies"] = extras(root)


class Build(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name what comes along. An editable install reads it where it lies."""
        if version == "editable":
            return
        root, wheel = Path(self.root), self.target_name == "wheel"
        into = "blindsight/shipped/" if wheel else ""
        patterns = self.config["shipped"] + ([] if wheel else self.config["source"])
        along = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
        files = {str(path): f"{into}{path.relative_to(root).as_posix()}" for path in sorted(along)}
        self.folder = tempfile.TemporaryDirectory()
        built = Path(self.folder.name) / "code_version"
        built.write_text(f"{self.code_version()}\n", "utf-8")
        build_data["force_include"] |= {**files, str(built): f"{into}code_version"}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.folder.cleanup()

    def code_version(self) -> str:
        """As studies.lifecycle.code_version: the commit in a checkout, what the sdist says, or the version."""
        root = Path(self.root)
        if (root / "code_version").exists():
            return (root / "code_version").read_text("utf-8").strip()
        if not (root / ".git").exists():
            return self.metadata.version
        command = ["git", "describe", "--always", "--dirty", "--tags"]
        described = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
        return described.stdout.strip()[:64] or self.metadata.version
