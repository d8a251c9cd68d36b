"""The second interpreter that some tests need is found where there is one, and nothing is run to find it."""

from __future__ import annotations

from pathlib import Path

import pytest

import old_tensorflow


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(old_tensorflow.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "old" / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))


def interpreter(folder: Path, version: str) -> str:
    name = "python3.7" if folder.name == "old" else "python"
    (folder / "lib" / "python3.7" / "site-packages" / f"tensorflow-{version}.dist-info").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
    (folder / "bin" / name).chmod(0o755)
    return str(folder / "bin" / name)


def test_it_is_on_the_path_or_in_pyenv(tmp_path: Path) -> None:
    assert old_tensorflow.find() == ""
    interpreter(tmp_path / "old", "2.11.0")
    assert old_tensorflow.find() == ""
    installed = interpreter(tmp_path / "pyenv" / "versions" / "3.7.16", "1.15.5")
    assert old_tensorflow.find() == installed


def test_the_variable_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = interpreter(tmp_path / "old", "1.15.5")
    assert old_tensorflow.find() == on_path
    monkeypatch.setenv(old_tensorflow.VARIABLE, "/my/python")
    assert old_tensorflow.find() == "/my/python"
    monkeypatch.setenv(old_tensorflow.VARIABLE, "")
    assert old_tensorflow.find() == ""
