"""How fixes become files, with rules as they are and with findings made by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bnlint import engine, fixer
from bnlint.findings import Applicability, Confidence, Edit, Era, Finding, Fix, Outcome, Severity, Suppression, Verdict
from bnlint.reporting import Report
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.span import Span
from bnlint.verify.predictions import Experiment, Unchanged

REBOUND = """\
import tensorflow as tf

moving_mean = tf.Variable(tf.zeros([4]), trainable=False)


def norm(x):
    global moving_mean
    mean, _ = tf.nn.moments(x, [0])
    moving_mean = (0.9 * moving_mean  # the old: {mark}
                   + 0.1 * mean)
    return x - moving_mean  # {mark}
"""
REBOUND_FIXED = REBOUND.replace("moving_mean = (0.9", "moving_mean.assign((0.9").replace(
    "mean)\n    r", "mean))\n    r"
)
DROPPED = """\
import tensorflow as tf

def norm(x, m=0.9):
    moving_mean = tf.get_variable("moving_mean", [4], trainable=False)
    mean, variance = tf.nn.moments(x, [0])
    tf.assign(moving_mean, moving_mean * m + mean * (1 - m))  # {mark}
    return tf.nn.batch_normalization(x, mean, variance, None, None,
                                     1e-3)
"""
DROPPED_FIXED = DROPPED.replace("    tf.assign", "    update_mean = tf.assign").replace(
    "    return tf.nn", "    with tf.control_dependencies([update_mean]):\n        return tf.nn"
)


def fixed(path: Path, write: bool = True) -> Report:
    return fixer.fix(engine.read([str(path)], Settings()), Settings(), unsafe=False, write=write)[0]


def told(report: Report) -> list[str]:
    return [f"{Path(notice.filename).name}: {notice.message}" for notice in report.warnings]


FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "unicode": lambda text: text.replace("{mark}", "π 😀").encode(),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "latin-1": lambda text: ("# coding: latin-1\n" + text.replace("{mark}", "é")).encode("latin-1"),
    "shift-jis": lambda text: ("# -*- coding: shift_jis -*-\n" + text.replace("{mark}", "表ソ")).encode("shift_jis"),
    "utf-7 as it is written": lambda text: ("# coding: utf-7\n" + text).replace("+", "+-").encode("ascii"),
    "carriage returns and line feeds": lambda text: text.replace("\n", "\r\n").encode(),
    "carriage returns": lambda text: text.replace("\n", "\r").encode(),
    "no last line break": lambda text: text.rstrip("\n").encode(),
    "tabs": lambda text: re.sub(r"^((?:    )+)(?=\S)", lambda m: "\t" * (len(m[0]) // 4), text, flags=re.M).encode(),
    "two spaces": lambda text: re.sub(
        r"^((?:    ){1,2})(?=[^\s+1])", lambda m: "  " * (len(m[0]) // 4), text, flags=re.M
    ).encode(),
    "form feed": lambda text: text.replace("\ndef", "\x0c\ndef").encode(),
    "trailing white space": lambda text: (text + " \n\t").encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "after"), [(REBOUND, REBOUND_FIXED), (DROPPED, DROPPED_FIXED)], ids=["one", "rows"])
def test_all_else_keeps_its_bytes(tmp_path: Path, form: str, before: str, after: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(FORMS[form](before))
    report = fixed(path)
    assert (told(report), len(report.fixed)) == ([], 1)
    assert path.read_bytes() == FORMS[form](after)
    assert fixed(path).fixed == ()
    assert path.read_bytes() == FORMS[form](after)


def test_mixed_line_ends_stay_mixed(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    ends = ["\n", "\r\n", "\r"]

    def mixed(text: str, turn: int = 0) -> bytes:
        return "".join(row + ends[(index + turn) % 3] for index, row in enumerate(text.splitlines())).encode()

    before, after = DROPPED.replace("\n\n", "\n"), DROPPED_FIXED.replace("\n\n", "\n")
    for turn in range(3):
        path.write_bytes(mixed(before, turn))
        assert len(fixed(path).fixed) == 1
        # The new row ends as the one below it, which it was put before.
        head, new, *tail = after.rpartition("    with")[0], after.splitlines()[-3], *after.splitlines()[-2:]
        expected = mixed(head, turn) + new.encode() + ends[(5 + turn) % 3].encode() + mixed("\n".join(tail), 5 + turn)
        assert path.read_bytes() == expected


def test_nothing_is_written_without_being_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(REBOUND)
    report = fixed(path, write=False)
    assert (len(report.fixed), report.findings) == (1, ())
    assert path.read_text() == REBOUND


def test_python_2_is_left_to_the_user(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(DROPPED + "\nprint 'done'\n")
    report = fixed(path)
    assert told(report) == ["a.py: is Python 2, so it is left as it is"]
    assert [(each.code, each.fix and each.fix.applicability) for each in report.findings] == [
        ("BN201", Applicability.DISPLAY)
    ]
    assert path.read_text() == DROPPED + "\nprint 'done'\n"


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(REBOUND)
    path.chmod(0o444)
    report = fixed(path)
    assert told(report) == ["a.py: is read-only, so it is left as it is"]
    assert (len(report.findings), report.fixed) == (1, ())
    assert path.read_text() == REBOUND
    assert len(fixed(path, write=False).fixed) == 1


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(REBOUND)
    inputs = engine.read([str(path)], Settings())
    path.write_text("x = 1\n")
    report, changes = fixer.fix(inputs, Settings(), unsafe=False, write=True)
    assert told(report) == ["a.py: changed while bnlint was working on it, so it is left as it is"]
    assert (report.fixed, changes, len(report.findings)) == ((), [], 1)
    assert path.read_text() == "x = 1\n"


def test_what_is_let_pass_is_not_fixed(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(REBOUND.replace("# the old", "# bnlint: ignore[BN101]"))
    report = fixed(path)
    assert (report.fixed, [each.suppressed for each in report.findings]) == ((), [True])


def test_cells_are_fixed_in_place(tmp_path: Path) -> None:
    first, second = REBOUND[: REBOUND.index("def")], REBOUND[REBOUND.index("def") :].rstrip("\n")
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", *first.splitlines(keepends=True)]},
        {"cell_type": "markdown", "source": "norm"},
        {"cell_type": "code", "source": second.splitlines(keepends=True), "outputs": [{"text": "moving_mean = (0.9"}]},
        {"cell_type": "code", "source": "%time norm(x)"},
    ]
    data = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=1).encode()
    path = tmp_path / "a.ipynb"
    path.write_bytes(data)
    report = fixed(path)
    assert len(report.fixed) == 1
    old, new = (
        [json.dumps(row)[1:-1].encode() for row in text.splitlines() if row not in other.splitlines()]
        for text, other in ((REBOUND, REBOUND_FIXED), (REBOUND_FIXED, REBOUND))
    )
    for before, after in zip(old, new, strict=True):
        data = data.replace(before, after)
    assert path.read_bytes() == data
    assert fixed(path).fixed == ()


# What follows looks for "wrong(...)" in files of any kind, and has its fixes made by the test.

Fixes = Callable[[re.Match[str], Source], Fix | None]


def span(match: re.Match[str]) -> Span:
    row = match.string.count("\n", 0, match.start()) + 1
    start = match.start() - (match.string.rfind("\n", 0, match.start()) + 1) + 1
    return Span(row, start, row, start + len(match[0]))


def safe(*edits: Edit) -> Fix:
    return Fix(Applicability.SAFE, "do it", edits)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Write files, fix them with these fixes, and return the report and what is in the files then."""
    monkeypatch.chdir(tmp_path)

    def run(fixes: Fixes, verify: bool = False, unsafe: bool = False, **texts: str) -> tuple[Report, dict[str, str]]:
        def check(inputs: engine.Inputs, sources: Any, settings: Settings, *_: object) -> Report:
            found: list[Finding] = []
            for source in sources:
                for match in re.finditer(r"wrong\((\w*)\)", source.text):
                    name = f"{source.filename} {match[1]}"
                    found.append(finding(source.filename, span(match), fixes(match, source), name))
            return Report(tuple(found), (), len(sources), len(sources), 0, ".")

        monkeypatch.setattr(engine, "check_inputs", check)
        for name, text in texts.items():
            Path(f"{name}.py").write_bytes(text.encode("latin-1" if "latin" in text else "utf-8"))
        settings = Settings(verify=verify)
        report, _ = fixer.fix(engine.read(["."], settings), settings, unsafe=unsafe, write=True)
        encoding = "latin-1" if "latin" in "".join(texts.values()) else "utf-8"
        return report, {name: Path(f"{name}.py").read_bytes().decode(encoding) for name in texts}

    return run


