"""How a worker is started: its command, its scrubbed environment, its own temporary folder.

What the kernel then forbids the child is in :mod:`bnlint.verify.worker.cage`, which runs inside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

WORKER = Path(__file__).parent / "worker"

KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV")
"""All that the worker sees of the user's environment: what an interpreter needs to start, no tokens, no proxies."""

MEMORY = 6 << 30
"""Bytes of address space for one experiment; TensorFlow on a processor maps 2 GiB before it does anything."""


def command(python: str, role: str) -> list[str]:
    """Run the worker folder by path; ``role`` is "serve" or "once"."""
    return [python, "-B", str(WORKER), role]


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
        "OMP_NUM_THREADS": "1",
    }
    return {**kept, **set_here}


def can_fork() -> bool:
    """Whether a worker may import TensorFlow once and fork; macOS forbids it once system libraries are loaded."""
    return hasattr(os, "fork") and sys.platform != "darwin"
