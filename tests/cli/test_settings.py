from pathlib import Path

import pytest

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
        python=str(project / ".venv/bin/python"),
        timeout=5.0,
        config=project / "pyproject.toml",
    )


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
        ("select = [", "not valid TOML"),
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
