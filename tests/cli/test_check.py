import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from bnlint import engine, source
from bnlint.findings import Outcome, Verdict
from bnlint.reporting import Report
from bnlint.settings import Settings

Run = Callable[..., Result]
FORMATS = ("text", "concise", "json")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the engine got; it finds nothing."""
    settings: list[Settings] = []

    def check(inputs: object, sources: object, given: Settings, *_: object) -> Report:
        settings.append(given)
        return Report((), (), files=1, analysed=1, refuted=0, root=".")

    monkeypatch.setattr(engine, "check_inputs", check)
    return settings


@pytest.fixture
def verdict(monkeypatch: pytest.MonkeyPatch) -> Callable[[Verdict], None]:
    """Make every finding end with this verdict."""

    def end_with(verdict: Verdict) -> None:
        real = engine.check_inputs

        def check(inputs: Any, sources: Any, given: Settings, *rest: Any) -> Report:
            report = real(inputs, sources, replace(given, verify=False), *rest)
            return replace(report, findings=tuple(replace(each, verdict=verdict) for each in report.findings))

        monkeypatch.setattr(engine, "check_inputs", check)

    return end_with


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("paths", "status"),
    [
        (("right.py",), 0),
        (("wrong.py",), 1),
        ((), 1),
        (("wrong.py", "broken.py"), 1),
        (("right.py", "broken.py"), 0),
        (("broken.py",), 2),
        (("broken.py", "undecodable.py", "folder"), 2),
        (("none.py",), 2),
        (("none.py", "wrong.py"), 2),
        (("empty",), 0),
    ],
)
def test_the_exit_status_never_depends_on_the_format(
    project: Path, run: Run, form: str, paths: tuple[str, ...], status: int
) -> None:
    (project / "broken.py").write_text("import tensorflow as tf\nmoving_mean = = tf.Variable(0.0)\n")
    (project / "undecodable.py").write_bytes(b"# \xff")
    (project / "empty").mkdir()
    (project / "folder").symlink_to("nowhere.py")
    paths = tuple(path for path in paths if path != "folder")
    assert run("check", "--output-format", form, *paths).exit_code == status
    assert run("check", "--output-format", f"{form}:out.txt", *paths).exit_code == status


def test_what_is_wrong_does_not_hide_the_rest(project: Path, run: Run) -> None:
    (project / "broken.py").write_text("import tensorflow as tf\n\nmoving_mean = = tf.Variable(0.0)\n")
    (project / "undecodable.py").write_bytes(b"x = '\xff'")
    result = run("check", "--output-format", "concise", ".", "none.py")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("wrong.py:15:9: error[BN102] ")
    assert lines[1].startswith("wrong.py:16:9: error[BN102] ")
    assert lines[2].startswith("broken.py:3:15: error: ")
    assert lines[3] == "none.py: error: no such file or folder"
    assert lines[4].startswith("undecodable.py: error: cannot be decoded: line 1 is not utf-8")
    assert len(lines) == 5


def test_an_unreadable_file_is_told(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str, *arguments: Any, **options: Any) -> Any:
        if os.path.basename(path) == "right.py":
            raise PermissionError(13, "Permission denied")
        return open(path, *arguments, **options)

    monkeypatch.setattr(source, "open", denied, raising=False)
    result = run("check")
    assert "error: right.py: cannot be read: Permission denied\n" in result.stdout
    assert "2 findings (2 errors) in 2 files. 1 path could not be checked.\n" in result.stdout
    assert result.exit_code == 1


def test_an_empty_folder(project: Path, run: Run) -> None:
    (project / "empty").mkdir()
    result = run("check", "empty")
    assert (result.exit_code, result.stdout) == (0, "No findings in 0 files.\n")
    assert result.stderr == "warning: no Python files or notebooks found\n"


def test_several_formats_at_once(project: Path, run: Run) -> None:
    result = run(
        "check", "--output-format", "concise", "--output-format", "json:r.json", "--output-format", "text:r.txt"
    )
    assert result.stdout.count("\n") == 2
    assert json.loads((project / "r.json").read_text())["findings"][0]["filename"] == "wrong.py"
    assert "--> wrong.py:15:9" in (project / "r.txt").read_text()
    assert run("check", "--output-format", "json:r.json").stdout == ""


def test_errors_are_told_even_if_the_report_goes_elsewhere(project: Path, run: Run) -> None:
    result = run("check", "none.py", "--output-format", "json")
    assert result.stderr == "error: none.py: no such file or folder\n"
    assert json.loads(result.stdout)["errors"][0]["filename"] == "none.py"
    assert run("check", "none.py").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--output-format", "jsn"], '--output-format: unknown format "jsn"; did you mean "json"?'),
        (["--output-format", "text", "--output-format", "json"], "only one format can go to standard output"),
        (["--output-format", "json:no/such.json"], 'the folder of "no/such.json" does not exist'),
        (["--select", "BN1O1"], 'no rule has the code "BN1O1"; did you mean "BN101"?'),
        (["--ignore", "BN1,XY9"], 'no rule has the code "XY9"'),
        (["--python", "no/python"], 'there is no Python to run at "no/python"'),
        (["--verfy"], "--verfy"),
        (["--color", "blue"], "'blue' is not one of"),
    ],
)
def test_wrong_usage_is_one_clear_line(project: Path, run: Run, arguments: list[str], told: str) -> None:
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stdout == ""


def test_wrong_configuration_is_one_clear_line(project: Path, run: Run) -> None:
    (project / "bnlint.toml").write_text("ignroe = []")
    result = run("check")
    expected = f'error: {project}/bnlint.toml: unknown key "ignroe"; did you mean "ignore"?\n'
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", expected)
    (project / "bnlint.toml").write_text("ignore = ['BN999']")
    assert 'no rule has the code "BN999"' in run("check").stderr


def test_rules_are_chosen(project: Path, run: Run) -> None:
    assert run("check", "--select", "bn102").exit_code == 1
    assert run("check", "--select", "BN2,BN101").exit_code == 0
    assert run("check", "--ignore", "BN1").exit_code == 0
    (project / "bnlint.toml").write_text("ignore = ['BN102']")
    assert run("check").exit_code == 0
    assert run("check", "--select", "BN1").exit_code == 1


def test_flags_and_files_become_settings(
    project: Path, run: Run, seen: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = project / "mypython"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (project / "bnlint.toml").write_text("tensorflow = '1'\n[verify]\ntimeout = 7\npython = './mypython'")
    run("check", "--verify", "--show-refuted")
    monkeypatch.setenv("PATH", str(project), prepend=os.pathsep)
    run("check", "--python", "mypython")
    common = Settings(tensorflow="1", timeout=7.0, python=(str(python),), config=project / "bnlint.toml")
    assert seen == [replace(common, verify=True, show_refuted=True), common]


def test_refuted_findings_do_not_fail(project: Path, run: Run, verdict: Callable[[Verdict], None]) -> None:
    verdict(Verdict(Outcome.REFUTED))
    result = run("check", "--verify", "--show-refuted", "--output-format", "concise")
    assert result.exit_code == 0
    assert "[refuted]" in result.stdout


def test_without_tensorflow_one_line_says_what_to_install(
    project: Path, run: Run, verdict: Callable[[Verdict], None]
) -> None:
    verdict(Verdict(Outcome.UNDECIDED, "no-tensorflow", "it is not installed"))
    result = run("check", "--verify")
    assert result.exit_code == 1
    assert "undecided (no-tensorflow): it is not installed" in result.stdout
    assert result.stderr.count("\n") == 1
    assert 'pip install "bnlint[verify]"' in result.stderr


def test_an_interrupt_is_quiet(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Report:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "check_inputs", interrupted)
    result = run("check")
    assert (result.exit_code, result.output) == (130, "")


def test_a_mistake_of_bnlint_is_no_finding(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Report:
        raise RuntimeError("lost")

    monkeypatch.setattr(engine, "check_inputs", broken)
    monkeypatch.setattr("traceback.format_exc", lambda: "where it happened\n")
    result = run("check")
    assert result.exit_code == 2
    assert result.stderr == (
        "where it happened\nerror: this is a mistake in bnlint itself; please report it with the lines above\n"
    )


def test_an_unwritable_report_is_told(project: Path, run: Run) -> None:
    result = run("check", "--output-format", "json:/dev/full")
    assert result.exit_code == 2
    assert result.stderr == "error: /dev/full: cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"CLICOLOR_FORCE": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colours(
    project: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variables: dict[str, str],
    colored: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run("check", *arguments)
    assert bool(re.search(r"\x1b\[", result.stdout)) is colored
    assert "wrong.py:15:9" in result.stdout
