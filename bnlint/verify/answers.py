"""What comes of asking a worker to run something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnlint.frozen import dataclass


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    ending: "done", "timeout", "exit N", "signal N", "babble" (it wrote too much), "excess" (it took too much disk or
    too many threads), "hung", "lost" (the worker died), "tampered" (nothing it said can be believed), or a reason for
    not having run at all: "no-tensorflow", "no-keras-2", "broken-tensorflow", "no-isolation", "no-interpreter".
    message: that reason in words. observations: those that were complete. remembered: from an earlier run.
    """

    ending: str
    message: str = ""
    versions: Mapping[str, Any] | None = None
    isolation: tuple[str, ...] = ()
    observations: tuple[Mapping[str, Any], ...] = ()
    remembered: bool = False
