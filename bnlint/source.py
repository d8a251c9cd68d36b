"""One file as Python reads it, and the only place that converts positions."""

from __future__ import annotations

import io
import os
import stat
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from bnlint.analysis.code.lines import Lines
from bnlint.entries import digest_of
from bnlint.findings import Applicability, Edit, FileError, Finding, Fix, Related, Verdict
from bnlint.fixes import apply_edits
from bnlint.frozen import dataclass
from bnlint.notebook import Cell, NotebookError, read_cells
from bnlint.notebook_text import replace_cells
from bnlint.python2 import Translation, translate
from bnlint.span import Span

MAX_BYTES = 10_000_000
# Pictures that a notebook stores make it large, not its code.
MAX_NOTEBOOK_BYTES = 100_000_000


class SourceError(Exception):
    """A file that cannot be read or decoded; the message is one line and does not repeat the file's name."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the bytes of a file say.

    text: the Python code without a byte order mark, line ends as they are; the code cells of a notebook are joined.
    encoding: "utf-8-sig" means that there is a byte order mark.
    cells: of a notebook, in order; empty for a Python file.
    """

    text: str
    encoding: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Source:
    """A file, decoded when somebody asks for its text: most files are only sifted by their bytes.

    filename: what reports call it: relative to the working folder, with ``/``.
    location: its absolute path, if it is on disk.
    held: the bytes on disk, if they have been read.
    given: what they say, if that is known without decoding them.
    translation: of a file in Python 2; see `as_python_3`.
    digest_then: the name for the bytes of a file that has not been read, and can be decoded; see `Stamps`.
    """

    filename: str
    location: str | None
    held: bytes | None
    given: Decoded | None = None
    translation: Translation | None = None
    digest_then: str = ""
    size_then: int = 0

    @classmethod
    def read(cls, path: str | Path, filename: str) -> Source:
        """Read a file from disk. Raises SourceError if it cannot be read; what it says is another question."""
        return cls(filename, str(path), _read_bytes(path))

    @classmethod
    def from_bytes(cls, data: bytes, filename: str, location: str | None = None) -> Source:
        """A file with these bytes, decoded. Raises SourceError."""
        source = cls(filename, location, data)
        source.require_text()
        return source

    def __getstate__(self) -> dict[str, Any]:
        # What follows from the bytes is not sent along; nor is a path followed elsewhere.
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"held": self.data}

    def require_text(self) -> None:
        """Raise SourceError, as whatever asks for the text would, if the file cannot be decoded."""
        if is_notebook(self.filename) or not self.data.isascii() or b"coding" in self.data:
            _ = self.decoded

    @property
    def problem(self) -> FileError | None:
        """Why the file cannot be decoded, if it cannot."""
        if self.digest_then:
            return None
        try:
            self.require_text()
        except SourceError as error:
            return FileError(self.filename, str(error))
        return None

    @property
    def path(self) -> Path | None:
        """Where it is on disk."""
        return None if self.location is None else Path(self.location)

    @cached_property
    def data(self) -> bytes:
        """The bytes on disk. Raises SourceError if they are read only now, and cannot be or are no longer the same."""
        if self.held is not None or self.location is None:
            return self.held or b""
        data = _read_bytes(self.location)
        if digest_of([data]) != self.digest_then:
            raise SourceError("changed while it was checked; check it again")
        return data

    @property
    def size(self) -> int:
        """How much there is to analyse, in bytes, or in characters of a notebook's code."""
        return self.size_then or len(self.text if is_notebook(self.filename) else self.data)

    @cached_property
    def digest(self) -> str:
        """A name for its bytes."""
        return self.digest_then or digest_of([self.data])

    @cached_property
    def decoded(self) -> Decoded:
        """The file as Python reads it: by its byte order mark or coding line, else as UTF-8. Raises SourceError."""
        if self.given is not None:
            return self.given
        if is_notebook(self.filename):
            try:
                cells = read_cells(self.data)
            except NotebookError as error:
                raise SourceError(str(error)) from error
            text = "".join(cell.code for cell in cells)
            if len(text) > MAX_BYTES:
                raise SourceError(_too_large(len(text), MAX_BYTES))
            return Decoded(text, "utf-8", cells)
        encoding = _detect_encoding(self.data)
        return Decoded(_decode(self.data, encoding), encoding)

    @property
    def text(self) -> str:
        """The Python code that is analysed."""
        return self.decoded.text if self.translation is None else self.translation.text

    @property
    def encoding(self) -> str:
        """Of the bytes."""
        return self.decoded.encoding

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The code cells of a notebook."""
        return self.decoded.cells

    @property
    def written(self) -> str | None:
        """The text as it stands in the file, where ``text`` is a translation of it."""
        return None if self.translation is None else self.decoded.text

    def as_python_3(self) -> Source:
        """The same file with its Python 2 statements translated; the same object if there is nothing to translate."""
        translation = translate(self.text)
        return self if translation.text == self.text else replace(self, held=self.data, translation=translation)

    def locate(self, span: Span) -> tuple[int | None, Span]:
        """Turn a position in ``text`` into the cell's number and the position in that cell or file."""
        if self.translation is not None:
            shifts = self.translation.shifts
            span = span._replace(
                column=max(span.column - shifts.get(span.row, 0), 1),
                end_column=max(span.end_column - shifts.get(span.end_row, 0), 1),
            )
        if not self.cells:
            return None, span
        cell = self.cells[max(0, bisect_right(self.cells, span.row, key=lambda each: each.row) - 1)]
        above = cell.row - 1
        span = span._replace(row=span.row - above, end_row=span.end_row - above)
        return cell.number, span._replace(
            column=span.column + cell.shift(span.row), end_column=span.end_column + cell.shift(span.end_row)
        )

    def located(self, finding: Finding) -> Finding:
        """Turn all positions that a finding has in ``text`` into those that a reader sees.

        The experiment keeps its rows: the verifier runs ``text``.
        """
        if not self.cells and self.written is None:
            return finding
        cell, span = self.locate(finding.span)
        variable = finding.variable
        if variable is not None:
            start = Span(variable.row, variable.column, variable.row, variable.column)
            variable_cell, start = self.locate(start)
            variable = replace(variable, row=start.row, column=start.column, cell=variable_cell)
        related = tuple(self._located_related(each) for each in finding.related)
        verdict = self.located_verdict(finding.verdict)
        fix = finding.fix and self._located_fix(finding.fix)
        return replace(finding, cell=cell, span=span, variable=variable, related=related, fix=fix, verdict=verdict)

    def located_verdict(self, verdict: Verdict) -> Verdict:
        """A verdict whose evidence has rows of ``text``, with those that a reader sees."""
        return replace(verdict, evidence=self._located_evidence(verdict.evidence))

    def _located_fix(self, fix: Fix) -> Fix:
        """The fix in the cells of a notebook; nothing but its message where it cannot be made."""
        edits: list[Edit] = []
        for edit in fix.edits:
            if edit.filename in (None, self.filename):
                cell, span = self.locate(edit.span)
                edit = replace(edit, cell=cell, span=span)
            edits.append(edit)
        # An edit of a translated statement would write the translation into the file.
        possible = self.written is None and all(self._is_code(edit) for edit in edits)
        return replace(fix, edits=tuple(edits)) if possible else Fix(Applicability.DISPLAY, fix.message, ())

    def _is_code(self, edit: Edit) -> bool:
        """Whether an edit stays inside its cell, and off its magics."""
        cell = next((cell for cell in self.cells if cell.number == edit.cell), None)
        if cell is None:
            return edit.cell is None
        written, code = Lines(cell.text), Lines(cell.code)
        rows = cell.text.count("\n") + 1
        return edit.span.end_row <= rows and written.slice(edit.span) == code.slice(edit.span)

    def _located_related(self, related: Related) -> Related:
        if related.filename != self.filename:
            return related
        cell, span = self.locate(related.span)
        return replace(related, cell=cell, span=span)

    def _located_evidence(self, value: Any) -> Any:
        """Evidence with each ``row`` in it counted from the start of its cell, and that ``cell`` beside it."""
        if isinstance(value, Mapping):
            located = {key: self._located_evidence(each) for key, each in cast("Mapping[str, Any]", value).items()}
            if self.cells and isinstance(row := located.get("row"), int):
                located["cell"], span = self.locate(Span(row, 1, row, 1))
                located["row"] = span.row
            return located
        if isinstance(value, (list, tuple)):
            return [self._located_evidence(each) for each in cast("list[Any]", value)]
        return value

    def edited(self, edits: Iterable[Edit]) -> Source:
        """The file with edits made, which stand where :meth:`located` puts them; all else keeps its bytes.

        Raises SourceError if it cannot be written so.
        """
        by_cell: dict[int | None, list[Edit]] = {}
        for edit in edits:
            by_cell.setdefault(edit.cell, []).append(edit)
        if is_notebook(self.filename):
            if None in by_cell:
                raise SourceError("cannot be edited: the edit names no cell")
            texts = {cell.number: apply_edits(cell.text, by_cell.get(cell.number, ())) for cell in self.cells}
            changed = {cell.number: texts[cell.number] for cell in self.cells if cell.text != texts[cell.number]}
            new = Source.from_bytes(replace_cells(self.data, changed), self.filename, self.location)
            faithful = [cell.text for cell in new.cells] == list(texts.values())
        else:
            text = apply_edits(self.text, by_cell.get(None, ()))
            new = Source.from_bytes(self._encoded(text), self.filename, self.location)
            faithful = (new.text, new.encoding) == (text, self.encoding)
        if not faithful:
            raise SourceError("cannot be edited: what would be written reads differently")
        return new

    def _encoded(self, text: str) -> bytes:
        try:
            if self.text.encode(self.encoding) != self.data:
                raise SourceError(f"cannot be edited: not all of it would be written as it is in {self.encoding}")
            return text.encode(self.encoding)
        except UnicodeEncodeError as error:
            missing = error.object[error.start : error.end]
            raise SourceError(f"cannot be edited: {self.encoding} has no {missing!a}") from error

    @property
    def texts(self) -> Mapping[str, str]:
        """What excerpts are cut from, by the name that :func:`place_name` gives: the file, or its cells as written."""
        if not is_notebook(self.filename):
            return {self.filename: self.text if self.written is None else self.written}
        return {place_name(self.filename, cell.number): cell.text for cell in self.cells}


