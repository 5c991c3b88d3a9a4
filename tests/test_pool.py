"""Connections over ssh that checks share: what one is refused, those that waited for it are refused, too."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from todo_manager.engines.address import Shell
from todo_manager.engines.engine import Unreachable
from todo_manager.hosts import pool
from todo_manager.hosts.login import Login


def test_who_waited_does_not_knock_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    together = Barrier(5)

    def refuse(login: Login, seconds: float) -> None:
        asked.append(login)
        time.sleep(0.2)
        raise Unreachable(f"{login.place()} refused root, time {len(asked)}")

    def ask(_: int) -> str:
        together.wait()
        with pytest.raises(Unreachable) as refused:
            connections.open(login, 5.0)
        return str(refused.value)

    monkeypatch.setattr(pool, "transport", refuse)
    login = Login(host="pc2", shell=Shell(host="127.0.0.1", port=22, user="root"))
    with closing(pool.Pool()) as connections, ThreadPoolExecutor(5) as threads:
        assert set(threads.map(ask, range(5))) == {f"{login.place()} refused root, time 1"}
        with pytest.raises(Unreachable, match="time 2"):
            connections.open(login, 5.0)
    assert len(asked) == 2
