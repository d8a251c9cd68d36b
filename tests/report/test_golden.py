"""One run in every format: as it was written down, as its reader accepts it, and with nothing lost."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bnlint.report import FORMATS, render
from bnlint.reporting import Report
from golden_run import CONFIRMED, GOLDEN, IN_NOTEBOOK, ODD, ODD_PATH, REPORT
from validators import (
    VALIDATORS,
    path_of,
    validate_github,
    validate_gitlab,
    validate_json,
    validate_junit,
    validate_markdown,
    validate_sarif,
)

SUFFIXES = {
    "text": "txt",
    "json": "json",
    "json-lines": "jsonl",
    "sarif": "sarif",
    "junit": "xml",
    "markdown": "md",
    "html": "html",
}


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No host of a pipeline, and a version that stays."""
    for name in os.environ:
        if name.startswith(("GITHUB_", "CI_")):
            monkeypatch.delenv(name)
    for module in ("json", "sarif", "html"):
        monkeypatch.setattr(f"bnlint.report.{module}.__version__", "0.0.0")


def golden_file(form: str) -> Path:
    return GOLDEN / f"{form}.{SUFFIXES.get(form, 'txt')}"


def undecorated(page: str) -> str:
    """What the page says, without how it looks, which depends on the versions of pygments and pygal."""
    page = re.sub(r"sha256-[\w+/=]+", "sha256-…", page)
    page = re.sub(r"(<(style|script|svg)\b[^>]*>).*?(</\2>)", r"\1\3", page, flags=re.DOTALL)
    return re.sub(r'<span class="\w{1,2}">(.*?)</span>', r"\1", page)


@pytest.mark.parametrize("form", FORMATS)
def test_is_as_it_was_written_down(form: str, request: pytest.FixtureRequest) -> None:
    rendered = undecorated(render(REPORT, form)) if form == "html" else render(REPORT, form)
    file = golden_file(form)
    if request.config.getoption("--update-golden"):
        file.write_text(rendered, encoding="utf-8", errors="backslashreplace")
    assert rendered == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_is_accepted(form: str) -> None:
    VALIDATORS[form](render(REPORT, form))


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_found_is_accepted(form: str) -> None:
    VALIDATORS[form](render(Report((), (), files=2, analysed=0, refuted=0, root="/project"), form))


def test_every_golden_file_is_compared() -> None:
    files = {path for path in GOLDEN.iterdir() if path.is_file()}
    assert files == {golden_file(form) for form in FORMATS}


def test_the_run_fills_every_field() -> None:
    """Otherwise a golden file could miss what a format makes of it."""
    data = validate_json(render(REPORT, "json"))
    empty = {path for path, values in _values(data) if all(value in (None, "", [], {}) for value in values)}
    assert empty == {"findings.url"}, "no rule has a page on the web yet"


def _values(data: Any) -> Iterator[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each, path)
        elif isinstance(value, dict):
            for key, each in value.items():
                inner = f"{path}.{key}" if path else key
                found.setdefault(inner, []).append(each)
                walk(each, inner)

    walk(data, "")
    yield from found.items()


