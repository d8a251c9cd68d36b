"""The second interpreter of some tests: a Python 3.7 with TensorFlow 1.15, where one is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

VARIABLE = "BNLINT_TEST_TF1_PYTHON"
REASON = (
    "no Python 3.7 with TensorFlow 1.15 was found; python3.7 -m pip install tensorflow==1.15.5 'protobuf<3.21' makes "
    f"one, or {VARIABLE} names one"
)


def find() -> str:
    """The path of the interpreter, or "". The variable decides, also if it is empty: then these tests are skipped."""
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    return next((str(python) for python in _candidates() if _has_it(python)), "")


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("python3.7")
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/3.7*/bin/python"))


def _has_it(python: Path) -> bool:
    """Told from its files, because importing it takes seconds."""
    folder = python.parent.parent
    return any(folder.glob("lib/python3.7/*-packages/tensorflow-1.15*.dist-info"))


PYTHON = find()
needed = pytest.mark.skipif(not PYTHON, reason=REASON)
