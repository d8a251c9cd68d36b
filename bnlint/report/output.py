"""Where a report goes: ``FORMAT`` to standard output, ``FORMAT:FILE`` to a file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bnlint.report import FORMATS
from bnlint.settings import nearest


@dataclass(frozen=True, slots=True)
class Output:
    """A format and where it goes; without a file, to standard output."""

    form: str
    file: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Output:
        """Read ``FORMAT`` or ``FORMAT:FILE``. Raises ValueError with what is wrong with it."""
        form, colon, name = text.partition(":")
        if form not in FORMATS:
            raise ValueError(f'unknown format "{form}"{nearest(form, FORMATS)} (there are {", ".join(FORMATS)})')
        if not colon:
            return cls(form)
        if not name:
            raise ValueError(f'"{text}" names no file')
        file = Path(name)
        if file.is_dir():
            raise ValueError(f'"{name}" is a folder')
        if not file.parent.is_dir():
            raise ValueError(f'the folder of "{name}" does not exist')
        return cls(form, file)


def write(file: Path, text: str) -> None:
    """Write the whole file or leave the old one as it is. Raises OSError."""
    data = text.encode("utf-8", "backslashreplace")
    target = Path(os.path.realpath(file))
    if target.exists() and not target.is_file():  # /dev/stdout, a pipe: not to be replaced
        target.write_bytes(data)
        return
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode(target: Path) -> int:
    """The permissions that the file has, or that a new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
