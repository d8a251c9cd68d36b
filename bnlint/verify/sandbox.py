"""How a worker is started: its command, its scrubbed environment, its own temporary folder.

What the kernel then forbids the child is in :mod:`bnlint.verify.worker.cage`, which runs inside it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

WORKER = Path(__file__).parent / "worker"

KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV")
"""All that the worker sees of the user's environment: what an interpreter needs to start, no tokens, no proxies."""

MEMORY = 3 << 30
"""Bytes of address space for one experiment, beyond what TensorFlow itself takes."""

ISOLATION = {
    "limits": "limits on memory, processor time and files",
    "no-network": "no network",
    "no-writes": "no writing outside a temporary folder",
    "no-reading": "no reading of anything but Python, its packages and the modules beside the code",
    "no-processes": "no starting of or reaching into other processes",
}
"""What a worker may say that the system offered it, see worker/cage.py. Strict isolation is all of it."""

IN_SHORT = {
    "limits": "limits on memory and time",
    "no-network": "no network",
    "no-writes": "no writes",
    "no-reading": "no reading of your files",
    "no-processes": "no other processes",
}


def in_words(reached: Sequence[str], isolation: str) -> str:
    """What keeps the code apart, in short. reached: see ISOLATION. isolation: what was asked for."""
    kept = ", ".join(words for name, words in IN_SHORT.items() if name in reached)
    lacking = ", ".join(words for name, words in IN_SHORT.items() if name not in reached)
    if isolation == "none":
        return "not isolated, as asked: it may do whatever you may do"
    if not kept:
        return "not isolated: this system offers no means, so it may do whatever you may do"
    return (
        f"isolated: {kept}" if not lacking else f"isolated in part: {kept}; what this system does not offer: {lacking}"
    )


def command(python: str, role: str, root: str, isolation: str) -> list[str]:
    """Run the worker folder by path; ``role`` is "serve" or "once". root: where it may make temporary folders."""
    home = os.path.realpath(os.path.expanduser("~"))
    required = list(ISOLATION) if isolation == "strict" else []
    settings = {"root": root, "home": home, "memory": MEMORY, "caged": isolation != "none", "required": required}
    return [python, "-B", str(WORKER), role, json.dumps(settings)]


def environment(folder: str, legacy_keras: bool) -> dict[str, str]:
    """folder: stands for home and temporary folder alike. legacy_keras: ``tf.keras`` is Keras 2."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    set_here = {
        "HOME": folder,
        "TMPDIR": folder,
        "KERAS_HOME": folder,
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Rounding must not depend on which instructions the machine has.
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_USE_LEGACY_KERAS": "1" if legacy_keras else "0",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONUSERBASE": os.environ.get("PYTHONUSERBASE", os.path.expanduser(os.path.join("~", ".local"))),
        # Threads, and the memory set aside for each, would grow with the machine.
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    return {**kept, **set_here}


def can_fork() -> bool:
    """Whether a worker may import TensorFlow once and fork; macOS forbids it once system libraries are loaded."""
    return hasattr(os, "fork") and sys.platform != "darwin"
