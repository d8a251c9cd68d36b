"""Runs the code of one finding when the user asks for it, and stops when the user has changed their mind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from bnlint.findings import Finding, Verdict
from bnlint.settings import Settings
from bnlint.verify.answers import Answer
from bnlint.verify.pool import Pool
from bnlint.verify.verifier import VerifySettings, decide


class Verifier:
    """Keeps one worker process with TensorFlow loaded, so that the second run starts at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._pool: _Stoppable | None = None
        self._settings: VerifySettings | None = None

    async def verify(self, finding: Finding, text: str, settings: Settings) -> Verdict:
        """Run it; if the task is cancelled, the process that runs it is ended."""
        from bnlint.engine import verify_settings
        from bnlint.interpreters import usable

        settings = replace(settings, python=usable(settings, [finding.filename]))
        pool = self._pool_for(verify_settings(settings))
        run = asyncio.get_running_loop().run_in_executor(
            self._thread, decide, pool, finding.experiment, text, finding.filename, finding.era
        )
        try:
            return await run
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.stop()
            self._pool = None

    def _pool_for(self, settings: VerifySettings) -> Pool:
        if self._pool is None or settings != self._settings:
            self.close()
            self._settings = settings
            self._pool = _Stoppable(settings.pythons, settings.timeout, settings.isolation, settings.fork)
        return self._pool


class _StoppedError(Exception):
    """Nobody waits for the answer any more."""


class _Stoppable(Pool):
    """A pool that another thread may close while it runs."""

    _stopped = False

    def ask(self, request: Mapping[str, Any], legacy_keras: bool, python: str) -> Answer:
        """Run one experiment. Raises _StoppedError once it is stopped."""
        if not self._stopped:
            answer = super().ask(request, legacy_keras, python)
            if not self._stopped:
                return answer
        raise _StoppedError

    def stop(self) -> None:
        """End the worker, and refuse to start another."""
        self._stopped = True
        self.close()
