"""Command-line flags of ``absl``, as TensorFlow programs define them: nobody gave any, so all have their defaults."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Set


def defined() -> Set[str]:
    """The names of all flags."""
    flags = _flags()
    return set() if flags is None else set(flags)


def parse(switches: Dict[str, bool]) -> List[str]:
    """Let code read them that its own program would have parsed first.

    switches: what flags that can be on or off are to be. Returns what the evidence must say about it.
    """
    flags = _flags()
    if flags is None:
        return []
    if not flags.is_parsed():
        flags.mark_as_parsed()
    turned = [
        name for name, on in switches.items() if name in flags and flags[name].boolean and flags[name].value != on
    ]
    for name in turned:
        flags[name].value = switches[name]
    return ["run with --%s=%s, which is not the default" % (name, str(switches[name]).lower()) for name in turned]


def forget(known: Set[str]) -> None:
    """All but these are gone, so that the same file can define them again."""
    flags = _flags()
    for name in defined() - known:
        delattr(flags, name)


def _flags() -> Any:
    module = sys.modules.get("absl.flags")
    return getattr(module, "FLAGS", None)
