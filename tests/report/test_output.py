import os
import sys
from pathlib import Path

import pytest

from bnlint.report.output import Output, write


def test_reads_format_and_file(tmp_path: Path) -> None:
    assert Output.parse("json") == Output("json")
    assert Output.parse(f"text:{tmp_path}/a:b.txt") == Output("text", tmp_path / "a:b.txt")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("jsn", 'unknown format "jsn"; did you mean "json"?'),
        ("", 'unknown format ""'),
        ("json:", '"json:" names no file'),
        ("json:.", '"." is a folder'),
        ("json:none/such.json", 'the folder of "none/such.json" does not exist'),
    ],
)
def test_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Output.parse(text)
    assert str(caught.value).startswith(told)


def test_writes_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    write(file, "old")
    assert file.read_text() == "old"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write(file, "new")
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_keeps_what_the_file_is(tmp_path: Path) -> None:
    file, link = tmp_path / "report.json", tmp_path / "link.json"
    write(file, "old")
    mask = os.umask(0)
    os.umask(mask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~mask
    file.chmod(0o640)
    link.symlink_to(file)
    write(link, "new\udcff é")
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "new\\udcff é"
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="no such files")
def test_does_not_replace_what_is_no_file() -> None:
    before = os.stat(os.devnull)
    write(Path(os.devnull), "text")
    assert os.stat(os.devnull).st_ino == before.st_ino
