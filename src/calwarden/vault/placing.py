"""New files for the server's own account alone: in place whole or not at all, and on disk before anybody is told so."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def placed(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Write to a draft, mode 0600; it becomes ``path`` at the end of the block. Raises OSError; FileExistsError if
    ``path`` is there already and is not to be replaced. Then nothing is left behind, as after an error in the block.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(draft, path, replace=replace)
    finally:
        with suppress(OSError):
            draft.unlink()


def _put_in_place(draft: Path, path: Path, *, replace: bool) -> None:
    if not replace:
        _take(path, draft)
    draft.replace(path)
    _sync_folder(path.parent)


def _take(path: Path, draft: Path) -> None:
    """Have the name, as nobody else has it: a rename alone would take the place of what is there."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # there are file systems without such links
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _sync_folder(path: Path) -> None:
    """Bring the names in a folder to disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
