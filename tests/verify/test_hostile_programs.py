"""Programs that mean harm, each between healthy ones, in the strict mode.

They say by an exception that they got out; what they could not do leaves the verdict as it would have been.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bnlint.findings import Era, Outcome, Verdict
from bnlint.verify import sandbox
from bnlint.verify.pool import Pool
from bnlint.verify.predictions import Experiment, Unchanged
from bnlint.verify.verifier import VerifySettings, decide

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs what the Linux kernel offers"),
]
FIXTURES = Path(__file__).parents[2] / "fixtures" / "hostile"
C, U = Outcome.CONFIRMED, Outcome.UNDECIDED
TOKEN = "hunter2-in-the-environment"
KEY = "hunter2-in-a-file"
TIMEOUT = 8.0

HEALTHY = """import tensorflow as tf
mean = tf.Variable([0.0, 0.0, 0.0], trainable=False)  # the statistic
def update(x):
    average = mean
    average = average * 0.9 + tf.reduce_mean(x, axis=[0]) * 0.1  # rebound
    return average
"""

EXPECTED: Mapping[str, tuple[Outcome, str | None]] = {
    "babbles": (U, "tampered"),
    "deletes_its_folder": (C, None),
    "eats_memory": (U, "raised"),
    "exits": (U, "exited"),
    "fills_the_disk": (U, "excess"),
    "forks": (C, None),
    "hides_deep": (C, None),
    "ignores_signals": (U, "timeout"),
    "kills_its_parent": (C, None),
    "loops": (U, "timeout"),
    "opens_sockets": (C, None),
    "patches_tensorflow": (C, None),
    "patches_the_harness": (U, "tampered"),
    "prints_a_verdict": (C, None),
    "reads_secrets": (C, None),
    "registers_atexit": (C, None),
    "replaces_json": (C, None),
    "segfaults": (U, "crashed"),
    "spawns_a_daemon": (C, None),
    "starts_threads": (U, "excess"),
    "writes_a_verdict": (U, "tampered"),
    "writes_outside": (C, None),
}
# A system that is short of threads refuses them before they are too many: then the program fails there, and the rest of
# it is judged.
OTHERWISE: Mapping[str, tuple[Outcome, str | None]] = {"starts_threads": (C, None)}


@dataclass(frozen=True)
class Scene:
    """The programs in a folder of their own, what they are after, and the pool in which they run."""

    folder: Path
    outside: Path
    pool: Pool

    def run(self, name: str) -> Verdict:
        path = self.folder / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        statistic, rebound = (text[: text.index(mark)].count("\n") + 1 for mark in ("# the statistic", "# rebound"))
        experiment = Experiment(Unchanged(), "update", (statistic,), rebound)
        return decide(self.pool, experiment, text, str(path), Era("2"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    base = tmp_path_factory.mktemp("scene")
    folder, outside, home = base / "project", base / "outside", base / "home"
    shutil.copytree(FIXTURES, folder)
    (folder / "healthy.py").write_text(HEALTHY)
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text(KEY)
    (base / "kept").write_text("as it was")
    with (
        pytest.MonkeyPatch.context() as patch,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        patch.setenv("HOME", str(home))
        patch.setenv("GITHUB_TOKEN", TOKEN)
        unix.bind(str(base / "socket"))
        unix.listen()
        known = {
            "SECRET": str(home / ".ssh" / "id_ed25519"),
            "TOKEN": TOKEN,
            "KEPT": str(base / "kept"),
            "OUTSIDE": str(outside),
            "PORT": tcp.getsockname()[1],
            "SOCKET": str(base / "socket"),
        }
        (folder / "victim.py").write_text("".join(f"{name} = {value!r}\n" for name, value in known.items()))
        with VerifySettings(timeout=TIMEOUT, isolation="strict").pool() as pool:
            offered = pool.start(sys.executable)["isolation"]
            if set(offered) != set(sandbox.ISOLATION):
                pytest.skip(f"this system offers no more than {', '.join(offered)}")
            yield Scene(folder, outside, pool)
        for server in (tcp, unix):
            server.settimeout(0)
            with pytest.raises(BlockingIOError):
                server.accept()
    assert (base / "kept").read_text() == "as it was"
    assert not processes(pool.root)
    assert not Path(pool.root).exists()


def processes(root: str) -> list[str]:
    """Those that name the pool's folder on their command line: workers, and what they forked."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            found += [line] if root in line else []
    return found


def test_every_program_is_expected_to_do_something() -> None:
    assert {path.stem for path in FIXTURES.glob("*.py")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_gets_out_and_nothing_is_forged(scene: Scene, name: str) -> None:
    verdict = scene.run(name)
    said = repr(verdict)
    assert "escaped" not in said
    assert TOKEN not in said
    assert KEY not in said
    expected = {EXPECTED[name], OTHERWISE.get(name, EXPECTED[name])}
    assert (verdict.outcome, verdict.reason) in expected, verdict.detail
    assert not scene.outside.exists()
    # Of the processes the worker itself is left.
    assert len(processes(scene.pool.root)) == 1
    assert not list(Path(scene.pool.root).glob("run-*"))


def test_the_worker_that_bore_them_all_still_tells_the_truth(scene: Scene) -> None:
    verdict = scene.run("healthy")
    assert (verdict.outcome, verdict.reason) == (C, None)
    assert verdict.evidence["isolation"] == list(sandbox.ISOLATION)


@pytest.mark.parametrize("name", ["spawns_a_daemon", "exits"])
def test_without_a_cage_nothing_is_left_running_either(scene: Scene, name: str) -> None:
    with VerifySettings(timeout=TIMEOUT, isolation="none").pool() as pool:
        verdict = replace(scene, pool=pool).run(name)
        assert verdict.outcome is U
        assert len(processes(pool.root)) == 1
        assert verdict.evidence.get("isolation", []) == []
    assert not processes(pool.root)


def test_strict_isolation_refuses_what_it_cannot_cage(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sandbox.ISOLATION, "no-sound", "no sound")
    with VerifySettings(isolation="strict").pool() as pool:
        verdict = replace(scene, pool=pool).run("healthy")
    assert (verdict.outcome, verdict.reason) == (U, "no-isolation")
