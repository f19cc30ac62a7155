"""What lies in a study's archive: every file is written into a folder, and described."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils import translation

from explain.core.errors import BadInputError
from studies.exports import SCRIPTS, report_html, write
from studies.lifecycle import SEAL_BROKEN, code_version, differences, find_version, seal_in_words
from studies.models import ItemMap, Study
from studies.preregistration import preregister, written
from studies.protocol import CONSENT, ProtocolError, check_protocol, names_way_back, particulars, to_toml
from studies.results import competing_arms, part_of, scores_json
from studies.trial_types import trial_type_of

from . import citations, croissant, data_package, psych_ds, ro_crate
from .data_tables import Packable, codebook_of, free_text_columns, packables, small_cells_of
from .facts import About, Packed, as_json
from .licences import Licence
from .readme import Told, readme

WAY_BACK = (
    "protocol.toml names the way back to a recruitment site, with its code: whoever has it can say that they took part. Show this "
    "archive to nobody while people are still paid by it."
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for beyond what every archive has."""

    licence: Licence = field(default_factory=Licence)
    who: str | None = None  # whose answers the figures are of, as in results.part_of()
    free_text: bool = False
    recruitment_ids: bool = False
    maps: bool = False


class Folder:
    """A folder that files are written into: each once, with what it is."""

    def __init__(self, path: Path) -> None:
        self.path, self.files = path, dict[str, Packed]()

    def add(self, name: str, parts: str | Iterable[bytes], meaning: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, [parts.encode()] if isinstance(parts, str) else parts)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.files[name] = Packed(name, path.stat().st_size, digest, meaning)

    @property
    def all(self) -> list[Packed]:
        return [self.files[name] for name in sorted(self.files)]


def fill(study: Study, folder: Folder, wanted: Wanted, at: datetime) -> None:
    """Write every file of the archive. Raises UnknownPartError for a `who` that there is not."""
    part = part_of(study, wanted.who)
    scores = scores_json(study, part)
    about = _about(study, wanted, at, scores)
    tables = packables(study, part.who, free_text=wanted.free_text, recruitment_ids=wanted.recruitment_ids)
    for packable in tables:
        folder.add(packable.file.path, packable.table.csv_chunks(), packable.file.meaning)
    folder.add("codebook.csv", codebook_of(tables).csv_chunks(), "What each column of the tables means.")
    folder.add("scores.json", as_json(scores), "Every figure of the results, as `scores --json` prints it.")
    folder.add("report.html", report_html(study, part.who), "The report: methods, flow, results, provenance.")
    notes = _protocol_files(study, folder)
    notes += _seal(study, folder)
    folder.add(
        "provenance.json",
        as_json(_provenance(study)),
        "Code, versions of the protocol, and each arm's network, layer, method and weights' hash.",
    )
    _scripts(study, folder, tables)
    if wanted.maps:
        _maps(study, folder)
    _descriptions(study, folder, about, tables)
    command = _recompute(study, tables) if scores["responses"] else ""
    told = _told(study, wanted, command, notes)
    folder.add(
        "README.md",
        readme(about, folder.all, told),
        "What is in here, what was left out, and how to compute it again.",
    )
    folder.add(ro_crate.NAME, as_json(ro_crate.ro_crate(about, folder.all)), "RO-Crate 1.2.")


def _about(study: Study, wanted: Wanted, at: datetime, scores: dict) -> About:
    kind, told = trial_type_of(study), study.protocol.get(CONSENT, {})
    arms = list(study.arms.order_by("index").values_list("name", flat=True))
    return About(
        slug=study.slug,
        title=study.title,
        description=f"A blinded user study of explanation maps: people who did not know what made a map {kind.in_words}. Compared are: "
        f"{', '.join(arms)}. {scores['responses']} counted answers by {scores['participants']} participants on {scores['items']} photos"
        f"{' (simulated volunteers)' if scores['who'] == 'simulated' else ''}.",
        made_at=at.astimezone(UTC),
        licence=wanted.licence,
        responsible=str(told.get("responsible", "")).strip(),
        institution=str(told.get("institution", "")).strip(),
        language=study.language,
        keywords=("explainable artificial intelligence", "user study", "saliency maps", study.task, *arms),
        code_version=code_version(),
        protocol_sha256=study.protocol_sha256,
    )


