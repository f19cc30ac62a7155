"""The command line of a site: `blindsight` where Blindsight is installed, `manage.py` in a checkout.

    blindsight [--data FOLDER] COMMAND …

Everything of a site lies in one folder: FOLDER, or else what DATA_DIR says, or else one of the user's own. It is made on
first use, with a secret key in its file `.env`; settings (docs/deploy.md) are read from there and from the environment.
"""

import os
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__
from .places import INSTALLED, default_data_folder

NO_TABLE = re.compile(
    r"no such (table|column)|(relation|column) .* does not exist"
)  # SQLite's words, PostgreSQL's
USAGE = "Usage: blindsight [--data FOLDER] COMMAND … Commands: blindsight help"


def main() -> None:
    """`blindsight`: the folder first, then Django's command line."""
    named, words = data_folder_named(sys.argv[1:])
    if words[:1] in (["--version"], ["version"]):  # Django's own are those of Django
        sys.stdout.write(f"{__version__}\n")
        return
    folder = Path(named or os.environ.get("DATA_DIR") or default_data_folder()).expanduser().absolute()
    try:
        make_data_folder(folder)
    except OSError as error:
        sys.exit(
            f"{folder}: the site's folder could not be made ({error.strerror}). Name another one: blindsight --data FOLDER …"
        )
    os.environ["DATA_DIR"] = str(folder)  # for what this starts, too: workers, the site
    run([sys.argv[0], *words])


def data_folder_named(words: Sequence[str]) -> tuple[str, list[str]]:
    """The folder that `--data` before the command names ("" where it names none), and the words that are left."""
    first, rest = (words[0], list(words[1:])) if words else ("", [])
    if first == "--data":
        if not rest or not rest[0]:
            sys.exit(f"--data: names no folder. {USAGE}")
        return rest[0], rest[1:]
    if first.startswith("--data="):
        if first == "--data=":
            sys.exit(f"--data: names no folder. {USAGE}")
        return first.removeprefix("--data="), rest
    return "", list(words)


def make_data_folder(folder: Path) -> None:
    """The folder, and in it a random secret key for this site, whatever of them is missing; for nobody else to read.

    A key in the environment is taken instead. HTTPS is off in the file, as a site on one's own machine needs it; the
    environment says otherwise for one on the net.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.environ.get("SECRET_KEY"):
        return
    # Whole or not at all, and the first of two that start at once: a link to what is written already.
    ready = folder / f".env-{secrets.token_hex(8)}"
    if (folder / ".env").exists():
        return
    descriptor = os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"SECRET_KEY={secrets.token_urlsafe(48)}\nHTTPS=false\n")
        _put(ready, folder / ".env")
    finally:
        ready.unlink(missing_ok=True)


def _put(ready: Path, path: Path) -> None:
    try:
        os.link(ready, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        ready.replace(path)


def run(words: list[str]) -> None:
    """Django's command line with the site's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError, ProgrammingError

    try:
        execute_from_command_line(words)
    except (OperationalError, ProgrammingError) as error:
        if not NO_TABLE.search(str(error)):
            raise
        migrate, serve = (
            ("blindsight migrate", "blindsight serve")
            if INSTALLED
            else ("python manage.py migrate", "make serve")
        )
        sys.exit(
            f"The database lacks tables of this version ({str(error).splitlines()[0]}). "
            f"Make them: {migrate} (`{serve}` does it by itself)."
        )
