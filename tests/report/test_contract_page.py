"""docs/contract.md promises what is so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bnlint.findings import Applicability, Confidence, Finding, Outcome, Severity
from bnlint.report import render
from bnlint.reporting import Report

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^<!-- test: ([\w ]+) -->\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SCHEMA: Any = json.loads((files("bnlint") / "report" / "report-1.schema.json").read_text(encoding="utf-8"))


def test_every_block_is_tested() -> None:
    assert set(BLOCKS) == {"keys of a finding", "words", "concise"}
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_the_keys_of_a_finding() -> None:
    finding = SCHEMA["$defs"]["finding"]
    assert BLOCKS["keys of a finding"].split() == finding["required"] == list(finding["properties"])


@pytest.mark.parametrize(
    ("key", "words", "schema"),
    [
        ("severity", Severity, ("finding", "severity")),
        ("confidence", Confidence, ("finding", "confidence")),
        ("applicability", Applicability, ("fix", "applicability")),
        ("verdict", Outcome, ("verification", "verdict")),
    ],
)
def test_the_words(key: str, words: Any, schema: tuple[str, str]) -> None:
    promised = json.loads(BLOCKS["words"])[key]
    assert promised == [each.value for each in words]
    assert promised == SCHEMA["$defs"][schema[0]]["properties"][schema[1]]["enum"]


def test_the_concise_line(finding: Callable[..., Finding], report: Callable[..., Report]) -> None:
    assert render(report(finding()), "concise") == BLOCKS["concise"]
