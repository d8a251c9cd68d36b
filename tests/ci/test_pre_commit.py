"""The hooks, in the real pre-commit, as the documentation configures them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import ROOT, WRONG, document, repository

from bnlint import __version__

PRE_COMMIT = (sys.executable, "-m", "pre_commit")
FIXED = re.sub(r"(self\.\w+) = (self\.\w+ \* .*)\)(  #.*)", r"\1.assign(\2))\3", WRONG)

LAYER = """import tensorflow as tf


class Norm:
    def __init__(self, channels):
        self.moving_mean = tf.Variable(tf.zeros([channels]), trainable=False)

    def update(self, x):
        mean, _ = tf.nn.moments(x, [0])
        tf.assign(self.moving_mean, self.moving_mean * 0.9 + mean * 0.1)
"""
TRAIN = """import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
with tf.Session() as session:
    session.run(x)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with this version of bnlint, and its commit."""
    folder = tmp_path_factory.mktemp("hooks") / "bnlint"
    folder.mkdir()
    for name in (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("bnlint", "rules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    run = repository(folder, {})
    return folder, run("git", "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps its environments: made once for all tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def project(tmp_path: Path, hooks: tuple[Path, str], home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A repository with the documented configuration, and a way to run programs in it."""
    config = document("ci.md", ".pre-commit-config.yaml")
    assert f"rev: v{__version__}\n" in config
    config = config.replace("https://github.com/OWNER/bnlint", str(hooks[0])).replace(f"v{__version__}", hooks[1])
    monkeypatch.setenv("PRE_COMMIT_HOME", str(home))
    return repository(tmp_path / "project", {".pre-commit-config.yaml": config, "train.py": TRAIN})


def staged(project: Run, folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What the hook says to files that are to be committed."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    project("git", "add", "-A")
    return project(*PRE_COMMIT, "run", "bnlint")


def test_the_manifest_is_valid() -> None:
    result = subprocess.run([*PRE_COMMIT, "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], capture_output=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("title", [".pre-commit-config.yaml", ".pre-commit-config.yaml with options"])
def test_the_documented_configuration_is_valid(title: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(document("ci.md", title))
    result = subprocess.run([*PRE_COMMIT, "validate-config", tmp_path / "config.yaml"], capture_output=True)
    assert result.returncode == 0, result.stdout


def test_findings_stop_a_commit(project: Run, tmp_path: Path, home: Path) -> None:
    assert project(*PRE_COMMIT, "install").returncode == 0
    (tmp_path / "project" / "a b.py").write_text(WRONG)
    project("git", "add", "-A")
    refused = project("git", "commit", "-m", "wrong")
    assert refused.returncode == 1
    assert "a b.py:16:13" in refused.stdout + refused.stderr
    assert "error[BN102]" in refused.stdout + refused.stderr
    (tmp_path / "project" / "a b.py").write_text(FIXED)
    project("git", "add", "-A")
    accepted = project("git", "commit", "-m", "right")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    installed = {path.name.partition("-")[0] for path in home.rglob("site-packages/*.dist-info")}
    assert "bnlint" in installed
    assert "tensorflow" not in installed


def test_files_that_are_not_committed_are_known(project: Run, tmp_path: Path) -> None:
    # Only train.py, committed before, shows that this is TensorFlow 1, where tf.assign is there.
    result = staged(project, tmp_path / "project", {"layer.py": LAYER})
    assert "BN601" not in result.stdout
    (tmp_path / "project" / "train.py").unlink()
    assert "BN601" in staged(project, tmp_path / "project", {}).stdout


def test_excluded_files_stay_excluded(project: Run, tmp_path: Path) -> None:
    settings = {"bnlint.toml": "exclude = ['third_party/']"}
    passed = staged(project, tmp_path / "project", {"third_party/wrong.py": WRONG, **settings})
    assert (passed.returncode, "Passed" in passed.stdout) == (0, True), passed.stdout
    failed = staged(project, tmp_path / "project", {"own/wrong.py": WRONG})
    assert failed.returncode == 1
    assert "third_party" not in failed.stdout


def test_notebooks_are_checked(project: Run, tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": WRONG, "metadata": {}, "outputs": [], "execution_count": None}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    result = staged(project, tmp_path / "project", {"a.ipynb": json.dumps(notebook)})
    assert "a.ipynb:cell 1:16:13" in result.stdout


def test_fixes_are_made_and_shown(project: Run, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    config = (folder / ".pre-commit-config.yaml").read_text()
    documented = document("ci.md", ".pre-commit-config.yaml with options")
    options = next(line for line in documented.splitlines() if "args:" in line)
    config = config.replace("- id: bnlint\n", f"- id: bnlint\n{options}\n")
    result = staged(project, folder, {".pre-commit-config.yaml": config, "wrong.py": WRONG})
    assert result.returncode == 1
    assert "files were modified by this hook" in result.stdout
    assert (folder / "wrong.py").read_text() == FIXED
    assert staged(project, folder, {}).returncode == 0


@pytest.mark.tensorflow
def test_verification_waits_for_a_push(project: Run, tmp_path: Path) -> None:
    (tmp_path / "project" / "wrong.py").write_text(WRONG)
    project("git", "add", "-A")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    assert "bnlint --verify" not in project(*PRE_COMMIT, "run").stdout
    for stage in ("pre-push", "manual"):
        command = (*PRE_COMMIT, "run", "bnlint-verify", "--hook-stage", stage, "--all-files")
        result = project(*command, PATH=path)
        assert result.returncode == 1
        assert "confirmed by running it" in result.stdout
