"""The era that a project's dependency files declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.dependencies import declared_era

CASES = [
    ("requirements.txt", "tensorflow==1.15.5\n", "1", "2"),
    ("requirements.txt", "numpy\ntensorflow-gpu>=1.4,<2\n", "1", "2"),
    ("requirements.txt", "tensorflow>=1.4\n", None, None),
    ("requirements.txt", "tensorflow\n", None, None),
    ("requirements.txt", "tensorflow>=2.0\n", "2", None),
    ("requirements.txt", "tensorflow==2.10.*\n", "2", "2"),
    ("requirements.txt", "tensorflow[and-cuda]>=2.16\n", "2", "3"),
    ("requirements.txt", "# tensorflow==1.15\nkeras>=3\n", None, "3"),
    ("requirements.txt", "keras==2.2.4\ntensorflow==1.14.0  # old\n", "1", "2"),
    ("requirements.txt", "tensorflow-probability==0.8\n", None, None),
    ("setup.py", "setup(install_requires=['numpy', 'tensorflow>=2.2,<2.16'])\n", "2", "2"),
    ("setup.cfg", "[options]\ninstall_requires =\n    tensorflow~=1.15\n", "1", "2"),
    ("pyproject.toml", '[project]\ndependencies = ["tensorflow>=2.17", "rich"]\n', "2", "3"),
    ("pyproject.toml", '[tool.poetry.dependencies]\ntensorflow = "^1.15"\n', "1", "2"),
    ("Pipfile", '[packages]\ntensorflow = "==2.3.0"\n', "2", "2"),
    ("environment.yml", "dependencies:\n  - python=3.7\n  - tensorflow=1.13.1\n", "1", "2"),
    ("poetry.lock", '[[package]]\nname = "tensorflow"\nversion = "2.18.0"\n', "2", "3"),
    ("Pipfile.lock", '{"default": {"keras": {"hashes": [], "version": "==3.1.0"}}}', None, "3"),
]


@pytest.mark.parametrize(("name", "text", "tensorflow", "keras"), CASES)
def test_declared_versions_decide(
    tmp_path: Path, name: str, text: str, tensorflow: str | None, keras: str | None
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / ".git").mkdir()
    era = declared_era(tmp_path)
    assert (era.tensorflow, era.keras) == (tensorflow, keras)
    assert bool(era.evidence) == (tensorflow is not None or keras is not None)


def test_contradicting_files_decide_nothing(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tensorflow==1.15\n")
    (tmp_path / "requirements-new.txt").write_text("tensorflow==2.17\n")
    assert declared_era(tmp_path).tensorflow is None


def test_the_nearest_folder_up_to_the_repository_counts(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tensorflow==1.15\n")
    inner = tmp_path / "repo" / "src"
    inner.mkdir(parents=True)
    assert declared_era(inner).tensorflow == "1"
    (tmp_path / "repo" / ".git").mkdir()
    assert declared_era(inner).tensorflow is None
