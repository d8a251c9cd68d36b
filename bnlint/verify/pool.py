"""The client of the worker processes: starts them when first needed, asks one thing at a time, survives their death."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, cast

from bnlint.findings import Era
from bnlint.verify import sandbox
from bnlint.verify.answers import Answer
from bnlint.verify.remembered import Remembered
from bnlint.verify.worker.offspring import remove

START = 120.0
"""Seconds that importing TensorFlow may take."""

GRACE = 10.0
"""Seconds beyond an experiment's deadline after which the worker itself is taken for dead."""


WORD = 32
"""Characters of the word with which a line of the harness begins."""


class NotRememberedError(Exception):
    """Something would have to be run."""


class Pool:
    """Workers for each interpreter, one that forks for each flavour of Keras, or a new one for each request.

    Not for use by several threads: give each thread its own. Answers are remembered, so that findings that need
    the same run share it, and by the next runs where there is a place for that.

    idle: nothing is run; what is not remembered raises NotRememberedError.
    """

    def __init__(
        self,
        pythons: Sequence[str],
        timeout: float,
        isolation: str,
        fork: bool | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        self.idle = False
        self.timeout = timeout
        self.isolation = isolation
        self.pythons = tuple(pythons)
        self._fork = sandbox.can_fork() if fork is None else fork
        self.root = tempfile.mkdtemp(prefix="bnlint-")
        self._zygotes: dict[tuple[str, bool], _Worker] = {}
        self._states: dict[tuple[str, bool], Mapping[str, Any]] = {}
        self._workers: list[_Worker] = []
        self._closed = False
        self._answers: dict[str, Answer] = {}
        self._remembered = remembered

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker and remove what they wrote; what another thread still waits for is lost at once."""
        self._closed = True
        for worker in list(self._workers):
            worker.end()
        remove(self.root)

    def suited(self, era: Era, legacy_keras: bool) -> str:
        """The first interpreter with the TensorFlow and Keras of this era, else of its TensorFlow, else that works."""
        if len(self.pythons) == 1:
            return self.pythons[0]

        def mismatch(python: str) -> tuple[bool, bool, bool]:
            ready = self.start(python, legacy_keras).get("ready")
            if ready is None:
                return True, True, True
            return False, _differs(era.tensorflow, ready["tensorflow"]), _differs(era.keras, ready["keras"])

        matching = (python for python in self.pythons if not any(mismatch(python)))
        return next(matching, None) or min(self.pythons, key=mismatch)

    def ask(self, request: Mapping[str, Any], legacy_keras: bool, python: str) -> Answer:
        """Run one experiment; never raises for what the experiment does."""
        asked = json.dumps([python, legacy_keras, request], sort_keys=True)
        if asked not in self._answers:
            self._answers[asked] = self._recalled(request, legacy_keras, python)
        return self._answers[asked]

    def _recalled(self, request: Mapping[str, Any], legacy_keras: bool, python: str) -> Answer:
        """From an earlier run, or else from this one, and then kept for the next."""
        store = self._remembered
        key = store.key(request, legacy_keras, python) if store is not None else None
        answer = store.recall(key) if store is not None and key is not None else None
        if answer is not None:
            return answer
        if self.idle:
            raise NotRememberedError
        if self._closed:
            return Answer("lost")
        # The code cannot guess with which word the lines begin that are not its own.
        whole = {**request, "timeout": self.timeout, "word": secrets.token_hex(16)}
        if self._fork:
            self._zygote(python, legacy_keras)
        start = time.monotonic()
        answer = (self._forked if self._fork else self._alone)(whole, python, legacy_keras)
        seconds = time.monotonic() - start
        # What was changed while the code ran may have been read before or after.
        if store is not None and key is not None and key == store.key(request, legacy_keras, python):
            store.keep(key, answer, seconds)
        return answer

    def start(self, python: str, legacy_keras: bool = False) -> Mapping[str, Any]:
        """Start the worker now, rather than with the first request; returns what it said about itself.

        "ready": versions, and "isolation": what was reached; or "failed": a reason, and a "message". Where each
        request has a process of its own, one is started to find out.
        """
        flavour = (python, legacy_keras)
        if flavour not in self._states:
            self._states[flavour] = (
                self._zygote(python, legacy_keras).state if self._fork else self._said(python, legacy_keras)
            )
        return self._states[flavour]

    def failed(self) -> Mapping[str, tuple[str, str]]:
        """The interpreters that were started in vain so far, each with the reason and its message."""
        return {
            python: (state["failed"], state.get("message", ""))
            for (python, _), state in self._states.items()
            if "failed" in state
        }

    def _said(self, python: str, legacy_keras: bool) -> Mapping[str, Any]:
        worker = self._worker("once", python, legacy_keras)
        try:
            worker.write({"timeout": self.timeout, "word": ""})
            return self._state(worker)
        finally:
            worker.end()

    def _worker(self, role: str, python: str, legacy_keras: bool) -> _Worker:
        command = sandbox.command(python, role, self.root, self.isolation)
        self._workers = [worker for worker in self._workers if not worker.lost]
        worker = _Worker(command, self.root, legacy_keras)
        self._workers.append(worker)
        if self._closed:  # by another thread, which may not have seen this one
            worker.end()
        return worker

    def _zygote(self, python: str, legacy_keras: bool) -> _Worker:
        worker = self._zygotes.get((python, legacy_keras))
        if worker is None or worker.lost:
            worker = self._zygotes[python, legacy_keras] = self._worker("serve", python, legacy_keras)
            worker.state = self._state(worker)
        return worker

    @staticmethod
    def _state(worker: _Worker) -> Mapping[str, Any]:
        return worker.read(START) or {"failed": "broken-tensorflow", "message": worker.why}

    def _forked(self, request: Mapping[str, Any], python: str, legacy_keras: bool) -> Answer:
        worker = self._zygote(python, legacy_keras)
        if "failed" in worker.state:
            return Answer(worker.state["failed"], worker.state.get("message", ""))
        worker.write(request)
        reply = worker.read(self.timeout + GRACE)
        versions = worker.state["ready"]
        if reply is None:
            worker.end()
            return Answer("lost", versions=versions)
        return _answer(reply["lines"].splitlines(), request["word"], reply["ending"], versions)

    def _alone(self, request: Mapping[str, Any], python: str, legacy_keras: bool) -> Answer:
        """A process of its own; the deadline counts from when TensorFlow is there."""
        worker = self._worker("once", python, legacy_keras)
        try:
            worker.write(request)
            state = self._state(worker)
            if "failed" in state:
                return Answer(state["failed"], state.get("message", ""))
            lines: list[str] = []
            while not (lines and lines[-1].startswith(request["word"]) and _parsed(lines[-1][WORD:]).get("done")):
                line = worker.read_line(self.timeout)
                if line is None:
                    return _answer(lines, request["word"], worker.ending(), state["ready"])
                lines.append(line)
            return _answer(lines, request["word"], "done", state["ready"])
        finally:
            worker.end()


def _differs(wanted: str | None, version: str | None) -> bool:
    """Whether the version is another than the major one that is wanted, if any is."""
    return wanted is not None and (version or "").partition(".")[0] != wanted


def _answer(lines: Sequence[str], word: str, ending: str, versions: Mapping[str, Any]) -> Answer:
    """A line without the word was not written by the harness; then nothing is believed."""
    messages = [_parsed(line[WORD:]) for line in lines if line.startswith(word)]
    refused = next((message["refused"] for message in messages if "refused" in message), None)
    isolation = next((tuple(message["isolation"]) for message in messages if "isolation" in message), ())
    if refused is not None or len(messages) < len(lines):
        return Answer(refused or "tampered", "", versions, isolation)
    observations = tuple(message["observation"] for message in messages if "observation" in message)
    return Answer(ending, "", versions, isolation, observations)


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


class _Worker:
    """One worker process and its two pipes, in a process group of its own."""

    def __init__(self, command: Sequence[str], root: str, legacy_keras: bool) -> None:
        self.state: Mapping[str, Any] = {}
        self.lost = False
        self.why = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        try:
            self._process = subprocess.Popen(
                command,
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
            self.why = f"{command[0]}: {error.strerror or error}"
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
        line = self.read_line(seconds)
        return None if line is None else dict(_parsed(line))

    def read_line(self, seconds: float) -> str | None:
        """The same as it came."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.why = f"no answer within {seconds:.0f} s"
            return None
        if line is None:
            self.lost = True
            self.why = self.why or f"the worker ended ({self.ending()})"
        return line

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
