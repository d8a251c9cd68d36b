"""Clients that send nonsense, leave half-way or type faster than anyone can answer."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from editor import Editor, in_editor
from lsprotocol import types
from test_server import RIGHT, WRONG

UNKNOWN = {"uri": "file:///none.py", "version": 1}
STRANGE = {"uri": "%%%", "version": 1, "text": "\x00\ud800"}
COMMAND = [sys.executable, "-m", "bnlint", "lsp"]


def message(content: Any) -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def call(method: str, params: Any, number: int | None = None) -> bytes:
    head = {"jsonrpc": "2.0", "method": method, "params": params}
    return message(head if number is None else {**head, "id": number})


START = call("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1) + call("initialized", {})
STOP = call("shutdown", None, 99) + call("exit", None)


def converse(sent: bytes) -> tuple[int, list[Any], str]:
    """Send bytes and close; the exit status, the answers, and what the server wrote to standard error."""
    result = subprocess.run(COMMAND, input=sent, capture_output=True, timeout=60)
    answers: list[Any] = []
    rest = result.stdout
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        answers.append(json.loads(rest[:length]))
        rest = rest[length:]
    return result.returncode, answers, result.stderr.decode()


@pytest.mark.parametrize(
    "nonsense",
    [
        message(b"{not json"),
        message(b"\xff\xfe"),
        message([1, 2, 3]),
        message({"jsonrpc": "2.0"}),
        message({"jsonrpc": "1.0", "method": "initialize", "id": 5}),
        b"garbage without a header\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        call("no/such/method", {}, 5),
        call("textDocument/hover", {"textDocument": 3}, 5),
        call("textDocument/hover", {"textDocument": UNKNOWN, "position": {"line": 0, "character": 0}}, 5),
        call("textDocument/didChange", {"textDocument": UNKNOWN, "contentChanges": []}),
        call("workspace/executeCommand", {"command": "bnlint.run", "arguments": []}, 5),
        call("workspace/executeCommand", {"command": "bnlint.run", "arguments": [3, {"x": 1}]}, 5),
        call("workspace/executeCommand", {"command": "rm", "arguments": ["-rf"]}, 5),
        call("textDocument/didOpen", {"textDocument": {**STRANGE, "languageId": "python"}}),
    ],
)  # fmt: skip
def test_nonsense_does_not_end_the_conversation(nonsense: bytes) -> None:
    status, answers, _ = converse(START + nonsense + STOP)
    assert status == 0
    assert {1, 99} <= {answer.get("id") for answer in answers}


@pytest.mark.parametrize("sent", [b"", b"Content-Le", b"Content-Length: 500\r\n\r\n{", START, message(b"{}")])
def test_a_client_that_leaves_half_way(sent: bytes) -> None:
    status, _, errors = converse(sent)
    assert status == 0
    assert "Traceback" not in errors


def test_leaving_without_a_word_is_a_failure() -> None:
    """So that whoever started the server knows that it was not asked to end; the protocol wants it."""
    assert converse(START + call("exit", None))[0] == 1


def test_a_client_that_stops_listening(tmp_path: Path) -> None:
    text = {"uri": (tmp_path / "a.py").as_uri(), "languageId": "python", "version": 1, "text": WRONG}
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(START)
    process.stdin.flush()
    process.stdout.close()
    try:
        process.stdin.write(call("textDocument/didOpen", {"textDocument": text}) * 5)
        process.stdin.close()
    except BrokenPipeError:
        pass
    assert process.wait(timeout=60) is not None


def test_typing_faster_than_the_server_answers(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)

    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        for number in range(300):
            editor.change(uri, RIGHT if number % 2 else f"{WRONG}# {number}\n")
        last = editor.change(uri, WRONG)
        assert len(await editor.diagnostics(uri, last)) == 2
        # No answer to an older text comes after that of the newest.
        await asyncio.sleep(1)
        assert editor.published[uri].version == last

    in_editor(tmp_path, act)


def test_a_question_that_nobody_waits_for(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)

    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        await editor.diagnostics(uri)
        editor.change(uri, f"\n{WRONG}")
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(13, 20))
        editor.client.protocol.send_request(types.TEXT_DOCUMENT_HOVER, params, msg_id="asked")
        editor.client.cancel_request(types.CancelParams("asked"))
        assert await editor.hover(uri, 13, 20) is not None

    in_editor(tmp_path, act)


def test_closing_what_is_being_checked(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)

    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
        await asyncio.sleep(1)
        assert not await editor.diagnostics(uri, None)

    in_editor(tmp_path, act)
