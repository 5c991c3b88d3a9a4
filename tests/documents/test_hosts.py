"""`hosts:` of a plan: what they may be, and what of them is in the definition."""

from __future__ import annotations

from typing import Any

import pytest
from support import Project

HOSTS = """
hosts:
  local: {docker: "unix:///run/one.sock"}
  pc2: {docker: "ssh://ops@${box}", ssh: "ops@${box}", name: pc2}
vars: {box: "10.0.0.2"}
"""


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ("[]", "hosts: expected a mapping of names"),
        ("{pc2: ssh}", "hosts.pc2: expected {docker: …, ssh: …}"),
        ("{pc2: {}}", "hosts.pc2: expected {docker: …, ssh: …}"),
        ("{Pc2: {ssh: pc2}}", "hosts.Pc2: 'Pc2' is not a name of a host"),
        ("{pc2: {dokcer: x}}", "hosts.pc2.dokcer: unknown key (did you mean docker?)"),
        ("{pc2: {docker: 'tcp://pc2:2375'}}", "hosts.pc2.docker: 'tcp://pc2:2375' is no engine"),
        ("{pc2: {ssh: pc2, known_hosts: ../x}}", "hosts.pc2.known_hosts: a relative path is below"),
        ("{pc2: {ssh: pc2, identity: '~/key'}}", "hosts.pc2.identity: `~` is not replaced"),
        ("{pc2: {ssh: 'a b'}}", "hosts.pc2.ssh: 'a b' is no login"),
        ("{pc2: {ssh: '${WHERE}'}}", "hosts.pc2.ssh: WHERE may not say which machine is asked"),
        ("{pc2: {ssh: '${NOBODY}'}}", "${NOBODY} is not declared"),
    ],
)  # fmt: skip
def test_hosts_that_are_none(project: Project, hosts: str, words: str) -> None:
    head = f"hosts: {hosts}\ninputs: [WHERE]\n"
    project.plan("p", "- {title: T, verify: [{file: a}]}", head=head, imported=False)
    told = project.ask("lint", "plans/p.yaml").refused("invalid_document").data["problems"]
    assert words in "\n".join(told)
    assert len(told) == 1


def digests(project: Project, head: str) -> list[str]:
    project.plan("p", '''
      - {title: Here, verify: [{image: a}]}
      - {title: There, needs: [], verify: [{image: a, host: pc2}]}
      - {title: Nowhere, needs: [], verify: [{file: a}]}
    ''', head=head, imported=False)  # fmt: skip
    project.run("import", "plans/p.yaml")
    project.person("accept", "p")
    plan: Any = project.ask("show", "p").ok().data["plan"]
    return [phase["digest"] for phase in plan["phases"]]


def test_a_definition_holds_the_hosts_its_checks_look_from(project: Project) -> None:
    before = digests(project, HOSTS)
    other_box = digests(project, HOSTS.replace("10.0.0.2", "10.0.0.3"))
    assert [a == b for a, b in zip(before, other_box)] == [True, False, True]
    other_socket = digests(project, HOSTS.replace("one.sock", "two.sock"))
    assert [a == b for a, b in zip(before, other_socket)] == [False, True, True]


def test_a_check_that_leaves_this_machine_holds_the_host(project: Project) -> None:
    """One that looks at this machine itself does not care where its engine listens; one inside does."""
    phases = """
      - {title: From there, verify: [{file: /a, host: pc2}]}
      - {title: Inside, needs: [], verify: [{command: [x], inside: web}]}
      - {title: Served, needs: [], verify: [{tcp: "a:1", served_by: web}]}
      - {title: Plain, needs: [], verify: [{tcp: "a:1"}, {command: [x]}, {http: "http://a/"}]}
    """

    def all_of(head: str) -> list[str]:
        project.plan("p", phases, head=head, imported=False)
        project.run("import", "plans/p.yaml")
        project.person("accept", "p")
        plan: Any = project.ask("show", "p").ok().data["plan"]
        return [phase["digest"] for phase in plan["phases"]]

    before = all_of(HOSTS)
    other_box = all_of(HOSTS.replace("10.0.0.2", "10.0.0.3"))
    assert [a == b for a, b in zip(before, other_box)] == [False, True, True, True]
    other_socket = all_of(HOSTS.replace("one.sock", "two.sock"))
    assert [a == b for a, b in zip(before, other_socket)] == [True, False, False, True]
