"""An SQLite database that is being made is for its owner alone: it will hold all that people said.

SQLite gives a new file the permissions that the process gives any file, and its side files those of the database. One that has
tables is left as it is: somebody may have shared it on purpose (`doctor` says where everybody can read it).
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_private(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`."""
    if connection.vendor != "sqlite":
        return
    path = Path(str(connection.settings_dict["NAME"]))
    if not path.is_file() or not path.stat().st_mode & OTHERS:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master")
        if cursor.fetchone()[0]:
            return
    for file in (path, *path.parent.glob(f"{path.name}-*")):
        with suppress(OSError):  # a side file that is gone, or a file of somebody else's
            os.chmod(file, stat.S_IRUSR | stat.S_IWUSR)


def watch() -> None:
    connection_created.connect(keep_private, dispatch_uid="keep_private")
