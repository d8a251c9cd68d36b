"""An editor as far as a language server can tell: pygls's client, over the standard streams of a real process."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

TIMEOUT = 60.0


class Editor:
    """Opens files of a folder and keeps what the server says about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("test", "1")
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.messages: list[types.ShowMessageParams] = []
        self.registered: list[types.Registration] = []
        self.progress: list[str] = []
        self.refreshed = 0
        self._news = asyncio.Event()
        self._versions: dict[str, int] = {}
        converter = self.client.protocol._converter

        def action(value: Any, _: object) -> types.CodeAction | types.Command:
            # lsprotocol takes an action that holds a command for a command.
            kind = types.Command if isinstance(value.get("command"), str) else types.CodeAction
            return converter.structure(value, kind)

        converter.register_structure_hook(types.Command | types.CodeAction, action)
        self._listen()

    def _listen(self) -> None:
        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri] = params
            self._news.set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def message(params: types.ShowMessageParams) -> None:
            self.messages.append(params)
            self._news.set()

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            self.registered += params.registrations

        @self.client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def progress(params: types.WorkDoneProgressCreateParams) -> None:
            self.progress.append(str(params.token))
            self._news.set()

        @self.client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def refresh(params: Any) -> None:
            self.refreshed += 1

    async def start(self, capabilities: types.ClientCapabilities | None = None) -> types.InitializeResult:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        await self.client.start_io(sys.executable, "-m", "bnlint", "lsp", cwd="/", env=environment)
        folder = types.WorkspaceFolder(self.folder.as_uri(), "project")
        result = await self.client.initialize_async(
            types.InitializeParams(capabilities or types.ClientCapabilities(), workspace_folders=[folder])
        )
        self.client.initialized(types.InitializedParams())
        return result

    async def stop(self) -> tuple[int, str]:
        """Leave as the protocol asks; the exit status of the server and what it wrote to standard error."""
        process = self.client._server
        assert process is not None
        assert process.stderr is not None
        await asyncio.wait_for(self.client.shutdown_async(None), TIMEOUT)
        self.client.exit(None)
        errors = await asyncio.wait_for(process.stderr.read(), TIMEOUT)
        return await asyncio.wait_for(process.wait(), TIMEOUT), errors.decode()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> str:
        uri = self.uri(name)
        self._versions[uri] = 1
        text = (self.folder / name).read_text() if text is None else text
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, text))
        )
        return uri

    def change(self, uri: str, text: str) -> int:
        self._versions[uri] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version=self._versions[uri], uri=uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        return self._versions[uri]

    async def diagnostics(self, uri: str, version: int | None = 1) -> list[types.Diagnostic]:
        """What is published for this version of a document."""
        await self.until(lambda: uri in self.published and self.published[uri].version == version)
        return list(self.published[uri].diagnostics)

    async def until(self, come: Callable[[], bool]) -> None:
        """Wait for news until they are there."""

        async def wait() -> None:
            while not come():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), TIMEOUT)

    async def actions(self, uri: str, place: types.Range, *only: str) -> list[types.CodeAction]:
        found = [each for each in self.published[uri].diagnostics if each.range == place]
        context = types.CodeActionContext(found, list(only) or None)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
        answer = await asyncio.wait_for(self.client.text_document_code_action_async(params), TIMEOUT)
        assert all(isinstance(each, types.CodeAction) for each in answer or ())
        return [each for each in answer or () if isinstance(each, types.CodeAction)]

    async def hover(self, uri: str, line: int, character: int) -> str | None:
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        answer = await asyncio.wait_for(self.client.text_document_hover_async(params), TIMEOUT)
        return answer.contents.value if answer is not None else None  # pyright: ignore

    async def run(self, command: types.Command | None) -> Any:
        assert command is not None
        params = types.ExecuteCommandParams(command.command, command.arguments)
        return await self.client.workspace_execute_command_async(params)


def in_editor(
    folder: Path,
    act: Callable[[Editor], Awaitable[None]],
    capabilities: types.ClientCapabilities | None = None,
) -> None:
    """Start a server for a folder, act, and leave; the server must end well and without a word of its own."""

    async def session() -> None:
        editor = Editor(folder)
        await editor.start(capabilities)
        try:
            await act(editor)
            status, errors = await editor.stop()
            assert (status, errors) == (0, "")
        finally:
            process = editor.client._server
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()

    asyncio.run(session())


def applied(text: str, edits: list[types.TextEdit], units: Callable[[str], int]) -> str:
    """A text with edits made as an editor makes them; ``units`` counts columns."""
    lines = text.split("\n")

    def offset(position: types.Position) -> int:
        line = lines[position.line]
        column = next(index for index in range(len(line) + 1) if units(line[:index]) == position.character)
        return sum(len(each) + 1 for each in lines[: position.line]) + column

    for edit in sorted(edits, key=lambda each: (each.range.start, each.range.end), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
