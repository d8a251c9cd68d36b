from pathlib import Path

import pytest

from bnlint import settings as of
from bnlint.findings import Severity
from bnlint.settings import ConfigError, Settings, load


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pkg" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_reads_pyproject(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.bnlint]\nselect = ['bn1', 'BN201']\nignore = ['BN103']\nexclude = ['old/']\ntensorflow = '1'\n"
        "keras = '2'\n[tool.bnlint.verify]\npython = '.venv/bin/python'\ntimeout = 5\n"
    )
    assert load(["."]) == Settings(
        select=("BN1", "BN201"),
        ignore=("BN103",),
        exclude=("old/",),
        tensorflow="1",
        keras="2",
        python=(str(project / ".venv/bin/python"),),
        timeout=5.0,
        config=project / "pyproject.toml",
    )


def test_reads_every_key(project: Path) -> None:
    (project / "bnlint.toml").write_text(
        "per-file-ignores = {'tests/**' = ['bn1', 'BN201'], '*_test.py' = ['BN5']}\nfail-on = 'warning'\n"
        "baseline = 'ci/known.json'\nrules = ['tools/rules', '/opt/rules']\nverify.isolation = 'strict'\n"
    )
    assert load(["."]) == Settings(
        per_file_ignores=(("tests/**", ("BN1", "BN201")), ("*_test.py", ("BN5",))),
        fail_on=Severity.WARNING,
        baseline=project / "ci/known.json",
        refused_rules=(project / "tools/rules", Path("/opt/rules")),
        isolation="strict",
        config=project / "bnlint.toml",
    )


def test_rules_are_ignored_by_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        per_file_ignores=(("tests/", ("BN1",)), ("*_test.py", ("BN201",))), config=project / "bnlint.toml"
    )

    def ignored(filename: str) -> set[str]:
        return {code for code in ("BN101", "BN201", "BN301") if settings.ignores_in(filename, code)}

    assert ignored("a.py") == set()
    assert ignored("pkg/tests/deep/a.py") == {"BN101"}
    assert ignored("tests/a_test.py") == {"BN101", "BN201"}
    monkeypatch.chdir(project / "pkg")
    assert ignored("../tests/a.py") == {"BN101"}
    assert ignored("tests.py") == set()


def test_the_root_is_that_of_the_configuration_the_baseline_or_the_repository(project: Path) -> None:
    assert load(["pkg"]).root == project
    (project / "pkg" / ".git").mkdir()
    assert load(["pkg/sub"]).root == project / "pkg"
    (project / "pkg" / "sub" / "bnlint-baseline.json").write_text("{}")
    assert load(["pkg/sub"]).root == project / "pkg" / "sub"
    assert load(["pkg/sub"]).baseline_file == project / "pkg" / "sub" / "bnlint-baseline.json"
    (project / "bnlint.toml").write_text("")
    assert load(["pkg/sub"]).root == project


def test_rules_of_a_project_are_loaded_only_if_the_user_says_so(project: Path) -> None:
    (project / "bnlint.toml").write_text("rules = ['tools']")
    tools = project / "tools"
    assert (load(["."]).rules, load(["."]).refused_rules) == ((), (tools,))
    assert load(["."]).allowing_rules().rules == (tools,)
    own = of.user_file()
    own.write_text(f"trusted = ['{project.parent / 'elsewhere'}']")
    assert load(["."]).rules == ()
    for trusted in (project, project.parent):
        own.write_text(f"trusted = ['{trusted}']")
        settings = load(["pkg"])
        assert (settings.rules, settings.refused_rules, settings.user) == ((tools,), (), own)
    (project / "link").symlink_to(project)
    own.write_text(f"trusted = ['{project / 'link'}']")
    assert load(["."]).rules == (tools,)


def test_the_users_own_rules_are_loaded_everywhere(project: Path) -> None:
    of.user_file().write_text("rules = ['mine']")
    assert load(["."]).rules == (of.user_file().parent / "mine",)
    of.user_file().write_text("select = ['BN1']")
    with pytest.raises(ConfigError, match='unknown key "select"'):
        load(["."])