def test_sarif_carries_the_whole_finding() -> None:
    run = validate_sarif(render(REPORT, "sarif"))["runs"][0]
    by_print = {each["partialFingerprints"]["bnlint/v1"][0]: each for each in run["results"]}
    confirmed = by_print["a"]
    (thread,) = confirmed["codeFlows"][0]["threadFlows"]
    steps = [step["location"] for step in thread["locations"]]
    assert [step["message"]["text"] for step in steps] == [
        "mean is created here",
        CONFIRMED.message,
        "inference [0] reads it here",
    ]
    assert steps[0]["physicalLocation"]["region"] == {
        "startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 51,
    }  # fmt: skip
    changes = confirmed["fixes"][0]["artifactChanges"]
    assert {change["artifactLocation"]["uri"]: len(change["replacements"]) for change in changes} == {
        "models/bn.py": 2,
        "serve/main.py": 1,
    }
    assert confirmed["properties"]["bnlint/verification"]["verdict"] == "confirmed"
    assert "mean: unchanged" in confirmed["message"]["text"]
    assert [by_print[key]["suppressions"] for key in "de"] == [
        [{"kind": "inSource", "status": "accepted", "justification": "we know | it"}],
        [{"kind": "external", "status": "accepted"}],
    ]
    assert (by_print["f"]["kind"], by_print["f"]["level"]) == ("pass", "none")
    # A viewer would apply edits of a cell to the JSON of the notebook.
    assert "fixes" not in by_print["b"]
    assert by_print["b"]["message"]["text"].startswith("Cell 3, line 2: ")
    odd = by_print["c"]
    assert path_of(odd["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == ODD_PATH
    assert "relatedLocations" not in odd
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 5
    assert run["invocations"][0]["executionSuccessful"] is True


def test_github_reads_what_was_meant() -> None:
    commands = validate_github(render(REPORT, "github"))
    assert [(kind, each["file"], each.get("line"), each.get("col")) for kind, each, _ in commands] == [
        ("error", "models/bn.py", "8", "5"),
        ("error", "gone.py", None, None),
        ("error", "notes.ipynb", None, None),
        ("error", ODD_PATH, "3", "4"),
        ("warning", "notes.ipynb", None, None),
        ("notice", ODD_PATH, "2", None),
        ("notice", "models/bn.py", "9", "5"),
        ("notice", "notes.ipynb", None, None),
    ]
    assert commands[0][1]["title"] == "BN101 rebound-statistic (confirmed)"
    assert "mean: unchanged" in commands[0][2]
    assert commands[2][2] == "cell 4, line 1: cannot be parsed"
    assert commands[4][2].startswith("cell 3, line 2: ")
    assert "::error::x, [link](1) {0} <b>&amp;</b>" in commands[5][2].splitlines()[1]


def test_gitlab_says_what_counts() -> None:
    issues = validate_gitlab(render(REPORT, "gitlab"))
    assert [(each["severity"], each["check_name"], each["location"]["path"]) for each in issues] == [
        ("major", "BN101", "models/bn.py"),
        ("minor", "BN101", "notes.ipynb"),
        ("info", "BN501", ODD_PATH),
        ("major", "bnlint-unchecked", "gone.py"),
        ("major", "bnlint-unchecked", "notes.ipynb"),
        ("major", "bnlint-unchecked", ODD_PATH),
    ]
    assert "confirmed by running it" in issues[0]["description"]
    assert issues[1]["description"].startswith(f"cell {IN_NOTEBOOK.cell}, line 2: ")


def test_junit_counts() -> None:
    root = validate_junit(render(REPORT, "junit"))
    assert {key: root.attrib[key] for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9", "failures": "3", "errors": "3", "skipped": "3",
    }  # fmt: skip
    assert [each.attrib["message"] for each in root.iter("skipped")] == [
        "ignored by a comment: we know | it",
        "in the baseline",
        "refuted by running it: it moved",
    ]


def test_markdown_means_what_it_says() -> None:
    rows = validate_markdown(render(REPORT, "markdown"))
    assert [row[0] for row in rows[1:]] == ["error confirmed", "warning deferred", "info undecided"]
    odd = " ".join(ODD.message.replace("\x1b", "\\x1b").replace("`", "").split())
    assert rows[3][2:] == [f"{ODD_PATH}:2".replace("\x1b", "\\x1b"), odd]


def test_statistics_count_what_stands() -> None:
    assert render(REPORT, "statistics") == (
        "2  BN101  rebound-statistic  1 confirmed, 1 deferred, 2 with a fix\n1  BN501  swapped-momentum   1 undecided\n"
    )


def test_places_start_from_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host knows the files of the repository, not the folder that bnlint ran in."""
    monkeypatch.setenv("GITHUB_WORKSPACE", "/")
    assert validate_github(render(REPORT, "github"))[0][1]["file"] == "project/models/bn.py"
    sarif = validate_sarif(render(REPORT, "sarif"))["runs"][0]["results"][0]
    assert sarif["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "project/models/bn.py"
    monkeypatch.delenv("GITHUB_WORKSPACE")
    monkeypatch.setenv("CI_PROJECT_DIR", "/")
    assert validate_gitlab(render(REPORT, "gitlab"))[0]["location"]["path"] == "project/models/bn.py"
    monkeypatch.setenv("CI_PROJECT_DIR", "/elsewhere")
    assert validate_gitlab(render(REPORT, "gitlab"))[0]["location"]["path"] == "models/bn.py"


def test_markdown_links_to_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SERVER_URL": "https://github.com", "REPOSITORY": "o/r", "SHA": "abc"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    text = render(REPORT, "markdown")
    validate_markdown(text)
    assert "[models/bn.py:8](https://github.com/o/r/blob/abc/models/bn.py#L8)" in text
    assert "(https://github.com/o/r/blob/abc/notes.ipynb)" in text
