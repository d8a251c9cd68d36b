"""docs/configuration.md says what is true: every example on it is run, from its own text."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bnlint import settings
from bnlint.cli import commands
from bnlint.engine import check_sources
from bnlint.findings import Finding, Outcome, Verdict
from bnlint.settings import Settings, load
from bnlint.source import Source

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:<!-- test: ([\w, ]+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = [(match[1], match[3]) for match in BLOCK.finditer(PAGE)]
RULE = Path(__file__).parents[2] / "rules" / "BN101-rebound-statistic" / "rule.py"


def blocks(test: str) -> list[str]:
    found = [text for kind, text in BLOCKS if kind == test]
    assert found
    return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as the page speaks of, with a finding."""
    monkeypatch.setattr(settings, "user_file", lambda: tmp_path / "home" / "bnlint.toml")
    for name in ("CI", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    for each in ("models", "ci", "tools/bnlint_rules/XY101-example"):
        (folder / each).mkdir(parents=True)
    text = blocks("ignored")[1].partition("\n")[2]
    (folder / "models" / "bn.py").write_text(text)
    rule = RULE.read_text(encoding="utf-8").replace("BN101", "XY101").replace("rebound-statistic", "example")
    (folder / "tools" / "bnlint_rules" / "XY101-example" / "rule.py").write_text(rule)
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(commands, arguments)
    assert "Traceback" not in result.output
    return result


def test_every_example_is_tested() -> None:
    assert [text for kind, text in BLOCKS if kind is None] == []
    known = {"run", "output", "settings, all keys", "ignored", "warned", "warnings", "baseline", "user settings"}
    assert {kind for kind, _ in BLOCKS} == known


@pytest.mark.parametrize("block", blocks("run"))
def test_commands_run(project: Path, block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def as_they_are(findings: list[Finding], *_: object) -> list[Finding]:
        return findings

    monkeypatch.setattr("bnlint.verify.verifier.verify", as_they_are)
    monkeypatch.setattr("bnlint.verify.verifier.prove_fix", lambda *_: Verdict(Outcome.CONFIRMED))
    if "--prune" in block:
        run("baseline")
    for line in block.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "bnlint"
        assert run(*arguments).exit_code in (0, 1), line


def test_what_the_commands_do(project: Path) -> None:
    bad = (project / "models" / "bn.py").read_text()
    assert run("check").exit_code == 1
    assert run("check", "--exit-zero").exit_code == 0
    assert run("baseline").exit_code == 0
    assert run("check").exit_code == 0
    assert run("check", "--no-baseline").exit_code == 1
    assert run("check", "--fix", "--no-baseline").exit_code == 0
    assert "is gone" in run("check").stdout
    run("baseline", "--prune")
    assert "is gone" not in run("check").stdout
    (project / "models" / "bn.py").write_text(bad)
    assert run("check").exit_code == 1
    run("check", "--add-ignores")
    assert run("check").exit_code == 0


def test_config_prints_this(project: Path) -> None:
    shown = blocks("output")[0]
    given = "[tool.bnlint]\nignore = ['BN501']\nexclude = ['third_party/']\ntensorflow = '1'\n"
    (project / "pyproject.toml").write_text(given)
    assert run("config").stdout.replace(str(project), "/home/me/project") == shown


def test_the_settings_are_all_of_them(project: Path) -> None:
    (text,) = blocks("settings, all keys")
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    read = load(["."])
    keys = set(settings._KEYS) | {f"verify.{key}" for key in settings._VERIFY_KEYS}  # pyright: ignore[reportPrivateUsage]
    assert read.given == keys
    default = Settings()
    names = [key.rpartition(".")[2].replace("-", "_") for key in keys - {"rules"}]
    assert [name for name in names if getattr(read, name) == getattr(default, name)] == ["timeout"]
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/bin/sh")
    (project / "ci" / "bnlint-baseline.json").write_text('{"version": 1, "findings": []}')
    assert run("check", "--allow-rules").exit_code == 1


@pytest.mark.parametrize("text", blocks("ignored"))
def test_ignored_findings_are_real_and_pass(text: str) -> None:
    report = check_sources([Source.from_bytes(text.encode(), "a.py")], Settings())
    assert report.findings
    assert all(finding.suppressed for finding in report.findings)
    bare = re.sub("# bnlint:.*", "", text)
    assert not any(
        each.suppressed for each in check_sources([Source.from_bytes(bare.encode(), "a.py")], Settings()).findings
    )


def test_the_warnings_are_these(project: Path) -> None:
    (project / "example.py").write_text(blocks("warned")[0])
    result = run("check", "example.py")
    assert result.exit_code == 0
    assert result.stdout.partition("\n\n")[0] + "\n" == blocks("warnings")[0]


def test_the_baseline_looks_like_this(project: Path) -> None:
    run("baseline")
    written = json.loads((project / "bnlint-baseline.json").read_text())
    shown = json.loads(blocks("baseline")[0])
    for each in (*written["findings"], *shown["findings"]):
        assert re.fullmatch("[0-9a-f]{32}", each.pop("fingerprint"))
    assert written == shown


def test_the_users_settings(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks("user settings")
    home = settings.user_file().parent
    home.mkdir()
    settings.user_file().write_text(text.replace("~/work/our-models", str(project)).replace("~", str(home)))
    (project / "bnlint.toml").write_text("rules = ['tools/bnlint_rules']")
    assert load(["."]).rules == (home / "bnlint-rules", project / "tools" / "bnlint_rules")
