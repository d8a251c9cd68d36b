import os
import sys
from pathlib import Path

import pytest

from bnlint import source
from bnlint.source import Source, SourceError


def cause(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        Source.read(path, path.name).require_text()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("π = 3\n".encode(), "π = 3\n", "utf-8"),
        ("\ufeffπ = 3\n".encode(), "π = 3\n", "utf-8-sig"),
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = 'é'\n", "iso-8859-1"),
        (b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\nx = '\x80'", None, "cp1252"),
        (b"a = 1\r\nb = 2\rc = 3\n\x0cd = 4", "a = 1\r\nb = 2\rc = 3\n\x0cd = 4", "utf-8"),
    ],
)
def test_decodes_as_python_does(tmp_path: Path, data: bytes, text: str | None, encoding: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    read = Source.read(path, "shown/a.py")
    assert read.text == (text if text is not None else data.decode(encoding))
    assert (read.filename, read.path, read.data, read.encoding, read.cells) == ("shown/a.py", path, data, encoding, ())
    assert read.texts == {"shown/a.py": read.text}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a = 1\nx = '\xe9'\n", "cannot be decoded: line 2 is not utf-8 (0xe9) and has no coding line"),
        (b"\n\n\nx = '\xe9'\n", "line 4 is not utf-8"),
        ("x = 1\n".encode("utf-16"), "line 1 is not utf-8 (0xff)"),
        (b"# coding: utf-8\nx = '\xe9'\n", "line 2 is not utf-8"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "cannot be decoded: encoding problem: utf-8"),
        (b"# coding: klingon\n", "cannot be decoded: unknown encoding: klingon"),
        (b"# coding: rot13\n", "rot13 is not an encoding of text"),
        (b"# coding: ascii\n\n'\xc3\xa9'", "line 3 is not ascii (0xc3)"),
    ],
)
def test_says_what_cannot_be_decoded(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    assert told in cause(path)


def test_says_what_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder.py"
    folder.mkdir()
    assert cause(folder) == "not a regular file but a folder"
    assert cause(tmp_path / "none.py") == "cannot be read: No such file or directory"
    loop = tmp_path / "loop.py"
    loop.symlink_to(loop)
    assert "symbolic link" in cause(loop)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files")
def test_never_opens_what_could_block(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    assert cause(pipe) == "not a regular file but a pipe"
    assert cause(Path("/dev/zero")) == "not a regular file but a device"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_says_that_reading_is_not_allowed(tmp_path: Path) -> None:
    path = tmp_path / "secret.py"
    path.write_text("x = 1")
    path.chmod(0)
    assert cause(path) == "cannot be read: Permission denied"


def test_permission_denied_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = tmp_path / "secret.py"
    path.write_text("x = 1")
    monkeypatch.setattr(source, "open", denied, raising=False)
    assert cause(path) == "cannot be read: Permission denied"


def test_refuses_what_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    path.touch()
    os.truncate(path, source.MAX_BYTES + 1)
    assert cause(path) == "too large: 10.0 MB of code, and bnlint reads at most 10 MB"
    os.truncate(path, source.MAX_BYTES)
    assert len(Source.read(path, "large.py").text) == source.MAX_BYTES
