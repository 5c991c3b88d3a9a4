"""A headless Chromium that is asked over a pipe what a page did: its errors, its requests, its sizes.

It speaks the DevTools protocol, one JSON document after another with a NUL between them.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

SECONDS = 60
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip


def program() -> str | None:
    """The path of a Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """A running Chromium with a profile of its own; leaving it ends it."""

    def __init__(self, path: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="todo_manager-chromium-")
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        words = [path, *_OPTIONS, f"--user-data-dir={self._profile}", "about:blank"]
        # The protocol wants the numbers 3 and 4.
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *words],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | {"HOME": self._profile, "DBUS_SESSION_BUS_ADDRESS": "/dev/null"},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._buffer = b""

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        os.close(self._to)
        os.close(self._from)
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        """A page that has been loaded, as wide and high as said, in CSS pixels."""
        page = Page(self, self.call("Target.createTarget", url="about:blank")["targetId"])
        page.load(url, width, height, dark)
        return page

    def call(
        self, method: str, session: str = "", heard: list[Any] | None = None, **params: Any
    ) -> Any:
        """Ask and wait for the answer; events of the session that come before go to `heard`."""
        number = next(self._numbers)
        question = {"id": number, "method": method, "params": params}
        if session:
            question["sessionId"] = session
        os.write(self._to, json.dumps(question).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            if heard is not None and message.get("sessionId") == session:
                heard.append(message)

    def message(self) -> Any:
        """The next message, whatever it is about."""
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser says nothing"
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser has gone"
            self._buffer += chunk
        found, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(found)


class Page:
    """One page: what it said and asked for while it was loaded, and what it looks like."""

    def __init__(self, browser: Browser, target: str) -> None:
        self._browser = browser
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self._heard: list[Any] = []

    def load(self, url: str, width: int, height: int, dark: bool) -> None:
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url=url)
        while not self._events("Page.loadEventFired"):
            message = self._browser.message()
            if message.get("sessionId") == self._session:
                self._heard.append(message)

    @property
    def requests(self) -> list[str]:
        """The address of everything the page asked for, itself first."""
        return [each["request"]["url"] for each in self._events("Network.requestWillBeSent")]

    @property
    def errors(self) -> list[str]:
        """Everything the console would show."""
        kinds = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [json.dumps(each) for kind in kinds for each in self._events(kind)]

    @property
    def received(self) -> bytes:
        """Everything that came over the page's web sockets, of binary and of text frames."""
        self.evaluate("1")  # an answer, and with it the events before it
        frames = [each["response"] for each in self._events("Network.webSocketFrameReceived")]
        return b"".join(
            base64.b64decode(each["payloadData"])
            if each["opcode"] == 2
            else each["payloadData"].encode()
            for each in frames
        )

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """Write what is seen as a PNG; `whole` takes in what one would scroll to."""
        found = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(found["data"]))

    def pdf(self) -> bytes:
        """The page as it would be printed."""
        return base64.b64decode(self._call("Page.printToPDF")["data"])

    def _events(self, method: str) -> list[Any]:
        return [each["params"] for each in self._heard if each.get("method") == method]

    def _call(self, method: str, **params: Any) -> Any:
        return self._browser.call(method, self._session, self._heard, **params)
