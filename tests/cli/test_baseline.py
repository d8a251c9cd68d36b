import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
FILE = "bnlint-baseline.json"


def entries(project: Path) -> list[dict[str, Any]]:
    return json.loads((project / FILE).read_text(encoding="utf-8"))["findings"]


@pytest.fixture
def recorded(project: Path, run: Run) -> Path:
    """A project whose two findings are recorded."""
    assert run("baseline").exit_code == 0
    return project


def test_what_is_recorded_does_not_count(recorded: Path, run: Run) -> None:
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "No findings in 2 files, 2 suppressed.\n")
    assert run("check", "--no-baseline").exit_code == 1
    findings = json.loads(run("check", "--output-format", "json").stdout)["findings"]
    assert [finding["suppression"] for finding in findings] == [{"kind": "baseline", "reason": ""}] * 2


def test_the_file_can_be_read_in_a_diff(recorded: Path, run: Run) -> None:
    text = (recorded / FILE).read_text(encoding="utf-8")
    first, second = entries(recorded)
    assert first == {
        "path": "wrong.py",
        "rule": "BN102",
        "scope": "Norm.__call__",
        "statement": "self.mean = self.mean * m + mean * (1 - m)",
        "fingerprint": first["fingerprint"],
    }
    assert second["statement"].startswith("self.variance =")
    assert text == json.dumps({"version": 1, "findings": [first, second]}, indent=2) + "\n"


def test_only_new_findings_count(recorded: Path, run: Run) -> None:
    wrong = recorded / "wrong.py"
    (recorded / "new.py").write_text(wrong.read_text())
    assert run("check").exit_code == 1
    assert run("check", "wrong.py").exit_code == 0


def test_lines_and_comments_and_white_space_may_change(recorded: Path, run: Run) -> None:
    wrong = recorded / "wrong.py"
    text = wrong.read_text().replace("import", "# moved\n\n\nimport", 1)
    text = text.replace("self.mean * m + mean * (1 - m)", "(self.mean  *  m  # old\n            + mean * (1 - m))")
    wrong.write_text(text)
    result = run("check")
    assert "1 suppressed" in result.stdout, "the brackets are new code"
    wrong.write_text(text.replace("= (self", "= self").replace("  # old\n            +", " +").replace("m))", "m)"))
    assert "No findings in 2 files, 2 suppressed." in run("check").stdout


