import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from bnlint import __version__
from bnlint.findings import (
    Applicability,
    Edit,
    FileError,
    Fix,
    Notice,
    Outcome,
    Related,
    Suppression,
    VariableRef,
    Verdict,
)
from bnlint.report import render
from bnlint.span import Span

Make = Callable[..., Any]
SCHEMA = json.loads((files("bnlint") / "report" / "report-1.schema.json").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """The schema with every object closed whose keys are all required: the report may hold no other keys."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if "required" in inner and "properties" in inner else inner


def loaded(report: Any) -> Any:
    text = render(report, "json")
    assert text.isascii()
    data = json.loads(text, parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(data)
    return data


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_envelope(finding: Make, report: Make) -> None:
    edit = Edit(Span(8, 5, 8, 9), "mean.assign(…)")
    full = finding(
        fix=Fix(Applicability.SAFE, "assign", (edit,)),
        fingerprint="f" * 32,
        related=(Related("here", "n.ipynb", Span(1, 2, 3, 4), cell=2),),
        verdict=Verdict(Outcome.CONFIRMED, None, "so", {"tensorflow": "2.21.0", "statistics": []}),
    )
    errors = (FileError("é.py", "gone"), FileError("b.py", "wrong", Span(3, 4, 3, 4)))
    assert loaded(report(full, errors=errors, refuted=2)) == {
        "version": 1,
        "tool": {"name": "bnlint", "version": __version__},
        "findings": [
            {
                "code": "BN101",
                "name": "rebound-statistic",
                "severity": "error",
                "confidence": "high",
                "message": "`mean` is rebound",
                "consequence": "The variable keeps its value.",
                "remedy": "assign to it",
                "filename": "models/bn.py",
                "cell": None,
                "location": {"row": 8, "column": 5},
                "end_location": {"row": 8, "column": 36},
                "symbol": "update",
                "era": {"tensorflow": "2", "keras": None, "evidence": ["it imports tensorflow"]},
                "variable": {"name": "mean", "cell": None, "row": 3, "column": 1},
                "related": [
                    {
                        "message": "here",
                        "filename": "n.ipynb",
                        "cell": 2,
                        "location": {"row": 1, "column": 2},
                        "end_location": {"row": 3, "column": 4},
                    }
                ],
                "fix": {
                    "applicability": "safe",
                    "message": "assign",
                    "edits": [
                        {
                            "content": "mean.assign(…)",
                            "filename": "models/bn.py",
                            "cell": None,
                            "location": {"row": 8, "column": 5},
                            "end_location": {"row": 8, "column": 9},
                        }
                    ],
                },
                "url": None,
                "fingerprint": "f" * 32,
                "suppressed": False,
                "suppression": None,
                "verification": {
                    "verdict": "confirmed",
                    "reason": None,
                    "detail": "so",
                    "evidence": {"tensorflow": "2.21.0", "statistics": []},
                },
                "proof": None,
            }
        ],
        "errors": [
            {"filename": "é.py", "cell": None, "location": None, "message": "gone"},
            {"filename": "b.py", "cell": None, "location": {"row": 3, "column": 4}, "message": "wrong"},
        ],
        "warnings": [],
        "summary": {
            "files": 3,
            "analysed": 1,
            "findings": 1,
            "suppressed": 0,
            "fixed": 0,
            "confirmed": 1,
            "refuted": 2,
            "deferred": 0,
            "undecided": 0,
        },
    }


def test_what_may_be_null_is_there(finding: Make, report: Make) -> None:
    bare = loaded(report(finding(symbol=None, variable=None, related=(), fix=None)))["findings"][0]
    nullable = {"cell", "symbol", "variable", "fix", "url", "suppression", "proof"}
    assert {key for key, value in bare.items() if value is None} == nullable
    assert bare["verification"] == {"verdict": "not-run", "reason": None, "detail": "", "evidence": {}}


def test_a_notebook(finding: Make, report: Make) -> None:
    shown = loaded(report(finding(cell=4, variable=VariableRef("m", 1, 2, cell=3))))["findings"][0]
    assert (shown["cell"], shown["variable"]["cell"]) == (4, 3)


def test_refuted_findings_do_not_count(finding: Make, report: Make) -> None:
    shown = loaded(report(finding(verdict=Verdict(Outcome.REFUTED)), finding(), refuted=1))
    assert len(shown["findings"]) == 2
    assert (shown["summary"]["findings"], shown["summary"]["refuted"]) == (1, 1)


def test_what_is_let_pass_is_there_and_does_not_count(finding: Make, report: Make) -> None:
    passed = finding(suppression=Suppression("comment", "a toy"))
    shown = loaded(report(passed, finding(), warnings=(Notice("a.py", "stale", Span(2, 1, 2, 5)),)))
    assert [each["suppressed"] for each in shown["findings"]] == [True, False]
    assert shown["findings"][0]["suppression"] == {"kind": "comment", "reason": "a toy"}
    assert (shown["summary"]["findings"], shown["summary"]["suppressed"]) == (1, 1)
    assert shown["warnings"] == [
        {"filename": "a.py", "cell": None, "location": {"row": 2, "column": 1}, "message": "stale"}
    ]


def test_a_fix_that_was_not_proven_says_why(finding: Make, report: Make) -> None:
    proof = Verdict(Outcome.REFUTED, "output-changed", "it returns something else")
    shown = loaded(report(finding(proof=proof), fixed=(finding(),)))
    assert shown["findings"][0]["proof"] == {
        "verdict": "refuted",
        "reason": "output-changed",
        "detail": "it returns something else",
        "evidence": {},
    }
    assert shown["summary"]["fixed"] == 1


def test_measured_infinity_stays_json(finding: Make, report: Make) -> None:
    values = [[1.0, float("nan")], [float("inf"), -float("inf")]]
    verdict = Verdict(Outcome.CONFIRMED, evidence={"statistics": [{"name": "m", "values": values}]})
    shown = loaded(report(finding(verdict=verdict)))["findings"][0]["verification"]["evidence"]
    assert shown["statistics"][0]["values"] == [[1.0, "nan"], ["inf", "-inf"]]


def test_a_name_that_is_no_text(finding: Make, report: Make) -> None:
    assert loaded(report(finding(filename="\udcff\n.py")))["findings"][0]["filename"] == "\udcff\n.py"
