"""Where a report goes: ``FORMAT`` to standard output, ``FORMAT:FILE`` to a file."""

from __future__ import annotations

from pathlib import Path

from bnlint.files import replace_file
from bnlint.frozen import dataclass
from bnlint.report import FORMATS, missing
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
        if absent := missing(form):
            needed = f"{form} needs {' and '.join(absent)}"
            raise ValueError(f'{needed}; install what it needs with: pip install "bnlint[{form}]"')
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
    replace_file(file, text.encode("utf-8", "backslashreplace"))
