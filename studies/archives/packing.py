"""The archive as one ZIP: the same bytes for the same study at the same time."""

import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from django.utils import timezone

from studies.models import Study

from .contents import Folder, Wanted, fill
from .facts import Packed

READABLE = 0o644 << 16
UNIX = 3
EARLIEST = 1980  # a ZIP knows no earlier year


def write_archive(*, study: Study, to: Path, wanted: Wanted | None = None) -> list[Packed]:
    """Write the ZIP, whole or not at all; return what is in it. Names are sorted, and every entry bears the time of packing.

    Raises:
        UnknownPartError: there are no such answers as `wanted.who` asks for.
        BadInputError: a map that was asked for cannot be read.
        OSError: nothing can be written there.
    """
    at = timezone.now()
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as place:
        folder, whole = Folder(Path(place) / "files"), Path(place) / "whole.zip"
        fill(study, folder, wanted or Wanted(), at)
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for file in folder.all:
                _pack(archive, folder.path / file.path, file.path, at)
        whole.chmod(0o644)
        whole.replace(to)
        return folder.all


def _pack(archive: zipfile.ZipFile, path: Path, name: str, at: datetime) -> None:
    moment = at.astimezone(UTC)
    entry = zipfile.ZipInfo(name, (max(moment.year, EARLIEST), *moment.timetuple()[1:6]))
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, READABLE, UNIX
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while part := source.read(1 << 20):
            target.write(part)
