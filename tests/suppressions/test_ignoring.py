"""Writing ignore comments: only comments change, and what they are for passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnlint import engine, ignoring
from bnlint.reporting import Report
from bnlint.settings import Settings

TEXT = """\
import tensorflow as tf

moving_mean = tf.Variable(tf.zeros([4]), trainable=False)
moving_variance = tf.Variable(tf.ones([4]), trainable=False)

def norm(x):
    global moving_mean, moving_variance
    mean, variance = tf.nn.moments(x, [0])
    moving_mean = (0.9 * moving_mean
                   + 0.1 * mean)
    moving_variance = 0.9 * moving_variance + 0.1 * variance
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""
COMMENTED = TEXT.replace("mean)\n    moving", "mean)  # bnlint: ignore[BN101]\n    moving").replace(
    "0.1 * variance\n", "0.1 * variance  # bnlint: ignore[BN101]\n"
)


def add(path: Path) -> Report:
    return ignoring.add_ignores(engine.read([str(path)], Settings()), Settings())[0]


def told(report: Report) -> list[str]:
    return [notice.message for notice in report.warnings]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.py"


@pytest.mark.parametrize(
    ("end", "encoding"), [("\n", "utf-8"), ("\r\n", "utf-8-sig"), ("\r", "utf-8"), ("\n", "latin-1")]
)
def test_each_statement_gets_a_comment(file: Path, end: str, encoding: str) -> None:
    def data(text: str) -> bytes:
        head = "# coding: latin-1\n# é\n" if encoding == "latin-1" else "# π\n" if encoding == "utf-8" else ""
        return (head + text).replace("\n", end).encode(encoding)

    file.write_bytes(data(TEXT))
    report = add(file)
    assert [finding.suppressed for finding in report.findings] == [True, True]
    assert (told(report), file.read_bytes()) == ([], data(COMMENTED))
    add(file)
    assert file.read_bytes() == data(COMMENTED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0.1 * variance  # so\n", "0.1 * variance  # so  # bnlint: ignore[BN101]\n"),
        ("0.1 * variance \t \n", "0.1 * variance  # bnlint: ignore[BN101]\n"),
        ("0.1 * variance  # bnlint: ignore[BN201] so\n", "0.1 * variance  # bnlint: ignore[BN201, BN101] so\n"),
        ("0.1 * variance  # bnlint: ignore[] so\n", "0.1 * variance  # bnlint: ignore[BN101] so\n"),
        ("0.1 * variance  # bnlint: ignore so\n", "0.1 * variance  # bnlint: ignore so  # bnlint: ignore[BN101]\n"),
        ("0.1 * \\\n      variance\n", "0.1 * \\\n      variance  # bnlint: ignore[BN101]\n"),
        ("0.1 * variance; print('#')\n", "0.1 * variance; print('#')  # bnlint: ignore[BN101]\n"),
        ("0.1 * variance; s = '''\n#'''\n", "0.1 * variance; s = '''\n#'''  # bnlint: ignore[BN101]\n"),
    ],
)
def test_the_comment_goes_with_what_is_there(file: Path, before: str, after: str) -> None:
    file.write_text(TEXT.replace("0.1 * variance\n", before))
    report = add(file)
    assert all(finding.suppressed for finding in report.findings)
    assert file.read_text() == COMMENTED.replace("0.1 * variance  # bnlint: ignore[BN101]\n", after)


def test_the_comment_above_is_added_to(file: Path) -> None:
    own = "    # bnlint: ignore[BN201] so\n    moving_variance ="
    file.write_text(TEXT.replace("    moving_variance =", own))
    add(file)
    assert "    # bnlint: ignore[BN201, BN101] so\n    moving_variance = 0.9" in file.read_text()


def test_python_2_and_its_tabs(file: Path) -> None:
    text = TEXT.replace("    moving_variance =", "\tprint 'here', x\n        moving_variance =")
    text = text.replace("    global", "\tglobal").replace("    mean,", "\tmean,").replace("    return", "\treturn")
    text = text.replace("    moving_mean", "\tmoving_mean")
    file.write_text(text)
    report = add(file)
    assert (report.errors, [finding.suppressed for finding in report.findings]) == ((), [True, True])
    assert file.read_text().replace("  # bnlint: ignore[BN101]", "") == text


def test_cells(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    top, bottom = TEXT.split("def ")
    cells = [{"cell_type": "code", "source": text} for text in ("%pip install x\n" + top, "def " + bottom)]
    file.write_text(json.dumps({"cells": cells}))
    report = add(file)
    assert [finding.suppressed for finding in report.findings] == [True, True]
    cells[1]["source"] = "def " + COMMENTED.split("def ")[1]
    assert file.read_text() == json.dumps({"cells": cells})


def test_a_read_only_file_is_left_alone(file: Path) -> None:
    file.write_text(TEXT)
    file.chmod(0o444)
    report = add(file)
    assert told(report) == ["is read-only, so it is left as it is"]
    assert [finding.suppressed for finding in report.findings] == [False, False]
    assert file.read_text() == TEXT