def _protocol_files(study: Study, folder: Folder) -> list[str]:
    """Protocol, its versions, preregistration, consent; what to know of them, as sentences."""
    folder.add(
        "protocol.toml",
        to_toml(find_version(study)),
        "The protocol in full: the file that makes the study again.",
    )
    notes = [WAY_BACK] if names_way_back(study.protocol) else []
    folder.add("CHANGES.md", _changes(study), "The versions of the protocol, and what each changed.")
    folder.add("consent.md", _consent(study), "What people agreed to.")
    try:
        plan = preregister(check_protocol(find_version(study, 1 if study.is_frozen else None)))
    except (ProtocolError, BadInputError) as error:
        said = str(error).splitlines()[0]
        return [*notes, f"There is no preregistration in here, because it could not be written: {said}"]
    for ending in ("html", "md"):
        folder.add(
            f"preregistration.{ending}",
            written(plan, ending),
            "The plan as it was opened, as the forms of OSF and AsPredicted ask it.",
        )
    return notes


def _changes(study: Study) -> str:
    parts, before = ["# Versions of the protocol"], None
    for version in study.versions.order_by("number"):
        line = f"{version.number}, {version.at:%Y-%m-%d %H:%M} UTC, SHA-256 `{version.sha256}`"
        if before is None:
            parts.append(f"- {line}: as the study was opened.")
        else:
            keys = ", ".join(f"`{change.key}`" for change in differences(before.protocol, version.protocol))
            parts.append(f"- {line}: changed {keys}. {' '.join(version.why.split())}")
        before = version
    return "\n\n".join(parts if before else [*parts, "None yet: the study was not opened."]) + "\n"


def _consent(study: Study) -> str:
    with translation.override(study.language):
        said = [f"**{heading}**\n\n{text}" for heading, text in particulars(study.protocol)]
    return "\n\n".join([study.wording.get("consent", ""), *said]).strip() + "\n"


def _seal(study: Study, folder: Folder) -> list[str]:
    seal = seal_in_words(study)
    if not seal:
        return []
    folder.add(SEAL_BROKEN, seal.text + "\n", "What is another than when the study was opened.")
    return [f"{seal.headline} {SEAL_BROKEN} says what differs."]


def _provenance(study: Study) -> dict:
    versions = study.versions.order_by("number")
    return {
        "study": study.slug,
        "state": study.state,
        "seed": study.seed,
        "protocol_sha256": study.protocol_sha256,
        "opened_with": study.code_version,
        "packed_with": code_version(),
        "seal": "broken" if seal_in_words(study) else "intact" if study.is_frozen else "not opened",
        "versions": [
            {"number": one.number, "sha256": one.sha256, "at": one.at.isoformat(), "why": one.why}
            for one in versions
        ],
        "arms": [{"name": arm.name, **asdict(arm.facts)} for arm in competing_arms(study)],
    }


def _scripts(study: Study, folder: Folder, tables: list[Packable]) -> None:
    """The programs that compute the figures again, and the mixed models where the trial type has some."""
    results = trial_type_of(study).results
    for path in _with_needed(settings.BASE_DIR / results.recomputed_by):
        folder.add(path.name, path.read_text("utf-8"), "Computes the figures again, with numpy alone.")
    if study.published_nonce:
        orders = settings.BASE_DIR / "docs/recompute_orders.py"
        folder.add(
            orders.name,
            orders.read_text("utf-8"),
            "Computes every order of the maps again, from seed and nonce.",
        )
    if results.scripts:
        for name in SCRIPTS:
            text = (results.scripts / name).read_text("utf-8")
            for packable in tables:
                text = text.replace(f'"{packable.file.name}.csv"', f'"{packable.file.path}"')
            folder.add(name, text, "Mixed models beside the figures that decide; run it in this folder.")