def test_the_working_folder_does_not_matter(recorded: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (recorded / "sub").mkdir()
    (recorded / "sub" / "again.py").write_text((recorded / "wrong.py").read_text())
    assert run("baseline", "--update").stdout == f"{recorded / FILE}: 4 recorded (2 added, 0 taken out)\n"
    before = json.loads(run("check", "--output-format", "json").stdout)["findings"]
    monkeypatch.chdir(recorded / "sub")
    assert run("check", "..").exit_code == 0
    assert run("check").stdout == "No findings in 1 file, 2 suppressed.\n"
    assert run("check", str(recorded / "wrong.py"), "again.py").exit_code == 0
    monkeypatch.chdir("/")
    after = json.loads(run("check", str(recorded), "--output-format", "json").stdout)["findings"]
    assert [each["fingerprint"] for each in after] == [each["fingerprint"] for each in before]


def test_it_grows_only_when_asked(recorded: Path, run: Run) -> None:
    before = (recorded / FILE).read_bytes()
    (recorded / "new.py").write_text((recorded / "wrong.py").read_text())
    result = run("baseline")
    assert result.exit_code == 2
    assert "--update records what is found now, --prune takes out what is gone" in result.stderr
    assert run("check").exit_code == 1
    assert run("baseline", "--prune").exit_code == 0
    assert (recorded / FILE).read_bytes() == before
    assert run("baseline", "--update").stdout.endswith(": 4 recorded (2 added, 0 taken out)\n")
    assert run("check").exit_code == 0
    assert "leave --prune out" in run("baseline", "--update", "--prune").stderr


def test_what_is_gone_is_told_and_taken_out_on_request(recorded: Path, run: Run) -> None:
    wrong = recorded / "wrong.py"
    text = wrong.read_text()
    wrong.write_text(text.replace("self.mean = self.mean * m + mean * (1 - m)", "self.mean.assign(mean)"))
    result = run("check")
    assert result.exit_code == 0
    assert (
        f"warning: {FILE}: BN102 in wrong.py is gone (`self.mean = self.mean * m + mean * (1 - m)`); "
        "bnlint baseline --prune takes it out\n" in result.stdout
    )
    assert len(entries(recorded)) == 2
    pruned = run("baseline", "--prune")
    assert pruned.stdout.endswith(": 1 recorded (0 added, 1 taken out)\n")
    assert pruned.stderr == ""
    assert "gone" not in run("check").stdout
    wrong.write_text(text)
    assert run("check").exit_code == 1


def test_what_was_not_looked_at_is_not_gone(recorded: Path, run: Run) -> None:
    assert "gone" not in run("check", "right.py").stdout
    assert "gone" not in run("check", "--select", "BN2").stdout
    (recorded / "wrong.py").write_text("import tensorflow as tf\nmoving_mean = tf.Variable((\n")
    assert "gone" not in run("check", "right.py", "wrong.py").stdout
    assert run("baseline", "--update", "right.py").stdout.endswith(": 2 recorded (0 added, 0 taken out)\n")
    (recorded / "wrong.py").unlink()
    assert run("check", "right.py").stdout.count(" is gone (") == 2


def test_a_comment_takes_a_finding_out_of_the_baseline(recorded: Path, run: Run) -> None:
    wrong = recorded / "wrong.py"
    wrong.write_text(wrong.read_text().replace("mean * (1 - m)", "mean * (1 - m)  # bnlint: ignore[BN102]", 1))
    result = run("check")
    assert result.stdout == "No findings in 2 files, 2 suppressed.\n"
    assert run("baseline", "--update").stdout.endswith(": 1 recorded (0 added, 1 taken out)\n")
    assert run("check").stdout == result.stdout


def test_equal_statements_are_counted(project: Path, run: Run) -> None:
    wrong = project / "wrong.py"
    line = "        self.mean = self.mean * m + mean * (1 - m)\n"
    text = wrong.read_text()

    def branches(number: int) -> str:
        return text.replace(line, "".join(f"        if m == {n}:\n    {line}" for n in range(number)))

    wrong.write_text(branches(2))
    run("baseline")
    assert len({each["fingerprint"] for each in entries(project)}) == 3
    wrong.write_text(branches(3))
    result = run("check")
    assert (result.exit_code, "3 suppressed" in result.stdout) == (1, True)
    wrong.write_text(branches(1))
    assert run("check").stdout.count(" is gone (") == 1


def test_the_configuration_names_the_file(project: Path, run: Run) -> None:
    (project / "ci").mkdir()
    (project / "bnlint.toml").write_text("baseline = 'ci/known.json'")
    missing = run("check")
    assert (missing.exit_code, missing.stderr) == (
        2, f"error: {project}/ci/known.json: there is no such file; write it with: bnlint baseline\n",
    )  # fmt: skip
    assert run("baseline").exit_code == 0
    assert json.loads((project / "ci/known.json").read_text())["findings"][0]["path"] == "wrong.py"
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not a baseline: "),
        ("[]", "not a baseline of version 1"),
        ('{"version": 2, "findings": []}', "not a baseline of version 1"),
        ('{"version": 1, "findings": [{}]}', "not a baseline of version 1"),
        ('{"version": 1, "findings": [{"path": 1, "rule": 1, "scope": 1, "statement": 1, "fingerprint": 1}]}', "not a"),
        ('{"version": 1, "findings": 3}', "not a baseline of version 1"),
        ("\xff", "not a baseline: "),
        ("[" * 100_000, "not a baseline: "),
    ],
)
def test_a_damaged_file_is_one_clear_line(project: Path, run: Run, content: str, told: str) -> None:
    (project / FILE).write_text(content, encoding="latin-1")
    for command in (["check"], ["baseline", "--update"], ["baseline", "--prune"]):
        result = run(*command)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: {project / FILE}: {told}")
        assert result.stderr.count("\n") == 1
    assert (project / FILE).read_text(encoding="latin-1") == content


def test_pruning_needs_something_to_prune(project: Path, run: Run) -> None:
    assert "there is no such file" in run("baseline", "--prune").stderr
    assert not (project / FILE).exists()


def test_a_baseline_without_findings(project: Path, run: Run) -> None:
    (project / "wrong.py").unlink()
    assert run("baseline").stdout == f"{project / FILE}: 0 recorded (0 added, 0 taken out)\n"
    assert run("check").exit_code == 0