def finding(filename: str, place: Span, made: Fix | None, fingerprint: str) -> Finding:
    return Finding(
        "XY101", "wrong", Severity.ERROR, Confidence.HIGH, "m", "c", "r", filename, place, None, Era(),
        Experiment(Unchanged(), None, (), place.row), fix=made, fingerprint=fingerprint,
    )  # fmt: skip


def right(match: re.Match[str], source: Source) -> Fix:
    return safe(Edit(span(match), f"right({match[1]})"))


def test_overlapping_fixes_take_turns(files: Any) -> None:
    def whole_row(match: re.Match[str], source: Source) -> Fix:
        here = span(match)
        row = match.string.splitlines()[here.row - 1]
        fixed_row = row[: here.column - 1] + "right" + row[here.column + 4 :]
        return safe(Edit(here._replace(column=1, end_column=len(row) + 1), fixed_row))

    report, after = files(whole_row, a="wrong(1) + wrong(2) + wrong(3)\nwrong(4)\n")
    assert after == {"a": "right(1) + right(2) + right(3)\nright(4)\n"}
    assert len(report.fixed) == 4
    many = " + ".join(f"wrong({number})" for number in range(30))
    assert files(whole_row, a=many)[1] == {"a": many.replace("wrong", "right")}


def test_fixes_that_never_come_to_an_end_are_taken_back(files: Any) -> None:
    def more(match: re.Match[str], source: Source) -> Fix:
        return safe(Edit(span(match), "wrong(1) + 1")) if match[1] == "1" else right(match, source)

    report, after = files(more, a="x = wrong(2) + wrong(1)\n", b="y = wrong(3)\n")
    assert after == {"a": "x = wrong(2) + wrong(1)\n", "b": "y = right(3)\n"}
    assert [each.filename for each in report.fixed] == ["b.py"]
    assert "would never come to an end" in told(report)[0]


