"""GitHub's action: its steps run as the runner runs them, and the workflows that use it."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from documents import ROOT, WRONG, document, read_yaml, repository

from bnlint import __version__
from validators import public_schema, validate_github, validate_markdown, validate_sarif

ACTION = read_yaml((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOWS = (".github/workflows/bnlint.yml", ".github/workflows/bnlint-verify.yml")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="bash")


@dataclass
class Job:
    """A job that uses the action, and what GitHub keeps for it."""

    workspace: Path
    temp: Path
    status: int = 0
    log: str = ""

    def run(self, **inputs: str) -> None:
        """Run the steps with these inputs; the expressions between them are evaluated as far as they occur."""
        values = {f"inputs.{name}": each.get("default", "") for name, each in ACTION["inputs"].items()}
        assert {f"inputs.{name}" for name in inputs} <= set(values)
        values |= {f"inputs.{name}": value for name, value in inputs.items()}
        install, check, _ = ACTION["runs"]["steps"]
        installed = self.temp / "installed.json"
        if not installed.exists():  # once for all tests
            self._step(install, values)
            assert self.status == 0, self.log
            installed.write_text(json.dumps(values))
        self._step(check, json.loads(installed.read_text()) | values)

    def _step(self, step: dict[str, Any], values: dict[str, str]) -> None:
        def evaluated(text: str) -> str:
            return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: values[match[1]], text)

        assert "${{" not in step["run"], "an input in a script is a command of whoever wrote it"
        output = self.temp / "output"
        output.write_text("")
        variables = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            **{name: evaluated(value) for name, value in step.get("env", {}).items()},
        }
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
        clean["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), clean["PATH"]])
        # The command that the runner documents for "shell: bash".
        (self.temp / "script.sh").write_text(step["run"])
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.temp / "script.sh")]
        result = subprocess.run(
            bash, cwd=self.workspace, env=clean | variables, capture_output=True, text=True, encoding="utf-8"
        )
        self.status, self.log = result.returncode, result.stdout + result.stderr
        for name, value in re.findall(r"(?m)^(\w+)=(.*)$", output.read_text()):
            values[f"steps.{step['id']}.outputs.{name}"] = value

    @property
    def annotations(self) -> list[tuple[str, dict[str, str], str]]:
        fence = re.search(r"::stop-commands::(\w+)\n", self.log)
        assert fence is not None, self.log
        lines = self.log.partition(f"::{fence[1]}::\n")[2].splitlines(keepends=True)
        # What is said on standard error stands in the same log.
        return validate_github("".join(line for line in lines if not line.startswith("Running the code of ")))

    def sarif(self) -> Any:
        return validate_sarif((self.temp / "bnlint.sarif").read_text())


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's temporary folder: bnlint is installed there by the first test, and found there by the others."""
    return tmp_path_factory.mktemp("temp")


@pytest.fixture
def job(tmp_path: Path, temp: Path) -> Job:
    repository(tmp_path / "work space", {"wrong.py": WRONG, "right folder/right.py": "x = 1\n"})
    for leftover in ("bnlint.sarif", "summary.md"):
        (temp / leftover).unlink(missing_ok=True)
    return Job(tmp_path / "work space", temp)


def test_the_action_is_valid() -> None:
    jsonschema.Draft7Validator(public_schema("https://json.schemastore.org/github-action.json")).validate(ACTION)
    upload = ACTION["runs"]["steps"][-1]
    assert upload["uses"].startswith("github/codeql-action/upload-sarif@")
    assert upload["with"]["sarif_file"] == ACTION["outputs"]["sarif"]["value"]


def test_findings_fail_the_step_and_are_shown_everywhere(job: Job) -> None:
    job.run()
    assert job.status == 1
    assert [(kind, each["file"], each["line"]) for kind, each, _ in job.annotations] == [
        ("error", "wrong.py", "16"),
        ("error", "wrong.py", "17"),
    ]
    assert len(validate_markdown((job.temp / "summary.md").read_text())) == 3
    assert [result["ruleId"] for result in job.sarif()["runs"][0]["results"]] == ["BN102", "BN102"]


def test_inputs_are_taken_as_they_are(job: Job) -> None:
    job.run(paths="right folder\n\n")
    assert (job.status, job.sarif()["runs"][0]["results"]) == (0, [])
    job.run(paths="wrong.py\nright folder", args="--select BN1 --exit-zero\n--ignore BN102")
    assert (job.status, job.sarif()["runs"][0]["results"]) == (0, [])
    job.run(paths="$(touch stolen)", args="; touch stolen")
    assert job.status == 2
    assert not (job.workspace / "stolen").exists()


@pytest.mark.tensorflow
def test_verified_findings_are_annotated_as_such(job: Job) -> None:
    job.run(verify="true")
    assert [each["title"] for _, each, _ in job.annotations] == ["BN102 rebound-attribute (confirmed)"] * 2
    result = job.sarif()["runs"][0]["results"][0]
    assert result["properties"]["bnlint/verification"]["verdict"] == "confirmed"


@pytest.mark.parametrize("title", WORKFLOWS)
def test_the_documented_workflow_is_valid(title: str, job: Job) -> None:
    workflow = read_yaml(document("ci.md", title))
    jsonschema.Draft7Validator(public_schema("https://json.schemastore.org/github-workflow.json")).validate(workflow)
    (own,) = (step for step in workflow["jobs"]["bnlint"]["steps"] if "OWNER/bnlint" in step.get("uses", ""))
    assert own["uses"] == f"OWNER/bnlint@v{__version__}"
    given = {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in own["with"].items()}
    if given.get("upload-sarif") == "true":
        assert workflow["permissions"]["security-events"] == "write"
    if given.get("verify") != "true":
        job.run(**given)
        assert job.status == 1
        assert len(job.annotations) == 2


def test_the_documented_inputs_are_those_of_the_action() -> None:
    rows = re.findall(r"(?m)^\| `([\w-]+)` \| .* \| (?:`(.*)` )?\|$", (ROOT / "docs" / "ci.md").read_text("utf-8"))
    assert dict(rows) == {name: each["default"] for name, each in ACTION["inputs"].items()}