def _with_needed(script: Path) -> list[Path]:
    """A program that recomputes, and those beside it that it loads."""
    needed, waiting = list[Path](), [script]
    while waiting:
        path = waiting.pop()
        if path not in needed and path.exists():
            needed.append(path)
            waiting += [
                path.with_name(f"{name}.py")
                for name in re.findall(r"\brecompute_[a-z]+\b", path.read_text("utf-8"))
            ]
    return sorted(needed)


def _recompute(study: Study, tables: list[Packable]) -> str:
    (answers,) = (one.file.path for one in tables if one.file.name == croissant.RECORDS)
    script = Path(trial_type_of(study).results.recomputed_by).name
    return f"python {script} {answers} --check scores.json"


def _maps(study: Study, folder: Folder) -> None:
    rows = ItemMap.objects.filter(item__study=study).select_related("item", "arm", "map")
    for row in rows.order_by("item__index", "arm__index").iterator(chunk_size=100):
        array = BytesIO()
        np.save(array, row.map.array().astype("<f4"), allow_pickle=False)
        meaning = f"The raw map of arm {row.arm.index} on item {row.item.index}; the bytes after the header have `map_sha256`."
        folder.add(f"maps/item-{row.item.index}_arm-{row.arm.index}.npy", [array.getvalue()], meaning)


def _descriptions(study: Study, folder: Folder, about: About, tables: list[Packable]) -> None:
    """The same told in the forms that others read: of data, and of how they are cited."""
    files = [one.file for one in tables]
    (answers,) = (file for file in files if file.name == croissant.RECORDS)
    methods = [(arm.facts.method, arm.facts.citation) for arm in competing_arms(study)]
    described: dict[str, tuple[Callable[[], str], str]] = {
        psych_ds.NAME: (
            lambda: as_json(psych_ds.dataset_description(about, files)),
            "Psych-DS: every column of the tables.",
        ),
        data_package.NAME: (
            lambda: as_json(data_package.data_package(about, files, folder.files)),
            "Frictionless: types, keys and hashes of the tables.",
        ),
        croissant.NAME: (
            lambda: as_json(croissant.croissant(about, answers, folder.files[answers.path])),
            "Croissant 1.0: the answers as records.",
        ),
        "CITATION.cff": (lambda: citations.citation_cff(about, methods), "How to cite the study."),
        "methods.bib": (lambda: citations.bibtex(methods), "The methods that are compared, as BibTeX."),
    }
    for name, (text, meaning) in described.items():
        folder.add(name, text(), meaning)


def _told(study: Study, wanted: Wanted, command: str, notes: list[str]) -> Told:
    found = small_cells_of(study)
    texts = free_text_columns(study)
    free = f"What people wrote in their own words ({', '.join(texts)})." if texts else ""
    ids = "Ids that recruitment sites have for people, and whatever else they passed on."
    withheld = [
        "" if wanted.free_text else free,
        "" if wanted.recruitment_ids else ids,
        "" if wanted.maps else "The raw maps: their hashes are in the table of maps.",
        "The photos and the pictures that people saw: their hashes are in the table of maps. They may be others' work.",
        "All of people who withdrew but their number.",
    ]
    taken = [
        free if wanted.free_text else "",
        f"{ids} With them people can be found: publish this archive nowhere."
        if wanted.recruitment_ids
        else "",
    ]
    return Told(
        withheld=tuple(filter(None, withheld)),
        taken_along=tuple(filter(None, taken)),
        questions=found.questions,
        small=found.cells,
        small_groups=found.groups,
        recompute=command,
        notes=tuple(notes),
    )
