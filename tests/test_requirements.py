"""Whatever the product imports is named in its requirements: an environment that grew does not hide what is missing."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest
from django.conf import settings

OURS = {"blindsight", "config", "explain", "studies"}
# Only asked for where a site has them (each import says what to do without), and by whom they are named.
OPTIONAL = (
    "requirements-fast.txt",
    "requirements-s3.txt",
    "requirements-heic.txt",
    "requirements-captum.txt",
    "requirements-h5.txt",
)
SCRIPTS = "scripts"  # programs of an export, which run in their readers' own environments


def required(*files: str) -> set[str]:
    """The names of the packages in requirement files and in those that they name."""
    names = set()
    for file in files:
        for line in (settings.BASE_DIR / file).read_text("utf-8").splitlines():
            if inner := re.match(r"-r (\S+)", line):
                names |= required(inner[1])
            elif package := re.match(r"[\w.-]+", line):
                names.add(plain(package[0]))
    return names


@cache
def with_what_they_need(names: frozenset[str]) -> set[str]:
    """The same with all that these packages require without an extra."""
    waiting, known = list(names), set()
    while waiting:
        if (name := waiting.pop()) in known:
            continue
        known.add(name)
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue
        waiting += [plain(re.match(r"[\w.-]+", need)[0]) for need in needs if "extra ==" not in need]
    return known


distributed = cache(packages_distributions)


def plain(name: str) -> str:
    return name.lower().replace("_", "-")


@cache
def imported() -> dict[str, str]:
    """Every top-level module that the product imports, with a file that does."""
    found = {}
    for room in sorted(OURS):
        for path in (settings.BASE_DIR / room).rglob("*.py"):
            if SCRIPTS in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    modules = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    modules = [node.module or ""]
                else:
                    continue
                for module in modules:
                    found.setdefault(module.partition(".")[0], str(path.relative_to(settings.BASE_DIR)))
    return {
        module: path
        for module, path in found.items()
        if module not in OURS and module not in sys.stdlib_module_names
    }


@pytest.mark.parametrize("module", sorted(imported()))
def test_what_the_product_imports_is_required_by_name(module):
    known = with_what_they_need(frozenset(required("requirements.txt", *OPTIONAL)))
    distributions = set(map(plain, distributed().get(module, [module])))
    assert distributions & known, f"{imported()[module]} imports {module}, which no requirements file names"
