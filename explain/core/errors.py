"""What goes wrong through no fault of the program."""

import errno

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class BadInputError(Exception):
    """Something that was given is wrong. Each line names the thing, what is wrong with it, and the remedy."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


class BrokerGoneError(BadInputError):
    """Workers cannot be told: nothing is lost, since what they have to do stands in the database."""


def in_words(error: BaseException) -> str:
    """What to keep of an error that nobody expected, for whoever runs the site."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return "the disk is full where pictures are kept; make room there and try again"
    return f"{type(error).__name__}: {error}"
