"""ro-crate-metadata.json, by RO-Crate 1.2 (https://w3id.org/ro/crate/1.2): what is in the archive, and what made it."""

from collections.abc import Sequence
from typing import Any

from .facts import About, Packed

NAME = "ro-crate-metadata.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.2"
AUTHOR, SOFTWARE, INSTITUTION = "#author", "#blindsight", "#institution"


def ro_crate(about: About, files: Sequence[Packed]) -> dict[str, Any]:
    """The document. `files`: all others of the archive."""
    folders = sorted({file.path.partition("/")[0] + "/" for file in files if "/" in file.path})
    at_the_top = [file.path for file in files if "/" not in file.path]
    return {
        "@context": f"{SPECIFICATION}/context",
        "@graph": [
            {
                "@id": NAME,
                "@type": "CreativeWork",
                "conformsTo": {"@id": SPECIFICATION},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": about.title,
                "description": about.description,
                "datePublished": about.day,
                "license": {"@id": about.licence.url},
                "author": {"@id": AUTHOR},
                "inLanguage": about.language,
                "keywords": list(about.keywords),
                "identifier": about.slug,
                "hasPart": [{"@id": name} for name in (*folders, *at_the_top)],
                "mentions": {"@id": "#made"},
            },
            *(_folder(name, files) for name in folders),
            *(_file(file) for file in files),
            *_context(about),
        ],
    }


def _folder(name: str, files: Sequence[Packed]) -> dict[str, Any]:
    inside = [{"@id": file.path} for file in files if file.path.startswith(name)]
    meaning = {"data/": "The tables, as Psych-DS lays them out.", "maps/": "The raw maps that people saw."}
    return {
        "@id": name,
        "@type": "Dataset",
        "name": name.rstrip("/"),
        "description": meaning[name],
        "hasPart": inside,
    }


def _file(file: Packed) -> dict[str, Any]:
    return {
        "@id": file.path,
        "@type": ["File", "SoftwareSourceCode"] if file.path.endswith((".py", ".R")) else "File",
        "name": file.path.rpartition("/")[2],
        "description": file.meaning,
        "encodingFormat": file.media_type,
        "contentSize": str(file.size),
        "sha256": file.sha256,
    }


def _context(about: About) -> list[dict[str, Any]]:
    """What is no file: who, under which licence, and with what."""
    kind = "Person" if about.responsible else "Organization"
    within = {"affiliation": {"@id": INSTITUTION}} if about.responsible and about.institution else {}
    institution = {"@id": INSTITUTION, "@type": "Organization", "name": about.institution}
    return [
        {
            "@id": about.licence.url,
            "@type": "CreativeWork",
            "name": about.licence.title,
            "description": about.licence.in_words,
        },
        {"@id": AUTHOR, "@type": kind, "name": about.author, **within},
        *([institution] if within else []),
        {
            "@id": SOFTWARE,
            "@type": "SoftwareApplication",
            "name": "Blindsight",
            "softwareVersion": about.code_version,
        },
        {
            "@id": "#made",
            "@type": "CreateAction",
            "name": "The study was run, its answers were taken out and its figures computed",
            "instrument": {"@id": SOFTWARE},
            "object": {"@id": "protocol.toml"},
            "result": {"@id": "./"},
            "endTime": about.made_at.isoformat(timespec="seconds"),
        },
    ]
