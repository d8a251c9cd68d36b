"""The client of the worker processes: starts them when first needed, asks one thing at a time, survives their death."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, cast

from bnlint.verify import sandbox

START = 120.0
"""Seconds that importing TensorFlow may take."""

GRACE = 10.0
"""Seconds beyond an experiment's deadline after which the worker itself is taken for dead."""


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    ending: "done", "timeout", "exit N", "signal N", "babble" (it wrote too much), "hung", "lost" (the worker died), or
    a reason for not having run at all: "no-tensorflow", "no-keras-2", "broken-tensorflow", "no-isolation",
    "no-interpreter". message: that reason in words. observations: those that were complete.
    """

    ending: str
    message: str = ""
    versions: Mapping[str, Any] | None = None
    isolation: tuple[str, ...] = ()
    observations: tuple[Mapping[str, Any], ...] = ()


class Pool:
    """Workers for one interpreter, one that forks for each flavour of Keras, or a new one for each request.

    Not for use by several threads: give each thread its own. Answers are remembered, so that findings that need
    the same run share it.
    """

    def __init__(self, python: str, timeout: float, isolation: str, fork: bool | None = None) -> None:
        self.timeout = timeout
        self.isolation = isolation
        self._python = python
        self._fork = sandbox.can_fork() if fork is None else fork
        self._root = tempfile.mkdtemp(prefix="bnlint-")
        self._zygotes: dict[bool, _Worker] = {}
        self._answers: dict[str, Answer] = {}

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker and remove what they wrote."""
        for worker in self._zygotes.values():
            worker.end()
        shutil.rmtree(self._root, ignore_errors=True)

    def ask(self, request: Mapping[str, Any], legacy_keras: bool) -> Answer:
        """Run one experiment; never raises for what the experiment does."""
        key = json.dumps([legacy_keras, request], sort_keys=True)
        if key not in self._answers:
            whole = {
                **request,
                "root": self._root,
                "timeout": self.timeout,
                "isolation": self.isolation,
                "memory": sandbox.MEMORY,
            }
            self._answers[key] = self._forked(whole, legacy_keras) if self._fork else self._alone(whole, legacy_keras)
        return self._answers[key]

    def start(self, legacy_keras: bool = False) -> Mapping[str, Any]:
        """Start the worker now, rather than with the first request; returns what it said about itself."""
        return self._zygote(legacy_keras).state if self._fork else {}

    def _zygote(self, legacy_keras: bool) -> _Worker:
        worker = self._zygotes.get(legacy_keras)
        if worker is None or worker.lost:
            worker = self._zygotes[legacy_keras] = _Worker(self._python, "serve", self._root, legacy_keras)
            worker.state = worker.read(START) or {"failed": "broken-tensorflow", "message": worker.why}
        return worker

    def _forked(self, request: Mapping[str, Any], legacy_keras: bool) -> Answer:
        worker = self._zygote(legacy_keras)
        if "failed" in worker.state:
            return Answer(worker.state["failed"], worker.state.get("message", ""))
        worker.write(request)
        reply = worker.read(self.timeout + GRACE)
        versions = worker.state["ready"]
        if reply is None:
            worker.end()
            return Answer("lost", versions=versions)
        lines = [_parsed(line) for line in reply["lines"].splitlines()]
        return _answer(lines, reply["ending"], versions)

    def _alone(self, request: Mapping[str, Any], legacy_keras: bool) -> Answer:
        """A process of its own; the deadline counts from when TensorFlow is there."""
        worker = _Worker(self._python, "once", self._root, legacy_keras)
        try:
            worker.write(request)
            state = worker.read(START)
            if state is None or "failed" in state:
                reason = state or {"failed": "broken-tensorflow", "message": worker.why}
                return Answer(reason["failed"], reason.get("message", ""))
            lines: list[Mapping[str, Any]] = []
            while not (lines and lines[-1].get("done")):
                line = worker.read(self.timeout)
                if line is None:
                    return _answer(lines, worker.ending(), state["ready"])
                lines.append(line)
            return _answer(lines, "done", state["ready"])
        finally:
            worker.end()


def _answer(lines: list[Mapping[str, Any]], ending: str, versions: Mapping[str, Any]) -> Answer:
    refused = next((line["refused"] for line in lines if "refused" in line), None)
    isolation = next((tuple(line["isolation"]) for line in lines if "isolation" in line), ())
    observations = tuple(line["observation"] for line in lines if "observation" in line)
    return Answer(refused or ending, "", versions, isolation, observations)


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class _Worker:
    """One worker process and its two pipes, in a process group of its own."""

    def __init__(self, python: str, role: str, root: str, legacy_keras: bool) -> None:
        self.state: Mapping[str, Any] = {}
        self.lost = False
        self.why = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        try:
            self._process = subprocess.Popen(
                sandbox.command(python, role),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=root,
                env=sandbox.environment(root, legacy_keras),
                encoding="utf-8",
                errors="replace",
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            self.lost = True
            self.why = f"{python}: {error.strerror or error}"
            self._lines.put(json.dumps({"failed": "no-interpreter", "message": self.why}))
            return
        # A thread, because not every system can wait for a pipe with a deadline.
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in process.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def write(self, message: Mapping[str, Any]) -> None:
        """Send one line; a dead worker shows at the next read."""
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def read(self, seconds: float) -> dict[str, Any] | None:
        """The next message, or None if none came in time or the worker is gone."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.why = f"no answer within {seconds:.0f} s"
            return None
        if line is None:
            self.lost = True
            self.why = self.why or f"the worker ended ({self.ending()})"
            return None
        return dict(_parsed(line))

    def ending(self) -> str:
        """How it ended, in the words of :class:`Answer`; "timeout" if it is still there."""
        if self._process is None:
            return "lost"
        try:
            code = self._process.wait(1.0 if self.lost else 0.0)
        except subprocess.TimeoutExpired:
            return "timeout"
        return f"signal {-code}" if code < 0 else f"exit {code}"

    def end(self) -> None:
        """End it and everything in its process group."""
        self.lost = True
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