def is_notebook(filename: str) -> bool:
    """Whether the file is a Jupyter notebook, by its name."""
    return filename.lower().endswith(".ipynb")


def place_name(filename: str, cell: int | None) -> str:
    """The name of a file or of one cell of it, as reports show it."""
    return filename if cell is None else f"{filename}:cell {cell}"


def _read_bytes(path: str | Path) -> bytes:
    limit = MAX_NOTEBOOK_BYTES if is_notebook(str(path)) else MAX_BYTES
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            # Opening a pipe or a device could wait for ever.
            raise SourceError(f"not a regular file but {_kind(status.st_mode)}")
        if status.st_size > limit:
            raise SourceError(_too_large(status.st_size, limit))
        # A buffer would cost as much as most files do.
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}") from error


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _too_large(size: int, limit: int) -> str:
    return f"too large: {size / 1e6:.1f} MB of code, and bnlint reads at most {limit // 1_000_000} MB"


def _detect_encoding(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        if "invalid or missing encoding declaration" in str(error):
            return "utf-8"  # decoding all of it fails, and says where
        raise SourceError(f"cannot be decoded: {error.msg}") from error
    return encoding


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        found = " ".join(f"0x{byte:02x}" for byte in data[error.start : error.end][:4])
        hint = " and has no coding line" if encoding == "utf-8" else ""
        raise SourceError(f"cannot be decoded: line {row} is not {encoding} ({found}){hint}") from error
    except (LookupError, ValueError) as error:  # a codec that is not for text, or that is broken
        raise SourceError(f"cannot be decoded: {encoding} is not an encoding of text") from error
