"""The documentation as a site: built strictly, made of what it is about, and no page out of reach."""

import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.core.management import get_commands

from docs import build_site
from docs.reference_pages import APPS
from studies.trial_types import trial_types


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    return build_site.build(tmp_path_factory.mktemp("docs"))


class Page(HTMLParser):
    """The links, loaded files and ids of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.ids, self.loads, self.text = [], set(), [], path.read_text("utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.ids |= {said[name] for name in ("id", "name") if said.get(name)}
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])
        elif tag in ("img", "script", "link") and (address := said.get("src") or said.get("href")):
            self.loads.append(address)


@pytest.fixture(scope="session")
def pages(site) -> dict[Path, Page]:
    return {path.resolve(): Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_leads_to_a_page_or_a_heading_and_nothing_is_fetched_from_elsewhere(pages):
    assert len(pages) > 50
    dead, foreign = [], []
    for path, page in pages.items():
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                foreign += (
                    [(path.name, address)] if address in page.loads and "canonical" not in address else []
                )
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            there = target.is_file() and (
                target not in pages or not parts.fragment or unquote(parts.fragment) in pages[target].ids
            )
            if not there and not parts.fragment.startswith("__"):
                dead.append((path.name, address))
    assert dead == []
    assert foreign == []


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path, capfd):
    """Without strictness a reader finds it, and not who wrote it."""
    (tmp_path / "pages").mkdir()
    for group in build_site.STRUCTURE.values():
        for name in group:
            (tmp_path / "pages" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "pages" / name).write_text("# A page\n")
    (tmp_path / "pages/index.md").write_text("# Start\n\n[a page](tutorial.md)\n")
    assert (build_site.as_html(tmp_path / "pages") / "index.html").exists()
    for bad in ("missing.md", "tutorial.md#missing"):
        (tmp_path / "pages/index.md").write_text(f"# Start\n\n[a page]({bad})\n")
        with pytest.raises(subprocess.CalledProcessError):
            build_site.as_html(tmp_path / "pages")


def test_every_command_has_its_arguments(site):
    text = (site / "reference/commands.html").read_text("utf-8")
    ours = [name for name, app in get_commands().items() if app in APPS]
    assert len(ours) > 30
    assert [name for name in ours if f">{name}<" not in text] == []
    assert "--participants" in text
    assert "--traceback" not in text  # Django's own


@pytest.mark.parametrize(
    ("page", "named"),
    [
        ("protocol-keys", ["responses_per_item", "min_width", "completion_url", "verify", "best-worst"]),
        ("api", ["GET /api/studies/", "NetworkBody", "Retry-After"]),
        ("python", ["explain.cam.Network", "choice_scores", "bring_photos", "SiteError"]),
    ],
)
def test_reference_is_made_of_what_it_is_about(page, named, site):
    text = (site / f"reference/{page}.html").read_text("utf-8")
    assert [name for name in named if name not in text] == []


def test_links_of_the_repository_become_those_of_the_site():
    text = "[a](../README.md#settings) [b](photos.md) [c](../bench/RESULTS.md) [d](https://example.org) [e](#here)"
    said, linked = build_site.with_links_of_the_site("docs/index.md", text)
    assert (
        said
        == "[a](project.md#settings) [b](photos.md) [c](bench/RESULTS.md) [d](https://example.org) [e](#here)"
    )
    assert linked == ["README.md", "docs/photos.md", "bench/RESULTS.md"]
    assert build_site.with_links_of_the_site("README.md", "[x](docs/photos.md)")[0] == "[x](photos.md)"


def test_every_trial_type_stands_on_the_page_of_what_can_be_asked():
    page = (build_site.ROOT / "docs/what-is-asked.md").read_text("utf-8")
    assert [kind.name for kind in trial_types() if f"| `{kind.name}` |" not in page] == []


def test_each_question_of_the_front_page_has_its_answer_one_click_away(pages, site):
    front = pages[(site / "index.html").resolve()]
    rows = front.text.partition('id="questions"')[2].split("<tr>")[1:]
    asked = [row for row in rows if "?" in row.partition("</td>")[0]]
    assert len(asked) >= 20
    assert [row for row in asked if "<a " not in row.partition("</td>")[2] and "<code>" not in row] == []
