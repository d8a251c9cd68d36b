"""bnlint works from a wheel, from an editable install and from a bare checkout, and needs no TensorFlow."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bnlint import __version__

ROOT = Path(__file__).parents[2]
RULES = sorted(path.parent for path in (ROOT / "rules").glob("BN*/rule.py"))
BIN = "Scripts" if sys.platform == "win32" else "bin"


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "NO_COLOR")}
    return subprocess.run(
        command, cwd=cwd, env={**environment, **variables}, capture_output=True, text=True, encoding="utf-8"
    )


def new_environment(folder: Path, *requirements: str) -> Path:
    """A virtual environment with these installed; its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True)
    return folder / BIN


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(build, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_environment(tmp_path_factory.mktemp("installed"), str(wheel))


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_environment(tmp_path_factory.mktemp("editable"), "-e", str(ROOT))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder far from the checkout, with one program to check."""
    (tmp_path / "wrong.py").write_bytes((ROOT / "fixtures" / "seed" / "called_incorrect.py").read_bytes())
    return tmp_path


def test_the_wheel_carries_what_it_needs(wheel: Path) -> None:
    assert wheel.name == f"bnlint-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    for rule in RULES:
        for name in ("rule.py", "README.md", "bad.py", "good.py"):
            assert f"bnlint/_rules/{rule.name}/{name}" in names
    assert {"bnlint/py.typed", "bnlint/report/report-1.schema.json"} <= names
    top = {name.partition("/")[0] for name in names}
    assert top == {"bnlint", f"bnlint-{__version__}.dist-info"}, "it must not claim other people's names"


@pytest.mark.parametrize("kind", ["installed", "editable"])
def test_an_installed_bnlint_works_anywhere(kind: str, outside: Path, request: pytest.FixtureRequest) -> None:
    programs: Path = request.getfixturevalue(kind)
    bnlint = programs / "bnlint"
    assert run(bnlint, "--version", cwd=outside).stdout == f"bnlint {__version__}\n"

    listed = run(bnlint, "rules", cwd=outside)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [rule.name[:5] for rule in RULES]

    checked = run(bnlint, "check", "--output-format", "concise", cwd=outside)
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "wrong.py:16:9: error[BN101] " in checked.stdout

    explained = run(bnlint, "explain", "BN101", cwd=outside)
    assert (explained.returncode, explained.stderr) == (0, "")
    assert explained.stdout.startswith("# BN101 ")

    found = run(programs / "python", "-c", "from bnlint import registry; print(registry.builtin_folder())", cwd=outside)
    folder = Path(found.stdout.strip())
    if kind == "editable":
        assert folder == ROOT / "rules", "an edited rule must count at once"
    else:
        assert ROOT not in folder.parents


def test_without_tensorflow_the_findings_are_reported(installed: Path, outside: Path) -> None:
    result = run(installed / "bnlint", "check", "--verify", "--output-format", "concise", cwd=outside)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines
    assert all(line.endswith("[undecided: no-tensorflow]") for line in lines)
    assert result.stderr.count("\n") == 1
    assert 'pip install "bnlint[verify]"' in result.stderr


def test_a_bare_checkout_works(outside: Path) -> None:
    result = run(sys.executable, "-m", "bnlint", "rules", cwd=outside, PYTHONPATH=str(ROOT))
    assert [line.split()[0] for line in result.stdout.splitlines()] == [rule.name[:5] for rule in RULES]
