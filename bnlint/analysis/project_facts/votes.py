"""Which versions the files around a file are written for: those of its folder, or else of the folders around that."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bnlint.findings import Era

# The files of a version must outnumber the others by this factor to speak for a folder.
_MAJORITY = 5


class Votes:
    """The versions that files are written for, counted folder by folder; files that do not show theirs have no vote.

    root: the folder that file names start from, and those around it; names may lead out of it, ``../other/file.py``.
    """

    def __init__(
        self,
        tensorflow: Iterable[tuple[str, str | None]],
        keras: Iterable[tuple[str, str | None]],
        root: Sequence[str] = (),
    ) -> None:
        self._root = posixpath.join("", *root)
        self._tensorflow = self._counted(tensorflow)
        self._keras = self._counted(keras)

    def era(self, filename: str) -> Era:
        """What nearly all files say that stand near a file; a repository may hold many projects."""
        tensorflow = self._agreed(self._tensorflow, filename, "TensorFlow")
        keras = self._agreed(self._keras, filename, "Keras")
        evidence = tuple(says for _, says in (tensorflow, keras) if says)
        return Era(tensorflow[0], keras[0], evidence)

    def _counted(self, votes: Iterable[tuple[str, str | None]]) -> dict[str, Counter[str]]:
        inside = Counter((posixpath.dirname(filename), version) for filename, version in votes if version is not None)
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for (folder, version), number in inside.items():
            for around in self._folders(posixpath.join(folder, "file")):
                counted[around][version] += number
        return counted

    def _agreed(self, counted: dict[str, Counter[str]], filename: str, name: str) -> tuple[str | None, str]:
        """The version of the nearest folder that has a clear one, and a sentence that says so."""
        for folder in self._folders(filename):
            if folder in counted:
                version, number = counted[folder].most_common()[0]
                if number >= _MAJORITY * (counted[folder].total() - number):
                    where = posixpath.relpath(folder or ".", self._root or ".")
                    where = "this folder" if where == "." else where
                    return version, f"{number} file{'s' if number > 1 else ''} in {where}: {name} {version}"
        return None, ""

    def _folders(self, filename: str) -> Iterator[str]:
        """The folders around a file, the innermost first."""
        path = posixpath.normpath(posixpath.join(self._root, filename))
        while path.strip("/"):
            path = path.rpartition("/")[0]
            yield path
