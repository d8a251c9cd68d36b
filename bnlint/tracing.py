"""What ``bnlint trace`` does with its options and the program that it is given."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click

from bnlint import checking, console, engine
from bnlint.findings import Outcome
from bnlint.frozen import dataclass
from bnlint.imports import module_file, program_files
from bnlint.interpreters import interpreters
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.verify import worker
from bnlint.verify.traced import NOTHING, Trace, decided, marks, statistics

WORKER = os.path.dirname(worker.__file__)
PYTHON = re.compile(r"(python|pypy)[\d.]*(\.exe)?")
WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
SIGNALLED = 128


@dataclass(frozen=True, slots=True)
class Command:
    """A Python program: ``python [options] FILE|-m MODULE ARGUMENTS``.

    words: as they were given. python: the first of them, if it is there. run: from FILE or ``-m`` on.
    roots: the folders that modules are imported from. file: what is run, if it is found.
    """

    words: tuple[str, ...]
    python: str | None
    options: tuple[str, ...]
    run: tuple[str, ...]
    roots: tuple[Path, ...]
    file: Path | None

    @property
    def text(self) -> str:
        """As one would type it."""
        return shlex.join(self.words)


def run(words: Sequence[str], steps: int | None, form: str, output: str | None, color: str) -> int:
    """Run the program to its end, report, and return its own exit status. Raises UsageError and ConfigError."""
    command = parse(words)
    paths = (str(command.file),) if command.file is not None else (".",)
    settings = checking.settings_for(paths)
    python = interpreters([command.python] if command.python else [], settings, paths)[0]
    report = _checked(command, settings)
    click.echo(f"bnlint: tracing {command.text} (your own program; it is not kept apart from your machine)", err=True)
    with tempfile.TemporaryDirectory(prefix="bnlint-") as folder:
        spec = {"results": os.path.join(folder, "results"), "steps": steps or 0}
        spec.update(marks([each for each in report.findings if not each.suppressed], report.sources))
        Path(folder, "spec").write_text(json.dumps(spec), encoding="utf-8")
        status = _run([python, *command.options, WORKER, "trace", os.path.join(folder, "spec"), *command.run])
        trace = _read(Path(folder, "results"))
    _tell(command, status, report, trace, form, output, color)
    return status


def parse(words: Sequence[str]) -> Command:
    """Understand a command line. Raises UsageError for anything that is no Python program."""
    rest = list(words)
    python = rest.pop(0) if PYTHON.fullmatch(os.path.basename(rest[0])) else None
    options: list[str] = []
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c", "-"):
        options.append(rest.pop(0))
        if options[-1] in WITH_VALUE and rest:
            options.append(rest.pop(0))
    if not rest or rest[0] in ("-c", "-") or (rest[0] == "-m" and len(rest) < 2):
        raise click.UsageError("give a program in a file or a module, such as: bnlint trace -- python train.py")
    if rest[0] == "-m":
        roots = (Path.cwd(),)
        return Command(tuple(words), python, tuple(options), tuple(rest), roots, module_file(rest[1], roots))
    file = Path(rest[0])
    if not file.is_file() or (python is None and file.suffix != ".py"):
        raise click.UsageError(f'"{rest[0]}" is no Python file; give one such as: bnlint trace -- python train.py')
    return Command(tuple(words), python, tuple(options), tuple(rest), (file.resolve().parent, Path.cwd()), file)


def _checked(command: Command, settings: Settings) -> Report:
    """The findings of the files that the program imports."""
    files = program_files(command.file, command.roots) if command.file is not None else []
    named = tuple(os.path.relpath(each) for each in files)
    if not named:
        return Report((), (), 0, 0, 0, os.getcwd())
    inputs = engine.read(named, replace(settings, force_exclude=False))
    return engine.check_inputs(inputs, inputs.sources, settings)


def _run(command: Sequence[str]) -> int:
    """Wait for the program, which gets all signals that a terminal sends; its status as a shell shows it."""
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        console.fail(f"{command[0]}: cannot be started: {error.strerror}")
    with _signals(process):
        status = process.wait()
    return status if status >= 0 else SIGNALLED - status


@contextmanager
def _signals(process: subprocess.Popen[bytes]) -> Generator[None]:
    """Ctrl-C reaches the program by itself, which decides what to do; what asks us to end is handed on."""

    def hand_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    def leave(_: int, __: FrameType | None) -> None:
        pass

    handlers: dict[int, Any] = {signal.SIGINT: leave, signal.SIGTERM: hand_on}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(results: Path) -> Trace:
    try:
        found: Mapping[str, Any] = json.loads(results.read_bytes())
    except (OSError, ValueError):
        return NOTHING
    return Trace(**found)


def _tell(
    command: Command, status: int, report: Report, trace: Trace, form: str, output: str | None, color: str
) -> None:
    from bnlint.report import traced

    texts = {os.path.realpath(name): text for name, text in report.sources.items()}
    for path in trace.files:
        if path not in texts:
            texts[path] = Path(path).read_text(encoding="utf-8", errors="replace") if os.path.exists(path) else ""
    judged = decided(report.findings, report.sources, trace)
    refuted = sum(each.verdict.outcome is Outcome.REFUTED for each in judged)
    standing = tuple(each for each in judged if each.verdict.outcome is not Outcome.REFUTED)
    shown = replace(report, findings=standing, refuted=refuted, files=len(trace.files))
    told = traced.Told(command.text, status, trace, tuple(statistics(trace, texts)), shown)
    if form == "json":
        text = json.dumps(traced.as_data(told), indent=2, allow_nan=False) + "\n"
    else:
        colored = color == "always" or (color == "auto" and output is None and _colored_errors())
        text = traced.render(told, colored, shutil.get_terminal_size().columns)
    if output is None:
        click.echo(text, err=True, nl=False, color=True)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        click.echo(f"error: {output}: cannot be written: {error.strerror}", err=True)


def _colored_errors() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
