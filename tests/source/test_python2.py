"""Python 2 files are read with true positions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bnlint.engine import check
from bnlint.python2 import translate
from bnlint.settings import Settings

STATEMENTS = [
    "print x",
    "print 'a', x  # comment",
    "print >>f, x, y",
    "print",
    "print(x), y",
    "if a: print b; print c",
    "exec code in namespace",
    "try: pass\nexcept ValueError, error: print error",
    "try: pass\nexcept (KeyError, ValueError), error:\n    raise",
    "raise ValueError, 'no', trace",
    "y = `x` + `[1, 2]`",
    "if a <> b: pass",
    "mode = 0755 + 10L + 0xFFL + 007",
    "n = 100 + 1e-3 + .5 + 1000.",
    "s = ur'a' + u'b'",
    "f = lambda (a, b): a",
    "def f(a, (b, c)): pass",
    "d = {'print': lambda: print_it, 0: 1}",
    "print 'a; b' % (x,\n    y), z",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_translation_parses_and_keeps_every_place(statement: str) -> None:
    translated = translate(statement + "\nmarker = 1\n").text
    tree = ast.parse(translated)
    assert translated.splitlines()[-1] == "marker = 1"
    # What is not part of a rewritten token stands where it stood.
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("x", "y", "z", "b", "c", "code", "namespace", "a"):
            line = (statement + "\nmarker = 1").splitlines()[node.lineno - 1]
            assert line[node.col_offset :].startswith(node.id)


@pytest.mark.parametrize("text", ["x = 1\n", "print(x)\n", "s = 'print x'\n", "# print x\n", "print = log\n", ""])
def test_python_3_is_left_alone(text: str) -> None:
    assert translate(text).text == text


def test_tabs_count_as_in_python_2() -> None:
    translation = translate("if a:\n\tx = 1\n        y = 2\n")
    ast.parse(translation.text)
    assert translation.shifts == {2: 7}


def test_findings_in_python_2_stand_where_the_file_has_them() -> None:
    path = Path(__file__).parents[2] / "fixtures" / "python2" / "mixed_tabs.py"
    report = check([str(path)], Settings())
    assert not report.errors
    lines = path.read_text().splitlines()
    assert [finding.code for finding in report.findings] == ["BN101", "BN101"]
    for finding in report.findings:
        line = lines[finding.span.row - 1]
        assert line[finding.span.column - 1 : finding.span.end_column - 1].startswith("moving_")
        assert finding.fix is not None
        assert not finding.fix.edits, "an edit would write the translation into the file"
