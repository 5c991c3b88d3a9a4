"""What is done to the phase at the cursor of the screen Plan: each by the command of its action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.deeds import Asked
from tui.runs import Order
from tui.screens.base import StoreScreen


class PlanActs(StoreScreen):
    """The actions of a plan. The screen says which plan and phase they are about."""

    plan_id: str

    @property
    def phase(self) -> dict[str, Any] | None:
        """The phase the cursor is on."""
        raise NotImplementedError

    def _order(self, action: str, verb: str, only: str = "") -> None:
        if self.phase is not None:
            order = Order("", verb, self.plan_id, self.phase["index"], only)
            self.center.perform(self, action, order)

    def action_verify(self) -> None:
        self._order("verify", "verify")

    def action_done(self) -> None:
        self._order("done", "done")

    def action_run(self) -> None:
        if self._has("steps"):
            self._order("run", "run")

    def action_exec(self) -> None:
        if self._has("steps") and self.phase is not None:
            self._order("exec", "exec", self.phase["step_digest"])

    def action_undo(self) -> None:
        if self._has("undo"):
            self._order("undo", "undo")

    def _has(self, what: str) -> bool:
        """Whether the phase says how; where it does not, that is said."""
        if self.phase is not None and not self.phase[what]:
            self.center.say(f"phase {self.phase['index']} has no {what} to execute", "warn")
            return False
        return self.phase is not None

    def action_diff(self) -> None:
        self.center.tell(self, "diff")

    def action_demands(self) -> None:
        self.center.tell(self, "demands")

    def action_accept(self) -> None:
        self.center.on_terminal(self, "accept")

    def action_approve(self) -> None:
        if "manual" in self.place():
            self.center.on_terminal(self, "approve")
        else:
            self.center.say("no check of this phase asks a person", "warn")

    def action_attest(self) -> None:
        if "bare_phase" in self.place():
            self.center.on_terminal(self, "attest")
        else:
            self.center.say("it has required checks: they decide, nobody's word does", "warn")

    def action_reopen(self) -> None:
        about = "The phase carries no mark any more; the ledger keeps the reason."
        self.center.do(self, "reopen", Asked("reason", about, hint="why"),
                       title=f"reopen {self._where()}")  # fmt: skip

    def action_claim(self) -> None:
        self.center.do(self, "claim")

    def action_release(self) -> None:
        if "claimed" in self.place():
            self.center.do(self, "release")
        else:
            self.center.say("nobody has claimed this phase", "warn")

    def action_waive(self) -> None:
        check = self.place().get("check")
        if check is None:
            self.center.say("it has no check that could be waived", "warn")
            return
        why = "Another person has to approve it. A check that is waived never counts as verified."
        until = "A waiver ends: until when may it fail?"
        self.center.do(
            self,
            "waive",
            Asked("reason", why, hint="why it may fail for a while"),
            Asked("until", until, "30d", "30d, or 2026-12-01"),
            title=f"ask for a waiver of {check} in {self._where()}",
        )

    def action_grant(self) -> None:
        if "waiting" in self.place():
            self.center.on_terminal(self, "grant")
        else:
            self.center.say("no waiver of this phase waits for a person", "warn")

    def action_waivers(self) -> None:
        self.center.tell(self, "waivers")

    def action_watch(self) -> None:
        self.center.perform(self, "watch", Order("", "watch", self.plan_id))

    def _where(self) -> str:
        return f"phase {self.phase['index']} of {self.plan_id}" if self.phase else self.plan_id


def waivable(phase: Mapping[str, Any], current: str) -> dict[str, str]:
    """The check that a waiver is asked for, the one at the cursor if it can be; and the one that waits."""
    found = {}
    checks = [
        each["id"] for each in phase["checks"] if each["required"] and each["kind"] != "manual"
    ]
    if checks:
        found["check"] = current if current in checks else checks[0]
    waiting = [each["check"] for each in phase["waivers"] if each["state"] == "waiting"]
    if waiting:
        found["waiting"] = current if current in waiting else waiting[0]
    return found
