"""Bring every catalogue up to date with the texts in code and templates, and compile it: `make translations`.

With a language's code (`make translations NEW=it`) it makes that language's catalogue too, with nothing translated yet.

Needs Babel (requirements-dev.txt). What it makes is in the repository, so a site needs neither Babel nor gettext.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ERROR_PAGES = ("base", "400", "403", "403_csrf", "404", "500")


def sources() -> list[Path]:
    """All that a volunteer can read: their pages, the error pages, and the code that has texts for them.

    Of a trial type that is what lies in its folder itself; what researchers read lies deeper.
    """
    pages = [ROOT / f"templates/{name}.html" for name in ERROR_PAGES]
    return [
        *pages,
        *sorted((ROOT / "templates/volunteer").glob("*.html")),
        *sorted((ROOT / "studies/trial_types").glob("*/*.html")),
        *sorted((ROOT / "studies").rglob("*.py")),
        ROOT / "config/failures.py",
    ]


def extracted() -> Catalog:
    """Every text that is marked for translation, with the files that it is in."""
    catalogue = Catalog()
    for path in sources():
        for text, context in _texts(path):
            catalogue.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalogue


def _texts(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    source = path.read_text("utf-8")
    if path.suffix == ".html":
        # Django's own step: the marked texts as calls, all else blanked out. Indentation would mean something here.
        source = "\n".join(line.strip() for line in templatize(source).split("\n"))
    for _, text, _, context in extract("python", io.BytesIO(source.encode()), options={"encoding": "utf-8"}):
        yield text, context


def catalogues() -> list[Path]:
    return sorted(HERE.glob("*/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def missing(catalogue: Catalog) -> list[str]:
    """The texts that have no translation, or one that somebody has still to look at."""
    return [
        str(message.id)
        for message in catalogue
        if message.id
        and (message.fuzzy or not all(message.string if message.pluralizable else [message.string]))
    ]


def update(path: Path) -> list[str]:
    """Write one catalogue anew, text and compiled; what is still to be translated in it."""
    catalogue = read(path)
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, ignore_obsolete=True, sort_by_file=True, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    return missing(catalogue)


def begin(language: str) -> None:
    """Make an empty catalogue where there is none."""
    path = HERE / to_locale(language) / "LC_MESSAGES" / "django.po"
    if not path.exists():
        path.parent.mkdir(parents=True)
        catalogue = Catalog(locale=to_locale(language), project="Blindsight", fuzzy=False)
        with path.open("wb") as file:
            write_po(file, catalogue)


def main(languages: list[str]) -> int:
    for language in languages:
        begin(language)
    left = {path.parts[-3]: update(path) for path in catalogues()}
    for language, texts in left.items():
        sys.stdout.write(
            f"{language}: {len(texts)} to translate\n" + "".join(f"  {text}\n" for text in texts)
        )
    return 1 if any(left.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