def test_the_nearest_file_wins_alone(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.bnlint]\ntensorflow = '1'\nkeras = '2'")
    (project / "pkg" / "pyproject.toml").write_text("[tool.other]\nx = 1")
    assert load(["pkg/sub"]).tensorflow == "1"
    (project / "pkg" / "pyproject.toml").write_text("[tool.bnlint]\ntensorflow = '2'")
    assert load(["pkg/sub/m.py"]) == Settings(tensorflow="2", config=project / "pkg" / "pyproject.toml")
    (project / "pkg" / "bnlint.toml").write_text("keras = '3'")
    assert load(["pkg/sub", "pkg"]) == Settings(keras="3", config=project / "pkg" / "bnlint.toml")
    assert load(["pkg", "other"]).tensorflow == "1"


def test_without_a_file_the_defaults_hold(project: Path) -> None:
    assert load(["pkg"]) == Settings()
    assert load([]) == Settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("selct = []", 'unknown key "selct"; did you mean "select"?'),
        ("Verify = 3", 'unknown key "Verify"; did you mean "verify"?'),
        ("quux = 1", 'unknown key "quux"'),
        ("select = 'BN1'", "select must be a list of strings"),
        ("ignore = [1]", "ignore must be a list of strings"),
        ("tensorflow = 2", 'tensorflow must be "1" or "2"'),
        ("keras = '1'", 'keras must be "2" or "3"'),
        ("verify = true", "verify must be a table, [tool.bnlint.verify]"),
        ("verify.timeot = 3", 'unknown key "verify.timeot"; did you mean "timeout"?'),
        ("verify.timeout = 0", "verify.timeout must be a number of seconds above 0"),
        ("verify.timeout = true", "verify.timeout must be a number of seconds above 0"),
        ("verify.timeout = nan", "verify.timeout must be a number of seconds above 0"),
        ("verify.python = 3", "verify.python must be the path of a Python interpreter"),
        ("verify.isolation = 'none'", 'verify.isolation must be "auto" or "strict"'),
        ("select = [", "not valid TOML"),
        ("fail_on = 'error'", 'unknown key "fail_on"; did you mean "fail-on"?'),
        ("fail-on = 'fatal'", 'fail-on must be "error" or "warning" or "info"'),
        ("per-file-ignores = ['a.py']", "per-file-ignores must be a table of patterns with codes, such as"),
        ("per-file-ignores.'a.py' = 'BN1'", "per-file-ignores must be a table of patterns with codes, such as"),
        ("per-file-ignore.'a.py' = ['BN1']", 'unknown key "per-file-ignore"; did you mean "per-file-ignores"?'),
        ("baseline = true", "baseline must be the path of a file"),
        ("rules = 'tools'", "rules must be a list of strings"),
        ("trusted = ['/']", 'unknown key "trusted"'),
    ],
)
def test_a_wrong_file_is_told_in_one_line(project: Path, text: str, told: str) -> None:
    file = project / "bnlint.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(["."])
    message = str(caught.value)
    assert message.startswith(f"{file}: {told}")
    assert "\n" not in message


def test_files_that_are_not_text(project: Path) -> None:
    (project / "pyproject.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(["."])
    (project / "pyproject.toml").write_text("[tool]\nbnlint = 3")
    with pytest.raises(ConfigError, match="must be a table"):
        load(["."])


@pytest.mark.parametrize(
    ("select", "ignore", "on"),
    [
        ((), (), {"BN101", "BN102", "BN201"}),
        (("BN1",), (), {"BN101", "BN102"}),
        (("BN1",), ("BN101",), {"BN102"}),
        (("BN101",), ("BN1",), {"BN101"}),
        ((), ("BN",), set()),
        (("BN101",), ("BN101",), set()),
        (("BN2", "BN101"), (), {"BN101", "BN201"}),
    ],
)
def test_the_longest_prefix_decides(select: tuple[str, ...], ignore: tuple[str, ...], on: set[str]) -> None:
    settings = Settings(select=select, ignore=ignore)
    assert {code for code in ("BN101", "BN102", "BN201") if settings.selects(code)} == on


def test_flags_choose_anew_or_add() -> None:
    settings = Settings(select=("BN1",), ignore=("BN101",))
    assert settings.with_rules([], []) == settings
    assert settings.with_rules(["BN101"], []) == Settings(select=("BN101",))
    assert settings.with_rules([], ["BN102"]) == Settings(select=("BN1",), ignore=("BN101", "BN102"))
