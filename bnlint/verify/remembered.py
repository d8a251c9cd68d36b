"""What earlier runs saw, where it is certain that running the same again would see the same.

An answer is named by all that it depends on: the request, which holds the code; every file that this code was able to
read; the worker; the interpreter with its packages; how it was kept apart. It is kept only if the kernel saw to it that
the code read nothing else and spoke to nobody, and if no deadline had a say.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

from bnlint import __version__
from bnlint.entries import Entries, digest_of
from bnlint.verify import sandbox
from bnlint.verify.answers import Answer
from bnlint.verify.worker import landlock

MOST = 5000
"""How many answers are kept, and how many files may lie about for code that could have read them."""

SURE = {"no-network", "no-writes", "no-reading", "no-processes"}
QUICK = 5
"""The part of its time that an experiment may have taken: the worker cuts nothing short before a quarter of it."""

Installation = tuple[tuple[str, ...], tuple[str, ...], str]
ABOUT = "import json, sys; print(json.dumps([sys.version, sys.prefix, sys.base_prefix, [p for p in sys.path if p]]))"


class Remembered:
    """Answers in a folder; used by several threads and several runs at once."""

    def __init__(self, folder: Path, isolation: str, timeout: float) -> None:
        self._entries = Entries(folder, MOST)
        self._kept_apart = [isolation, timeout]
        self._longest = timeout / QUICK
        self._installed: dict[str, Installation | None] = {}

    def key(self, request: Mapping[str, Any], legacy_keras: bool, python: str) -> str | None:
        """A name for all that the answer depends on, as it is now; None if that cannot be told."""
        if python not in self._installed:
            self._installed[python] = installation(python)
        installed = self._installed[python]
        if installed is None:
            return None
        system, beside, packages = installed
        folders = [os.path.realpath(folder) for folder in (*request["path"], *beside)]
        if any(landlock.contains(place, folder) for place in system for folder in folders):
            return None  # all around it can be read
        content = _content(folders)
        if content is None:
            return None
        # A folder of the run's own is all that differs between two environments.
        around = sorted(sandbox.environment("", legacy_keras).items())
        decides = [__version__, python, packages, legacy_keras, self._kept_apart, around, request]
        return digest_of([json.dumps(decides, sort_keys=True).encode(), _worker(), content])

    def recall(self, key: str) -> Answer | None:
        """The answer of an earlier run, marked as such."""
        try:
            entry: Any = self._entries.read(key)
            answer = Answer(
                "done", "", entry["versions"], tuple(entry["isolation"]), tuple(entry["observations"]), True
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        texts: list[Any] = [*answer.isolation, *(answer.versions or {}), *(answer.versions or {}).values()]
        fits = all(isinstance(text, str) for text in texts) and all(isinstance(o, dict) for o in answer.observations)
        return answer if fits else None

    def keep(self, key: str, answer: Answer, seconds: float) -> None:
        """Remember an answer, if it can be trusted to come out the same. seconds: what it took."""
        if answer.ending != "done" or not set(answer.isolation) >= SURE or seconds > self._longest:
            return
        entry = {"versions": answer.versions, "isolation": answer.isolation, "observations": answer.observations}
        with suppress(OSError):  # the analysis tells that the cache cannot be written
            self._entries.write(key, entry)


@cache
def _worker() -> bytes:
    """The code that runs the experiments."""
    files = sorted(sandbox.WORKER.rglob("*.py"))
    return digest_of(path.read_bytes() for path in files).encode()


def installation(python: str) -> Installation | None:
    """Where all can be read, where else modules are found, and a name for what is installed; None if it cannot tell."""
    try:
        told = subprocess.run(
            [python, "-B", "-c", ABOUT],
            capture_output=True,
            check=True,
            timeout=30,
            cwd="/",
            env=sandbox.environment("/nonexistent", False),
        )
        version, prefix, base, path = cast("tuple[str, str, str, list[str]]", json.loads(told.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    entries = [os.path.realpath(entry) for entry in path]
    sites = [entry for entry in entries if os.path.basename(entry) in ("site-packages", "dist-packages")]
    system = (*landlock.SYSTEM, os.path.realpath(prefix), os.path.realpath(base), *sites)
    beside = [entry for entry in entries if not any(landlock.contains(place, entry) for place in system)]
    packages: list[Any] = []
    for site in sites:
        with suppress(OSError):
            packages += sorted((each.name, each.stat().st_mtime_ns) for each in os.scandir(site))
    return system, tuple(beside), digest_of([json.dumps([version, prefix, base, path, packages]).encode()])


def _content(folders: Sequence[str]) -> bytes | None:
    """A name for all that can be read in these folders; None if that is too much to look at."""
    home = os.path.realpath(os.path.expanduser("~"))
    parts: list[str] = []
    for folder in folders:
        with suppress(OSError):
            parts += [folder, *sorted(os.listdir(folder))]
        for place in sorted(landlock.importable(folder, home)):
            for path in [place.path] if not os.path.isdir(place.path) else _below(place.path, folder):
                with suppress(OSError):
                    parts.append(_file(path))
                if len(parts) > MOST:
                    return None
    return digest_of(part.encode("utf-8", "surrogateescape") for part in parts).encode()


def _below(folder: str, top: str) -> Iterator[str]:
    """The files in a folder; of the one at the top itself only its listing can be read."""
    if folder == top:
        return
    for inner, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(inner, name) for name in sorted(names))


def _file(path: str) -> str:
    status = os.stat(path)
    state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    # A clone has the code of the original, at another time.
    return f"{path} {_code(path, state)}" if path.endswith(".py") else f"{path} {state}"


@cache
def _code(path: str, _state: tuple[int, int, int]) -> str:
    return digest_of([Path(path).read_bytes()])
