"""Runs that find themselves in a step of GitHub Actions."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from validators import validate_github, validate_json, validate_markdown

Run = Callable[..., Result]


@pytest.fixture
def summary(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step: the variables that GitHub sets, and the file for the summary of its job, in which another tool wrote."""
    file = project / "summary.md"
    file.write_text("# before\n")
    variables = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(project),
        "GITHUB_STEP_SUMMARY": str(file),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SHA": "0123abc",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return file


def test_annotations_follow_the_text(summary: Path, run: Run) -> None:
    result = run("check")
    assert result.exit_code == 1
    fence = re.match(r"::stop-commands::(\w{32})\n", result.stdout)
    assert fence is not None
    text, annotations = result.stdout[fence.end() :].split(f"::{fence[1]}::\n")
    assert text.startswith("error[BN102]")
    assert [each["file"] for _, each, _ in validate_github(annotations)] == ["wrong.py", "wrong.py"]
    first, second = run("check").stdout.split("\n")[0], result.stdout.split("\n")[0]
    assert first != second, "code that knows the token could end the fence"


def test_the_summary_is_added_to(summary: Path, run: Run) -> None:
    run("check")
    head, report = summary.read_text().split("\n", 1)
    assert head == "# before"
    assert len(validate_markdown(report)) == 3
    assert "https://github.com/o/r/blob/0123abc/wrong.py#L15" in report


def test_what_programs_read_stays_as_it_is(summary: Path, run: Run, project: Path) -> None:
    validate_json(run("check", "--output-format", "json").stdout)
    assert len(validate_github(run("check", "--output-format", "github").stdout)) == 2
    file = project / "report.txt"
    run("check", "--output-format", "json", "--output-format", f"text:{file}")
    assert "::" not in file.read_text().replace(":::", "")


def test_from_a_folder_inside_the_checkout(
    summary: Path, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "inner").mkdir()
    (project / "wrong.py").rename(project / "inner" / "wrong.py")
    monkeypatch.chdir(project / "inner")
    annotations = run("check", "--output-format", "github").stdout
    assert [each["file"] for _, each, _ in validate_github(annotations)] == ["inner/wrong.py"] * 2


def test_a_summary_that_cannot_be_written_is_no_failure(
    summary: Path, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project))
    result = run("check")
    assert result.exit_code == 1
    assert "warning: the summary of the job cannot be written: Is a directory" in result.stderr
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert run("check").stderr == ""


def test_elsewhere_nothing_is_added(summary: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "::stop" not in run("check").stdout
    assert summary.read_text() == "# before\n"
