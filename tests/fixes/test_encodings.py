"""Whatever encoding Python accepts, a fix is right to the byte, or the file stays as it is and bnlint says so."""

from __future__ import annotations

import encodings.aliases
from pathlib import Path

import pytest

from bnlint import engine, fixer
from bnlint.reporting import Report
from bnlint.settings import Settings

TEXT = """\
# -*- coding: {name} -*-
import tensorflow as tf

moving_mean = tf.Variable(tf.zeros([4]), trainable=False)


def norm(x):
    global moving_mean
    mean, _ = tf.nn.moments(x, [0])
    moving_mean = 0.9 * moving_mean + 0.1 * mean  # {mark}
    return x - moving_mean, "{mark}"
"""
FIXED = TEXT.replace(
    "moving_mean = 0.9 * moving_mean + 0.1 * mean", "moving_mean.assign(0.9 * moving_mean + 0.1 * mean)"
)
MARKS = "é√π表ソ한яأ😀x"


def written_in(name: str, text: str) -> bytes | None:
    """The file, with signs that the encoding has; None if Python takes no such file."""
    for mark in MARKS:
        try:
            data = text.format(name=name, mark=mark).encode(name)
            compile(data, "a.py", "exec")
        except (LookupError, SyntaxError, UnicodeError, ValueError):
            continue
        return data
    return None


NAMES = sorted({"utf-8", *encodings.aliases.aliases.values()})
ACCEPTED = [name for name in NAMES if written_in(name, TEXT) is not None]


def fixed(path: Path) -> Report:
    settings = Settings()
    return fixer.fix(engine.read([str(path)], settings), settings, unsafe=False, write=True)[0]


def test_python_accepts_many() -> None:
    assert len(ACCEPTED) > 60


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_fix_is_right_to_the_byte(name: str, tmp_path: Path) -> None:
    before, after = written_in(name, TEXT), written_in(name, FIXED)
    assert before is not None
    path = tmp_path / "a.py"
    path.write_bytes(before)
    report = fixed(path)
    if report.fixed:
        assert path.read_bytes() == after
    else:
        assert path.read_bytes() == before
        told = [*report.errors, *report.warnings, *(each.proof for each in report.findings if each.proof is not None)]
        assert told, "it must be said why the file was left as it is"


def test_a_link_is_fixed_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "code.py"
    real.write_text(TEXT.format(name="utf-8", mark="é"), encoding="utf-8")
    link = tmp_path / "link.py"
    link.symlink_to(real)
    assert len(fixed(link).fixed) == 1
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == FIXED.format(name="utf-8", mark="é")
