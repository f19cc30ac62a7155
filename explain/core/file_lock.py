"""A lock that processes of one machine share through a file; of several machines, where their file system knows such locks."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LOCKS_HERE = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}


class InUseError(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a file for as long as the block runs; the file is made, for its owner alone, and stays.

    Args:
        shared: any number may hold it at once, as long as nobody holds it alone.
        wait: for whoever holds it now, instead of raising InUseError.

    A file system without locks gives none, and no error.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(
                descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
            )
        except BlockingIOError:
            raise InUseError(str(path)) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS_HERE:
                raise
        yield
    finally:
        os.close(descriptor)
