"""Builds the documentation as a site: `make docs`, or python -m docs.build_site --to FOLDER.

The pages are those of docs/ as they lie, with what they link to elsewhere in the repository, and those of reference_pages.py. Links that lead
nowhere, to a page or to a heading, end it with an error. It asks nobody on the net, and what it makes does neither.
"""

import argparse
import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
# By what somebody wants: to learn it, to get something done, to look something up, to understand it.
STRUCTURE: dict[str, list[str]] = {
    "Begin": ["index.md", "tutorial.md", "install.md"],
    "How to": [
        "what-is-asked.md",
        "photos.md", "imagenet.md", "bring-your-own.md", "maps-from-files.md", "trial-page.md", "languages.md", "recruitment.md", "results.md", "archive.md",
        "programs.md", "paper.md", "deploy.md", "release.md",
    ],
    "Reference": [
        "reference/protocol-keys.md", "reference/commands.md", "reference/api.md", "reference/python.md", "engine.md", "licences.md", "changelog.md",
    ],
    "Explanation": ["statistics.md", "privacy.md", "architecture.md", "threat_model.md", "security.md", "contributing.md", "project.md"],
}  # fmt: skip
ELSE = "How to"  # where a page of docs/ stands that is not named above
MEASURED = "How it was checked"
TOP = {
    "README.md": "project.md",
    **{
        f"{name}.md": f"{name.lower()}.md"
        for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY", "THREAT_MODEL")
    },
}
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)")


def place(path: str) -> str:
    """Where a file of the repository stands on the site: docs/ at the top, README, which would be a second front page, as project."""
    return TOP.get(path) or path.removeprefix("docs/").replace("README.md", "about.md")


def lay_out(to: Path) -> None:
    """Every page of docs/ and bench/, and whatever they link to, with links that lead there."""
    waiting = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")]
    waiting += [path.relative_to(ROOT).as_posix() for path in ROOT.glob("bench/*.md")]
    waiting += TOP
    laid = set()
    while waiting:
        path = waiting.pop()
        if path in laid:
            continue
        laid.add(path)
        target = to / place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not path.endswith(".md"):
            shutil.copyfile(ROOT / path, target)
            continue
        text, linked = with_links_of_the_site(path, (ROOT / path).read_text("utf-8"))
        target.write_text(text, "utf-8")
        waiting += linked


def with_links_of_the_site(path: str, text: str) -> tuple[str, list[str]]:
    """The text of a page with its links as they are on the site, and the files that they lead to."""
    linked = []

    def moved(link: re.Match) -> str:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), link[1]))
        if not (ROOT / file).is_file():
            return link[1]  # what was made for the site alone, a folder, or nothing: the build says so
        linked.append(file)
        return posixpath.relpath(place(file), posixpath.dirname(place(path)) or ".")

    return LINK.sub(moved, text), linked


def navigation(pages: Path) -> list[dict]:
    named = {page for group in STRUCTURE.values() for page in group}
    others = sorted(path.name for path in pages.glob("*.md") if path.name not in named)
    groups = {title: [*group, *(others if title == ELSE else [])] for title, group in STRUCTURE.items()}
    measured = sorted(path.relative_to(pages).as_posix() for path in pages.glob("bench/*.md"))
    rest = sorted(
        path.relative_to(pages).as_posix()
        for path in pages.rglob("*.md")
        if "/" in path.relative_to(pages).as_posix() and path.parts[-2] not in ("bench", "reference")
    )
    return [{title: list(pages)} for title, pages in {**groups, MEASURED: measured + rest}.items()]


def settings(pages: Path) -> dict:
    return {
        "site_name": "Blindsight",
        "docs_dir": pages.name,
        "site_dir": "site",
        "use_directory_urls": False,  # so that it can be read from a folder, without a server
        "nav": navigation(pages),
        "theme": {
            "name": "material",
            "font": False,
            "features": ["navigation.tabs", "navigation.top", "toc.follow", "content.code.copy"],
            "palette": [
                {"media": "(prefers-color-scheme: light)", "scheme": "default", "primary": "blue grey"},
                {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "primary": "blue grey"},
            ],
        },
        "plugins": ["search"],
        "markdown_extensions": [
            "tables", "sane_lists", "attr_list", {"toc": {"permalink": True}}, "pymdownx.superfences", {"pymdownx.highlight": {"guess_lang": False}},
        ],
        "validation": {
            "nav": {"omitted_files": "warn", "not_found": "warn", "absolute_links": "warn"},
            "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"},
        },
    }  # fmt: skip


def build(to: Path) -> Path:
    """The site's folder. Raises CalledProcessError where a link leads nowhere."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from docs.reference_pages import PAGES

    shutil.rmtree(to, ignore_errors=True)
    pages = to / "pages"
    pages.mkdir(parents=True)
    lay_out(pages)
    for name, page in PAGES.items():
        (pages / name).parent.mkdir(exist_ok=True)
        (pages / name).write_text(page(), "utf-8")
    return as_html(pages)


def as_html(pages: Path) -> Path:
    """The site of a folder of pages, beside it. Raises CalledProcessError where a link leads nowhere."""
    file = pages.with_name("mkdocs.yml")
    file.write_text(yaml.safe_dump(settings(pages), sort_keys=False), "utf-8")
    # Not --quiet: with it, warnings are not counted, and strictness finds nothing.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(file)]
    subprocess.run(command, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return pages.with_name("site")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="a folder; what is in it is removed")
    print(build(parser.parse_args().to.resolve()) / "index.html")
