"""What the programs of the lessons print, read back as numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

FORKS = Path(__file__).with_name("forks.py")
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?|nan|inf")
# A number that is no part of a word, or else what may look like one and is none.
TOKEN = re.compile(rf"({NUMBER.pattern})(?!\w)|dtype=\w+|shape=\([^)]*\)|/\w+|\w*[A-Za-z_]\w*")


class Printed(str):
    """The output of a program."""

    __slots__ = ()

    def numbers(self, label: str) -> list[float]:
        """All numbers that stand behind a label, up to the end of its line or of the brackets that begin in it.

        Of several such places, the last: what is printed later is what the program came to. Without a label all.
        """
        if not label:
            return _floats(self)
        _, found, rest = self.rpartition(label)
        assert found, f"the program does not print {label!r}: {self}"
        line = next((text for text in _lines(rest) if text.count("[") == text.count("]")), rest)
        numbers = _floats(line)
        assert numbers, f"no numbers behind {label!r}: {self}"
        return numbers


def _floats(text: str) -> list[float]:
    return [float(each) for each in TOKEN.findall(text) if each]


def _lines(text: str) -> list[str]:
    """The text up to the first line break, to the second, and so on."""
    ends = [match.start() for match in re.finditer("\n", text)]
    return [text[:end] for end in [*ends, len(text)]]


@cache
def _server(python: str, legacy: bool) -> subprocess.Popen[str]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": str(int(legacy))}
    return subprocess.Popen(
        [python, FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=environment,
    )


@cache
def output(path: Path, python: str = sys.executable) -> Printed:
    """What a program prints under the Keras that it is for."""
    # The layers of TensorFlow 1 need Keras 2, where there are two.
    legacy = "compat.v1" in path.read_text(encoding="utf-8") and "_k3" not in path.name
    server = _server(python, legacy)
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(f"{path}\n")
    server.stdin.flush()
    return Printed(json.loads(server.stdout.readline()))