@pytest.mark.parametrize(
    ("before", "content", "why"),
    [
        ("x = wrong(1)\n", "right(", "the result would not be Python"),
        ("if x: wrong(1)\n", "with y:\n    right()", "the result would not be Python"),
        ("x = wrong(1)  # not here\n", "right()\n", None),
        ("if x:\n    y = (wrong(1),  # why\n         2)\n", None, "it would take this away: # why"),
        ("x = '''\n  wrong(1)'''\n", "right(1)", "it would take this away: '''\n  wrong(1)'''"),
        ("x = wrong(1)  # latin\n# \xe9\n", "right('\u03c0')", "cannot be edited: iso-8859-1 has no '\\u03c0'"),
    ],
)
def test_a_fix_that_would_do_harm_is_not_made(files: Any, before: str, content: str | None, why: str | None) -> None:
    def replaced(match: re.Match[str], source: Source) -> Fix:
        here = span(match)
        edit = Edit(here, content) if content is not None else Edit(Span(here.row, here.column, 3, 11), "right()")
        return safe(edit)

    if "latin" in before:
        before = "# coding: latin-1\n" + before
    report, after = files(replaced, a=before, b="wrong(2)\n" if content == "right(1)" else "")
    reasons = [each.proof.detail for each in report.findings if each.proof is not None]
    if why is None:
        assert after["a"] == before.replace("wrong(1)", "right()\n")
    else:
        assert (after["a"], reasons) == (before, [why])


def test_a_fix_that_does_harm_stops_no_other(files: Any) -> None:
    def partly(match: re.Match[str], source: Source) -> Fix:
        return safe(Edit(span(match), "(")) if match[1] == "bad" else right(match, source)

    report, after = files(partly, a="x = wrong(1)\ny = wrong(bad)\nz = wrong(2)\n")
    assert after["a"] == "x = right(1)\ny = wrong(bad)\nz = right(2)\n"
    assert [each.proof.detail for each in report.findings] == ["the result would not be Python"]


def test_the_coding_line_must_keep_its_place(files: Any) -> None:
    def above(match: re.Match[str], source: Source) -> Fix:
        return safe(Edit(Span(1, 1, 1, 1), "import x\n\n"), Edit(span(match), "right()"))

    before = "# coding: latin-1\nx = wrong(1)  # \xe9\n"
    report, after = files(above, a=before)
    assert after["a"] == before
    assert "cannot be" in report.findings[0].proof.detail


def test_edits_of_two_files_go_together(files: Any) -> None:
    def both(match: re.Match[str], source: Source) -> Fix:
        there = Edit(Span(1, 1, 1, 1), "import it\n", filename="b.py")
        return safe(Edit(span(match), "right()"), there)

    report, after = files(both, a="wrong(1)\n", b="x = 1\n")
    assert after == {"a": "right()\n", "b": "import it\nx = 1\n"}
    Path("b.py").write_text("x = 1\n")
    Path("b.py").chmod(0o444)
    report, after = files(both, a="wrong(1)\n")
    assert after == {"a": "wrong(1)\n"}
    assert told(report) == ["b.py: is read-only, so it is left as it is"]


def test_a_fix_outside_of_what_is_checked_is_not_made(files: Any) -> None:
    def elsewhere(match: re.Match[str], source: Source) -> Fix:
        return safe(Edit(span(match), "right()"), Edit(Span(1, 1, 1, 1), "x", filename="../other.py"))

    report, after = files(elsewhere, a="wrong(1)\n")
    assert after == {"a": "wrong(1)\n"}
    assert told(report) == ["other.py: is not among the files that are checked, so it is left as it is"]


