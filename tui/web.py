"""The command center in a browser: read-only, on this machine alone, nobody's page but ours.

textual-serve starts one process for each page that is opened, and shows what it draws. Only the
loopback address is listened at. Since any page a browser has open can try to reach that, a request is
answered only when it asks for this very address and, where a page of others made it, not at all.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from todo_manager.errors import EnvironmentProblem, UsageProblem
from tui import programs

HOST = "127.0.0.1"
PORT = 8321
SHUTDOWN = 1.0
"""Seconds a page that is open has to be closed when the server is ended."""
_NAMES = (HOST, "localhost")


def serve(root: str, port: int, theme: str) -> int:
    """Serve until it is interrupted; 0. Raises UsageProblem without textual-serve, or the port."""
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ImportError:
        raise UsageProblem(
            "showing it in a browser needs textual-serve",
            hint="pip install 'todo_manager[web]', then repeat",
        ) from None
    _demand_port(port)

    @web.middleware
    async def ours_alone(request: web.Request, handler: Any) -> web.StreamResponse:
        if not allowed(request.headers.get("Host", ""), request.headers.get("Origin"), port):
            raise web.HTTPForbidden(text="this page is for this machine alone")
        found: web.StreamResponse = await handler(request)
        return found

    class Ours(Server):
        """Says where it is in one line, and refuses the pages of others."""

        async def on_startup(self, app: web.Application) -> None:
            print(f"http://{HOST}:{port}/ shows {root}, read-only; Ctrl-C ends it", file=sys.stderr)

        async def _make_app(self) -> web.Application:
            app = await super()._make_app()
            app.middlewares.append(ours_alone)
            return app

    # A shell starts it: `exec` leaves no process between the server and the page.
    command = f"exec {shlex.join(programs.ours('web_page.py', root, theme))}"
    templates = str(Path(__file__).parent / "web_templates")
    page = Ours(command, host=HOST, port=port, title="todo_manager", templates_path=templates)
    return asyncio.run(_until_ended(page, web))


async def _until_ended(page: Any, web: Any) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; pages that are open are closed first."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runner = web.AppRunner(await page._make_app(), shutdown_timeout=SHUTDOWN)
    await runner.setup()
    try:
        await web.TCPSite(runner, page.host, page.port).start()
        await ended.wait()
    finally:
        await runner.cleanup()
    return 0


def allowed(host: str, origin: str | None, port: int) -> bool:
    """Whether a request may be answered: by the address it asks for, and the page that made it."""
    mine = [f"{name}:{port}" for name in _NAMES]
    return host in mine and origin in (None, *(f"http://{each}" for each in mine))


def _demand_port(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise EnvironmentProblem(
                f"{HOST}:{port} cannot be listened at: {getattr(error, 'strerror', error)}",
                hint=f"todo_manager tui --web --port {port + 1 if port < 65535 else PORT}",
            ) from None


def leave_with_parent() -> None:
    """End this process when the server that started it is gone, whatever became of it."""
    parent = os.getppid()

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=wait, name="server-watch", daemon=True).start()
