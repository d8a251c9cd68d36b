"""Which versions the files around a file are written for: those of its folder, or else of the folders around that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from bnlint.findings import Era

# The files of a version must outnumber the others by this factor to speak for a folder.
_MAJORITY = 5


class Votes:
    """The versions that files are written for, counted folder by folder; files that do not show theirs have no vote."""

    def __init__(self, tensorflow: Iterable[tuple[str, str | None]], keras: Iterable[tuple[str, str | None]]) -> None:
        self._tensorflow = _counted(tensorflow)
        self._keras = _counted(keras)

    def era(self, filename: str) -> Era:
        """What nearly all files say that stand near a file; a repository may hold many projects."""
        tensorflow = _agreed(self._tensorflow, filename, "TensorFlow")
        keras = _agreed(self._keras, filename, "Keras")
        evidence = tuple(says for _, says in (tensorflow, keras) if says)
        return Era(tensorflow[0], keras[0], evidence)


def _counted(votes: Iterable[tuple[str, str | None]]) -> dict[str, Counter[str]]:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for filename, version in votes:
        if version is not None:
            for folder in _folders(filename):
                counted[folder][version] += 1
    return counted


def _agreed(counted: dict[str, Counter[str]], filename: str, name: str) -> tuple[str | None, str]:
    """The version of the nearest folder that has a clear one, and a sentence that says so."""
    for folder in _folders(filename):
        if folder in counted:
            version, number = counted[folder].most_common()[0]
            if number >= _MAJORITY * (counted[folder].total() - number):
                where = f"in {folder}" if folder else "of the project"
                return version, f"{number} file{'s' if number > 1 else ''} {where}: {name} {version}"
    return None, ""


def _folders(filename: str) -> Iterator[str]:
    """The folders around a file, the innermost first, "" the last."""
    while filename:
        filename = filename.rpartition("/")[0]
        yield filename
