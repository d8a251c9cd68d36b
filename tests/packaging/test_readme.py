"""The README says what is true."""

import html
import re
import runpy
import sys
from pathlib import Path

import pytest
from rich.text import Text

from bnlint.cli import commands
from bnlint.registry import load_rules
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


def test_the_picture_shows_a_real_finding() -> None:
    """All of it that does not depend on versions."""
    picture = runpy.run_path(str(ROOT / "docs" / "picture.py"))
    drawn = html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture["PICTURE"].read_text("utf-8"))))
    drawn = re.sub(r"\s", "", drawn)
    assert "confirmedbyrunningit:TensorFlow" in drawn
    assert "law:unchanged" in drawn
    for line in Text.from_ansi(picture["shown"]()).plain.splitlines():
        _, found, drawn = drawn.partition(re.sub(r"\s", "", line))
        assert found or not line.strip(), line


def test_the_rules_are_counted() -> None:
    assert {int(number) for number in re.findall(r"(\d+) rules", README)} == {len(load_rules())}


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
        python=tuple(str(tmp_path / each) for each in table["verify"]["python"]),
        timeout=float(table["verify"]["timeout"]),
        config=tmp_path / "pyproject.toml",
    )


def test_all_formats_and_commands_are_named() -> None:
    for name in (*FORMATS, *(f"bnlint {command}" for command in commands.commands)):
        assert f"`{name}" in README


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
