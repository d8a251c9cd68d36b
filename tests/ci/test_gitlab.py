"""GitLab's template: valid, the same as in the documentation, and its script runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from documents import ROOT, WRONG, document, read_yaml, repository

from validators import public_schema, validate_gitlab, validate_junit

SCHEMA = "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"
TEMPLATE = (ROOT / "templates" / "gitlab.yml").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sh")


def script(job: dict[str, Any], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the lines of a job as GitLab's runner does: one after the other, until one fails."""
    lines = ["set -eo pipefail", *job.get("before_script", []), *job["script"]]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "CI_", "GIT_"))}
    environment |= {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(folder), **job["variables"], **variables}
    command = ["bash", "-c", "\n".join(lines)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def test_the_files_are_valid() -> None:
    validator = jsonschema.Draft7Validator(public_schema(SCHEMA))
    validator.validate(read_yaml(TEMPLATE))
    validator.validate(read_yaml(document("ci.md", ".gitlab-ci.yml")))
    assert TEMPLATE.partition("\n")[2] == document("ci.md", "templates/gitlab.yml")


def test_the_job_reports(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    repository(folder, {"pkg/wrong.py": WRONG})
    job = read_yaml(TEMPLATE)[".bnlint"]
    included = read_yaml(document("ci.md", ".gitlab-ci.yml"))["bnlint"]
    assert included["extends"] == ".bnlint"
    assert set(included["variables"]) <= set(job["variables"])
    job["variables"] |= included["variables"] | {"BNLINT_SOURCE": str(ROOT)}
    result = script(job, folder)
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stdout.startswith("error[BN102]")
    reports = {name: (folder / file).read_text() for name, file in job["artifacts"]["reports"].items()}
    issues = validate_gitlab(reports["codequality"])
    assert [each["location"]["path"] for each in issues] == ["pkg/wrong.py"] * 2
    assert validate_junit(reports["junit"]).attrib["failures"] == "2"
    # The environment that the job makes is not checked along.
    assert "in 1 file" in result.stdout
