"""Files before and after: written to disk, or shown as a diff."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator

from bnlint.files import UntouchedError, rewrite
from bnlint.frozen import dataclass
from bnlint.source import Source, place_name


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it was read and as it is to be."""

    before: Source
    after: Source

    @property
    def filename(self) -> str:
        """What reports call the file."""
        return self.before.filename


def write(changes: Iterable[Change]) -> dict[str, str]:
    """Replace each file whole or not at all; returns why those that were left as they are were, by name."""
    left: dict[str, str] = {}
    for change in changes:
        source = change.before
        try:
            if source.path is not None:
                rewrite(source.path, source.data, change.after.data)
        except UntouchedError as error:
            left[change.filename] = f"{error}, so it is left as it is"
    return left


def unified(changes: Iterable[Change]) -> bytes:
    """The changes in the format of ``diff -u``, to the byte; ``patch -p0`` can apply it, but for cells of notebooks."""
    return b"".join(
        line
        for change in changes
        for name, before, after in _texts(change)
        for line in _difference(os.fsencode(name), before, after)
    )


def _texts(change: Change) -> Iterator[tuple[str, bytes, bytes]]:
    if not change.before.cells:
        yield change.filename, change.before.data, change.after.data
        return
    for before, after in zip(change.before.cells, change.after.cells, strict=True):
        old, new = (cell.text.encode("utf-8", "backslashreplace") for cell in (before, after))
        yield place_name(change.filename, before.number), old, new


def _difference(name: bytes, before: bytes, after: bytes) -> Iterator[bytes]:
    for line in difflib.diff_bytes(difflib.unified_diff, _rows(before), _rows(after), name, name):
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _rows(text: bytes) -> list[bytes]:
    """Rows as diff and patch count them: only a line feed ends one."""
    rows = text.split(b"\n")
    return [row + b"\n" for row in rows[:-1]] + ([rows[-1]] if rows[-1] else [])
