import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bnlint import settings
from bnlint.settings import load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Run = Callable[..., Result]


def lines(result: Result) -> dict[str, str]:
    """What is said of each setting, with single spaces."""
    shown = [" ".join(line.split()) for line in result.stdout.splitlines()]
    return {re.split(" = | # ", line.removeprefix("# "))[0]: line for line in shown}


def test_the_defaults(project: Path, run: Run) -> None:
    result = run("config")
    assert result.stdout.startswith("# no configuration file found: the defaults hold\n")
    shown = lines(result)
    assert shown["select"] == "select = [] # default: all rules"
    assert shown["fail-on"] == 'fail-on = "info" # default: any finding'
    assert shown["keras"] == "# keras # default: worked out for each file"
    assert (
        shown["baseline"]
        == f'baseline = "{project}/bnlint-baseline.json" # default: bnlint-baseline.json there, if it exists'
    )
    assert shown["timeout"] == "timeout = 60 # default"


def test_each_setting_says_where_it_comes_from(project: Path, run: Run) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.bnlint]\nignore = ['BN5']\nselect = []\nkeras = '2'\nper-file-ignores = {'tests/' = ['BN1']}\n"
        "verify.timeout = 5\nrules = ['tools']\n"
    )
    result = run("config", "right.py")
    assert result.stdout.startswith(f"# {project}/pyproject.toml\n")
    shown = lines(result)
    assert shown["ignore"] == 'ignore = ["BN5"] # pyproject.toml'
    assert shown["select"] == "select = [] # pyproject.toml"
    assert shown["exclude"] == "exclude = [] # default"
    assert shown["keras"] == 'keras = "2" # pyproject.toml'
    assert shown["per-file-ignores"] == 'per-file-ignores = { "tests/" = ["BN1"] } # pyproject.toml'
    assert shown["timeout"] == "timeout = 5 # pyproject.toml"
    assert f"# {project}/tools: not loaded, because rules are code; --allow-rules loads it\n" in result.stdout
    settings.user_file().write_text(f"trusted = ['{project}']")
    shown = lines(run("config"))
    assert shown["rules"] == f'rules = ["{project}/tools"] # bnlint.toml'
    assert str(settings.user_file()) in shown


@pytest.mark.parametrize(
    "text", ["", "ignore = ['BN5']\nexclude = ['a b/', '\"']\ntensorflow = '1'\nfail-on = 'error'\n"]
)
def test_what_is_printed_is_a_configuration(project: Path, run: Run, text: str) -> None:
    (project / "bnlint.toml").write_text(text)
    before = load(["."])
    printed = run("config").stdout
    tomllib.loads(printed)
    (project / "bnlint.toml").write_text(printed)
    after = load(["."])
    assert (after.ignore, after.exclude, after.tensorflow, after.fail_on, after.timeout) == (
        before.ignore, before.exclude, before.tensorflow, before.fail_on, before.timeout,
    )  # fmt: skip


def test_a_wrong_file_is_one_clear_line(project: Path, run: Run) -> None:
    (project / "bnlint.toml").write_text("verfy.timeout = 3")
    result = run("config")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f'error: {project}/bnlint.toml: unknown key "verfy"; did you mean "verify"?\n'