def test_edits_of_a_file_in_python_2_or_of_a_notebook_without_a_cell_are_not_made(files: Any) -> None:
    def there(name: str) -> Fixes:
        return lambda match, source: safe(
            Edit(span(match), "right()"), Edit(Span(1, 1, 1, 1), "import it\n", filename=name)
        )

    assert files(there("b.py"), a="wrong(1)\n", b="print 1\n")[1] == {"a": "wrong(1)\n", "b": "print 1\n"}
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]})
    Path("c.ipynb").write_text(notebook)
    report, after = files(there("c.ipynb"), a="wrong(1)\n")
    assert (after, Path("c.ipynb").read_text()) == ({"a": "wrong(1)\n"}, notebook)
    assert report.findings[0].proof.detail == "cannot be edited: the edit names no cell"


@pytest.mark.parametrize(
    ("unsafe", "made"), [(False, "wrong(1) right(2) wrong(3)"), (True, "right(1) right(2) wrong(3)")]
)
def test_only_what_was_asked_for_is_applied(files: Any, unsafe: bool, made: str) -> None:
    kinds = {"1": Applicability.UNSAFE, "2": Applicability.SAFE, "3": Applicability.DISPLAY}

    def of_kind(match: re.Match[str], source: Source) -> Fix:
        return replace(right(match, source), applicability=kinds[match[1]])

    text = "\n".join(["wrong(1)", "wrong(2)", "wrong(3)"])
    assert files(of_kind, unsafe=unsafe, a=text)[1]["a"].split() == made.split()


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[str], bool]]:
    """By the name of a finding, whether the text after its fix is a proof; the others are all proven."""
    rules: dict[str, Callable[[str], bool]] = {}

    def prove_fix(pool: object, finding: Finding, before: dict[str, str], after: dict[str, str]) -> Verdict:
        assert pool is not None
        assert before != after
        if rules.get(finding.fingerprint, lambda text: True)(after[finding.filename]):
            return Verdict(Outcome.CONFIRMED)
        return Verdict(Outcome.UNDECIDED, "law-not-explained", "no law explains it")

    monkeypatch.setattr("bnlint.verify.verifier.prove_fix", prove_fix)
    return rules


def test_only_proven_fixes_are_made(files: Any, proofs: dict[str, Callable[[str], bool]]) -> None:
    proofs["a.py 2"] = lambda text: False
    report, after = files(right, verify=True, a="x = wrong(1) + wrong(2)\n", b="wrong(3)\n")
    assert after == {"a": "x = right(1) + wrong(2)\n", "b": "right(3)\n"}
    assert len(report.fixed) == 2


def test_what_is_proven_together_is_made_together(files: Any, proofs: dict[str, Callable[[str], bool]]) -> None:
    proofs["a.py 1"] = proofs["a.py 2"] = lambda text: "wrong" not in text
    assert files(right, verify=True, a="x = wrong(1) + wrong(2)\n")[1] == {"a": "x = right(1) + right(2)\n"}


def test_a_proof_holds_for_the_text_that_is_written(files: Any, proofs: dict[str, Callable[[str], bool]]) -> None:
    proofs["a.py 1"] = lambda text: "right(2)" in text
    proofs["a.py 2"] = lambda text: False
    report, after = files(right, verify=True, a="x = wrong(1) + wrong(2)\n")
    assert after == {"a": "x = wrong(1) + wrong(2)\n"}
    assert [each.proof.detail for each in report.findings] == ["no law explains it"] * 2


def test_a_fix_that_is_shared_must_be_proven_for_all(files: Any, proofs: dict[str, Callable[[str], bool]]) -> None:
    def shared(match: re.Match[str], source: Source) -> Fix:
        return safe(Edit(Span(1, 1, 1, 1), "right = wrong; "))

    proofs["a.py 2"] = lambda text: False
    assert files(shared, verify=True, a="wrong(1) + wrong(2)\n")[1] == {"a": "wrong(1) + wrong(2)\n"}


def test_a_fix_that_would_change_what_is_let_pass_is_not_made(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(match: re.Match[str], source: Source) -> Fix:
        return safe(Edit(Span(1, 1, 1, 6), "right"))

    made = finding

    def passed(filename: str, place: Span, fix: Fix | None, fingerprint: str) -> Finding:
        suppression = Suppression("comment") if place.row == 2 else None
        return replace(made(filename, place, fix, fingerprint), suppression=suppression)

    monkeypatch.setitem(globals(), "finding", passed)
    assert files(shared, a="wrong(1)\nwrong(2)\n")[1] == {"a": "wrong(1)\nwrong(2)\n"}
