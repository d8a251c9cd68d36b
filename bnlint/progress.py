"""How far a run is: told by the engine, drawn on standard error, and only there where someone looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress(Protocol):
    """What the engine tells about a run: stages, one after the other, each with a known number of steps."""

    def start(self, stage: str, total: int) -> None:
        """A stage begins; ``stage`` is what a reader sees, e.g. "checking"."""
        ...

    def advance(self) -> None:
        """One step of the stage is done."""
        ...

    def announce(self, sentence: str) -> None:
        """Say what is about to happen, whoever looks; only the first of a run."""
        ...


@contextmanager
def on_terminal() -> Generator[Progress]:
    """Draw the progress on standard error while the block runs; where no person would see it, only announce."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("CI"):
        yield _Unseen()
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars = Bars(*columns, console=Console(stderr=True), transient=True)
    try:
        yield _Bar(bars)
    finally:
        bars.stop()


class _Announcer:
    _announced = False

    def announce(self, sentence: str) -> None:
        """To standard error."""
        if not self._announced:
            self._announced = True
            self._write(sentence)

    def _write(self, sentence: str) -> None:
        click.echo(sentence, err=True)


class _Unseen(_Announcer):
    def start(self, stage: str, total: int) -> None:
        pass

    def advance(self) -> None:
        pass


class _Bar(_Announcer):
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, stage: str, total: int) -> None:
        if self._task is None:
            # From here on there is a thread that draws.
            self._bars.start()
        else:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(stage, total=total)

    def advance(self) -> None:
        if self._task is not None:
            self._bars.advance(self._task)

    def _write(self, sentence: str) -> None:
        self._bars.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
