"""The cage by itself, without TensorFlow: what it reaches, what it allows, what it says where something is lacking."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bnlint.verify.sandbox import ISOLATION, WORKER
from bnlint.verify.worker import landlock, seccomp
from bnlint.verify.worker.offspring import remove

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs what the Linux kernel offers")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("home", "root/run", "project"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home" / ".netrc").write_text("secret")
    return tmp_path


def caged(base: Path, body: str, lacking: str = "") -> list[str]:
    """What was reached, and then what ``body`` puts into ``said``. lacking: runs before the cage is entered."""
    start = f"""
    import errno, json, os, sys
    sys.path.insert(0, {str(WORKER.parent)!r})
    from worker import cage, landlock, seccomp
    {lacking}
    folder, home = {str(base / "root" / "run")!r}, {str(base / "home")!r}
    said = cage.enter(folder, home, [{str(base / "project")!r}], 1 << 30, 20)
    """
    script = textwrap.dedent(start) + textwrap.dedent(body) + "\nprint(json.dumps(said))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def test_this_system_offers_everything(base: Path) -> None:
    assert caged(base, "") == list(ISOLATION)


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ("seccomp.install = lambda libc: False", {"no-writes", "no-processes"}),
        ("landlock.restrict = lambda libc, places: False", {"no-writes", "no-reading"}),
        ("cage._limit = lambda memory, seconds: False", {"limits"}),
        ("cage._leave_network = lambda libc: False", set[str]()),
    ],
)
def test_what_the_kernel_lacks_is_not_claimed(base: Path, lacking: str, missing: set[str]) -> None:
    assert set(caged(base, "", lacking)) == ISOLATION.keys() - missing


def test_without_anything_nothing_is_claimed(base: Path) -> None:
    lacking = """
    cage._limit = lambda *_: False
    seccomp.install = landlock.restrict = cage._leave_network = cage._limit
    cage._connects = lambda: True
    """
    assert caged(base, "", textwrap.dedent(lacking).replace("\n", "\n    ")) == []


def test_the_limits_hold(base: Path) -> None:
    body = """
    said = []
    try:
        bytearray(4 << 30)
    except MemoryError:
        said.append("memory")
    try:
        open(os.path.join(folder, "large"), "wb").truncate(1 << 30)
    except OSError as error:
        said.append(errno.errorcode[error.errno])
    try:
        kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(5000)]
    except OSError as error:
        said.append(errno.errorcode[error.errno])
    """
    assert caged(base, body) == ["memory", "EFBIG", "EMFILE"]


def test_what_code_needs_still_works(base: Path) -> None:
    (base / "project" / "helper.py").write_text("VALUE = 3")
    body = f"""
    import signal, socket, subprocess, tempfile, threading
    sys.path.insert(0, {str(base / "project")!r})
    import helper, sqlite3, xml.dom.minidom
    said = [helper.VALUE]
    thread = threading.Thread(target=said.append, args=("thread",))
    thread.start()
    thread.join()
    ends = socket.socketpair()
    ends[0].send(b"pair")
    said.append(ends[1].recv(4).decode())
    with tempfile.TemporaryDirectory(dir=folder) as inside, open(os.path.join(inside, "file"), "w+") as file:
        file.write("written")
        file.seek(0)
        said.append(file.read())
        os.truncate(file.fileno(), 0)
    os.kill(os.getpid(), 0)
    signal.pthread_kill(threading.get_ident(), 0)
    """
    assert caged(base, body) == [3, "thread", "pair", "written"]


def test_only_what_can_be_imported_is_readable(base: Path) -> None:
    project, home = base / "project", base / "home"
    (project / "package").mkdir()
    (project / ".git").mkdir()
    for name in ("module.py", "package/data.csv", ".env", ".git/config", "secrets.json"):
        (project / name).write_text("")
    (project / "out.py").symlink_to(home / ".netrc")
    (project / "away").symlink_to(home)
    (project / "again.py").symlink_to(project / "module.py")
    places = {Path(place.path).relative_to(project) for place in landlock.importable(str(project), str(home))}
    assert places == {Path(), Path("module.py"), Path("package")}


def test_a_file_in_the_home_folder_gives_nothing_else_away(base: Path) -> None:
    home = base / "home"
    for name in ("package", "letters"):
        (home / name).mkdir()
    for name in ("train.py", "package/__init__.py", "letters/one.txt"):
        (home / name).write_text("")
    for folder in (home, base):
        places = {place.path for place in landlock.importable(str(folder), str(home)) if place.rights & 4}
        assert places == ({str(home / "train.py"), str(home / "package")} if folder == home else set())


@pytest.mark.parametrize(
    ("header", "column"),
    [("asm-generic/unistd.h", 1), (f"{platform.machine()}-linux-gnu/asm/unistd_64.h", 0)],
)
def test_the_system_calls_have_the_kernels_numbers(header: str, column: int) -> None:
    path = Path("/usr/include") / header
    if not path.exists():
        pytest.skip("the kernel's headers are not installed")
    text = path.read_text()
    known = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    ours = {name: numbers[column] for name, numbers in seccomp.NUMBERS.items() if column < len(numbers)}
    assert {name: known.get(name) for name in ours} == ours


def test_folders_too_deep_for_names_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    monkeypatch.chdir(deep)
    for _ in range(1100 if sys.version_info < (3, 12) else 600):
        Path("further-down").mkdir()
        monkeypatch.chdir("further-down")
    monkeypatch.chdir(tmp_path)
    remove(str(deep))
    assert not deep.exists()
