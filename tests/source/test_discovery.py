import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bnlint.discovery import discover
from bnlint.settings import Settings

SOURCES = ["a.py", "nb.ipynb", "kept/k.py", "pkg/m.py", "pkg/sub/n.py", "pkg/generated_keep.py"]
OTHERS = ["b.txt", "pkg/notes.md", "ignored/i.py", "generated_pb2.py", "pkg/sub/generated_pb2.py"]
FOREIGN = [".venv/x.py", "node_modules/y.py", "build/z.py", "__pycache__/c.py", "env/pyvenv.cfg", "env/lib/site.py"]
FOUND = sorted(SOURCES)


@pytest.fixture(params=["git", "walk"])
def tree(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*SOURCES, *OTHERS, *FOREIGN):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / ".gitignore").write_text("/ignored/\ngenerated_*\n")
    (tmp_path / "pkg" / ".gitignore").write_text("# all but one\n!generated_keep.py\n\n/sub/generated_*\n")
    if request.param == "git":
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str, **settings: Any) -> list[str]:
    discovery = discover(paths, Settings(**settings))
    assert discovery.errors == ()
    assert all(os.path.isabs(path) and os.path.isfile(path) for path, _ in discovery.files)
    return [name for _, name in discovery.files]


def test_both_ways_find_the_same(tree: Path) -> None:
    assert names(".") == FOUND
    assert names(str(tree)) == FOUND
    assert names("kept", "a.py", ".") == FOUND


def test_a_named_file_is_always_taken(tree: Path) -> None:
    assert names("b.txt", "ignored/i.py", ".venv/x.py", exclude=("b.txt",)) == [".venv/x.py", "b.txt", "ignored/i.py"]


def test_a_named_folder_is_looked_at_even_if_ignored(tree: Path) -> None:
    assert names("ignored", "build") == ["build/z.py", "ignored/i.py"]


def test_excludes_start_from_the_configuration(tree: Path) -> None:
    assert names(".", exclude=("pkg/sub", "/kept/*.py"), config=tree / "bnlint.toml") == [
        name for name in FOUND if name not in ("pkg/sub/n.py", "kept/k.py")
    ]
    assert names(".", exclude=("/m.py",), config=tree / "pkg" / "bnlint.toml") == [
        name for name in FOUND if name != "pkg/m.py"
    ]


def test_names_are_relative_to_the_working_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "pkg")
    assert names("..")[:2] == ["../a.py", "../kept/k.py"]
    assert names("m.py", str(tree / "kept")) == ["../kept/k.py", "m.py"]


def test_links_come_once_and_do_not_loop(tree: Path) -> None:
    (tree / "pkg" / "loop").symlink_to(tree)
    (tree / "aa.py").symlink_to("pkg/m.py")
    (tree / "nowhere.py").symlink_to("gone.py")
    assert names(".") == FOUND
    assert names("pkg/loop/a.py", "a.py") == ["pkg/loop/a.py"]


def test_what_cannot_be_looked_at_does_not_hide_the_rest(tree: Path) -> None:
    (tree / "nowhere.py").symlink_to("gone.py")
    discovery = discover(["none", "nowhere.py", "a.py", "a.py/x"], Settings())
    assert [name for _, name in discovery.files] == ["a.py"]
    assert [(error.filename, error.message) for error in discovery.errors] == [
        ("none", "no such file or folder"),
        ("nowhere.py", "a link to nowhere"),
        ("a.py/x", "cannot be read: Not a directory"),
    ]


def test_an_empty_folder_has_no_files(tree: Path) -> None:
    (tree / "empty").mkdir()
    assert names("empty") == []


def test_tracked_files_are_found_as_they_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in ("kept.py", "gone.py", "ünï cödé.py"):
        (tmp_path / name).touch()
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    monkeypatch.chdir(tmp_path)
    assert names(".") == ["kept.py", "ünï cödé.py"]


def test_repositories_inside_are_looked_into(tree: Path) -> None:
    inner = tree / "vendored"
    inner.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=inner, check=True)
    (inner / "v.py").touch()
    (inner / ".gitignore").write_text("w.py")
    (inner / "w.py").touch()
    assert names(".") == [*FOUND, "vendored/v.py"]


def test_the_variables_of_a_hook_do_not_lead_astray(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tree / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", "none")
    assert names("kept") == ["kept/k.py"]


def test_works_without_git(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert names(".") == FOUND


def test_a_repository_cannot_run_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "a.py").touch()
    subprocess.run(["git", "config", "core.fsmonitor", f"touch {tmp_path}/ran; false"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    assert names(".") == ["a.py"]
    assert not (tmp_path / "ran").exists()
