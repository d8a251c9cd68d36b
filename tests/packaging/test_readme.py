"""The README says what is true."""

import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bnlint.cli import commands
from bnlint.report import FORMATS
from bnlint.settings import Settings, load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert match is not None
    return match[1]


def test_the_finding_is_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    result = CliRunner().invoke(commands, ["check", "fixtures/seed/called_incorrect.py", "--select", "BN101"])
    real = result.output.split("\n\n")[0].splitlines()
    shown = block("text").splitlines()
    start = next(index for index, line in enumerate(shown) if "= confirmed by running it:" in line)
    end = next(index for index, line in enumerate(shown) if "= help:" in line)
    assert [*shown[:start], *shown[end:]] == real


def test_the_settings_can_be_used(tmp_path: Path) -> None:
    text = block("toml")
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    table = tomllib.loads(text)["tool"]["bnlint"]
    settings = load([str(tmp_path)])
    assert settings == Settings(
        ignore=tuple(table["ignore"]),
        exclude=tuple(table["exclude"]),
        tensorflow=table["tensorflow"],
        keras=table["keras"],
        python=str(tmp_path / table["verify"]["python"]),
        timeout=float(table["verify"]["timeout"]),
        config=tmp_path / "pyproject.toml",
    )


def test_all_formats_and_commands_are_named() -> None:
    for name in (*FORMATS, *(f"bnlint {command}" for command in commands.commands)):
        assert f"`{name}" in README


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
