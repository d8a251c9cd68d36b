"""What files hold, known without reading them: an earlier run read them, and nobody has written to them since."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple, cast

from bnlint.cache import Cache
from bnlint.discovery import Discovery
from bnlint.entries import digest_of
from bnlint.findings import FileError
from bnlint.source import Source, SourceError
from bnlint.suppressions import may_ignore

# It takes longer to recall what is known of a large project than to read as many files.
FEW = 50
# Two writes within so many nanoseconds may leave the same time; some file systems count in twos of seconds.
_TICK = 2_000_000_000


class Stamp(NamedTuple):
    """What the disk says of a file without opening it. written, changed: when it and what is said of it were, in ns."""

    size: int
    written: int
    changed: int
    number: int

    @classmethod
    def of(cls, path: str | Path) -> Stamp:
        """The stamp of a file as it is. Raises OSError, and ValueError for what can be no path."""
        status = os.stat(path)
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class Stamps:
    """The stamps of the files under a folder, and the digests of what they held.

    Of a file that may ignore findings there is none: it is always read, for its comments have a say in every run. Nor
    is there of one that cannot be decoded, which every run tells.
    """

    def __init__(self, cached: Cache | None, root: Path) -> None:
        self._cached = cached
        self._key = digest_of([b"stamps", os.fsencode(root)])
        self._known: dict[str, list[Any]] | None = None
        self._new: dict[str, tuple[Stamp, Source]] = {}

    def read(self, discovery: Discovery) -> tuple[list[Source], list[FileError]]:
        """The files, of which those that are as they were are read when somebody asks for their bytes."""
        sources: list[Source] = []
        errors: list[FileError] = []
        use = self._cached is not None and len(discovery.files) > FEW
        for path, filename in discovery.files:
            try:
                sources.append(self._source(path, filename) if use else Source.read(path, filename))
            except SourceError as error:
                errors.append(FileError(filename, str(error)))
        return sources, errors

    def keep(self) -> None:
        """Remember the files that had to be read, in place of what was known of them."""
        if self._cached is None or not self._new:
            return
        new = {
            path: [*stamp, *(("", 0) if may_ignore(source) or source.problem else (source.digest, source.size))]
            for path, (stamp, source) in self._new.items()
        }
        known = {path: row for path, row in self._recalled().items() if path not in self._new and os.path.exists(path)}
        self._cached.keep_data(self._key, known | new)

    def _source(self, path: str, filename: str) -> Source:
        try:
            stamp = Stamp.of(path)
        except (OSError, ValueError):
            return Source.read(path, filename)
        match self._recalled().get(path):
            case [*before, str(digest), int(size)] if tuple(before) == stamp:
                if digest:
                    return Source(filename, path, None, digest_then=digest, size_then=size)
                return Source.read(path, filename)
            case _:
                source = Source.read(path, filename)
        if max(stamp.written, stamp.changed) < time.time_ns() - _TICK:
            self._new[path] = stamp, source
        return source

    def _recalled(self) -> dict[str, list[Any]]:
        if self._known is None:
            self._known = {}
            try:
                known = None if self._cached is None else self._cached.recall_data(self._key)
                if isinstance(known, dict):
                    self._known = cast("dict[str, list[Any]]", known)
            except (OSError, ValueError, RecursionError):
                pass  # nothing is known
        return self._known
