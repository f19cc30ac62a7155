#!/usr/bin/env python
"""Django's command line for Blindsight."""

import os
import re
import sys

NO_TABLE = re.compile(
    r"no such (table|column)|(relation|column) .* does not exist"
)  # SQLite's words, PostgreSQL's


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, ProgrammingError) as error:
        if not NO_TABLE.search(str(error)):
            raise
        sys.exit(
            f"The database lacks tables of this version ({str(error).splitlines()[0]}). "
            "Make them: python manage.py migrate (`make serve` does it by itself)."
        )


if __name__ == "__main__":
    main()
