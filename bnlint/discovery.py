"""Which files a run looks at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from bnlint.findings import FileError
from bnlint.frozen import dataclass
from bnlint.settings import Settings

SUFFIXES = (".py", ".ipynb")
# Folders that hold other people's code, or no source at all.
# fmt: off
EXCLUDED = frozenset({
    ".bzr", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pyenv", ".pytest_cache",
    ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__", "__pypackages__", "build", "buck-out",
    "dist", "node_modules", "site-packages", "venv",
})
# fmt: on
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files with the names that reports use, sorted by these; and the paths that could not be looked at."""

    files: tuple[tuple[Path, str], ...]
    errors: tuple[FileError, ...]


def discover(paths: Sequence[str], settings: Settings) -> Discovery:
    """Find the Python files and notebooks under these paths.

    A file that is named is always taken, unless the settings force the excludes on it. In a folder, what git ignores,
    the excludes and links to folders are left out; a folder that is named is looked at as a file that is named is
    taken. Each file comes once.
    """
    found: dict[str, Path] = {}
    errors: list[FileError] = []
    excluded = _excluder(settings)
    real_folder = cache(os.path.realpath)
    for name in paths:
        path = Path(os.path.abspath(name))
        try:
            path.stat()
        except (OSError, ValueError) as error:
            errors.append(FileError(display_name(path), _cause(error, path)))
            continue
        if settings.force_exclude and _left_out(path, excluded, settings.root):
            continue
        files = _in_folder(path, excluded, errors) if path.is_dir() else [path]
        # A link comes after the files, so that a file is reported under its own name.
        for is_link, file in sorted((os.path.islink(each), each) for each in map(str, files)):
            folder, name = os.path.split(file)
            identity = os.path.realpath(file) if is_link else os.path.join(real_folder(folder), name)
            found.setdefault(identity, Path(file))
    folder_name = cache(display_name)
    files = [(file, (Path(folder_name(file.parent)) / file.name).as_posix()) for file in found.values()]
    return Discovery(tuple(sorted(files, key=lambda each: each[1])), tuple(errors))


def discover_named(path: Path, settings: Settings) -> Discovery:
    """One file that may not be on disk: taken, unless the settings force the excludes on it."""
    left_out = settings.force_exclude and _left_out(path, _excluder(settings), settings.root)
    return Discovery(() if left_out else ((path, display_name(path)),), ())


def rest_of_project(paths: Sequence[str], found: Discovery, settings: Settings) -> Discovery:
    """The files of the project that a run was not asked about: of the repository around the paths, if there is one."""
    starts = {Path(os.path.abspath(path)) for path in paths}
    roots = {root for path in starts if (root := _repository(path)) is not None} - starts
    asked = {path for path, _ in found.files}
    everything = discover(sorted(str(root) for root in roots), settings)
    return Discovery(tuple(file for file in everything.files if file[0] not in asked), ())


def _repository(path: Path) -> Path | None:
    return next((parent for parent in (path, *path.parents) if (parent / ".git").exists()), None)


def display_name(path: Path) -> str:
    """The name that reports use: relative to the working folder, with ``/``."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


def _cause(error: OSError | ValueError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "a link to nowhere" if path.is_symlink() else "no such file or folder"
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"


def _in_folder(top: Path, excluded: Callable[[Path, bool], bool], errors: list[FileError]) -> Iterator[Path]:
    listed = _git_files(top, "-co", "--exclude-standard")
    if not listed:  # no repository, or a folder that git ignores as a whole
        yield from _walk(top, excluded, errors)
        return

    @cache
    def left_out(folder: Path) -> bool:
        return folder != top and (excluded(folder, True) or left_out(folder.parent))

    for name in listed:
        # Most of what git lists is neither; to ask for that with paths takes longer than to read the rest.
        full = os.path.join(top, name)
        if os.path.isdir(full):
            # git names a nested repository, and does not look inside.
            path = Path(full)
            if not path.is_symlink() and not left_out(path):
                yield from _in_folder(path, excluded, errors)
        elif _is_source(full):
            path = Path(full)
            if not left_out(path.parent) and not excluded(path, False):
                yield path


def is_tracked(folder: Path, name: str) -> bool:
    """Whether anything of that name in the folder is part of the repository there."""
    return bool(_git_files(folder, "--", name))


def _git_files(folder: Path, *options: str) -> list[str]:
    """What git lists, relative to the folder; nothing where git cannot say."""
    # A hook runs with variables that point git elsewhere.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        command = [*_GIT, *options]
        listing = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted({os.fsdecode(name) for name in listing.split(b"\0") if name})


def _walk(top: Path, excluded: Callable[[Path, bool], bool], errors: list[FileError]) -> Iterator[Path]:
    pending: list[tuple[Path, tuple[tuple[Path, GitIgnoreSpec], ...]]] = [(top, ())]
    while pending:
        folder, ignores = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            errors.append(FileError(display_name(folder), f"cannot be read: {error.strerror}"))
            continue
        ignores = (*ignores, *_gitignore(folder))
        for entry in entries:
            path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
            if not is_folder and not _is_source(str(path)):
                continue
            if excluded(path, is_folder) or _ignored(path, is_folder, ignores):
                continue
            if is_folder:
                pending.append((path, ignores))
            else:
                yield path


def _is_source(path: str) -> bool:
    return path.endswith(SUFFIXES) and os.path.isfile(path)


def _gitignore(folder: Path) -> list[tuple[Path, GitIgnoreSpec]]:
    try:
        lines = (folder / ".gitignore").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return [(folder, GitIgnoreSpec.from_lines(lines))]
    except (OSError, ValueError):  # there is none, or no pattern that git could read
        return []


def _ignored(path: Path, is_folder: bool, ignores: Sequence[tuple[Path, GitIgnoreSpec]]) -> bool:
    for base, spec in reversed(ignores):  # the nearest file that says something decides
        decision = spec.check_file(_relative(path, base, is_folder)).include
        if decision is not None:
            return decision
    return False


def _excluder(settings: Settings) -> Callable[[Path, bool], bool]:
    base = settings.config.parent if settings.config else Path.cwd()
    spec = GitIgnoreSpec.from_lines(settings.exclude)

    def excluded(path: Path, is_folder: bool) -> bool:
        if is_folder and (path.name in EXCLUDED or (path / "pyvenv.cfg").is_file()):
            return True
        return (
            bool(settings.exclude) and path.is_relative_to(base) and spec.match_file(_relative(path, base, is_folder))
        )

    return excluded


def _left_out(path: Path, excluded: Callable[[Path, bool], bool], root: Path) -> bool:
    """Whether a search of the project would not come by here."""
    if not path.is_relative_to(root):
        return False
    folders = [parent for parent in path.parents if parent != root and parent.is_relative_to(root)]
    return excluded(path, path.is_dir()) or any(excluded(folder, True) for folder in folders)


def _relative(path: Path, base: Path, is_folder: bool) -> str:
    return path.relative_to(base).as_posix() + ("/" if is_folder else "")
