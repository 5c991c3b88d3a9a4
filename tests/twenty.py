"""A plan of twenty phases in nearly every state, brought there by the commands themselves."""

from __future__ import annotations

import textwrap

from support import Project

ID = "billing_rollout"

HEAD = f"""
schema: todo_manager/plan@1
id: {ID}
title: Billing moves to the new cluster
description: |
  One **service** after another, and each step can be taken back.
  See the [runbook](https://example.org/runbook) before anything is touched.
source: Release plan of the billing team, frozen 2025-08-10
tags: [billing, release]
inputs: [RELEASE]
"""

PHASES = r"""
- key: protocol
  title: Setup and protocol (read first)
  explain: |
    Who does what, and how to go back:

    | step | who | undo |
    |---|---|---|
    | build | release team | drop the image |
    | switch | on call | `rollback.sh` |

    1. Read `docs/protocol.md`.
    2. Tell the *on-call* person.
  note: Nothing is switched on a Friday.
  verify: [{name: the protocol, file: docs/protocol.md, contains: [rollback, owner]}]
- key: inventory
  title: Everybody concerned has been asked
  explain: Three teams use billing. Each of them has agreed to the week.
- {key: base-images, title: Build the base images, needs: [protocol],
   verify: [{command: [test, -s, images/base.tar]}]}
- key: registry
  title: Images are in the registry
  verify:
    - {file: images/index.json, json: {"images[0].tag": "2025.8"}}
    - {command: "cat images/index.json", stdout: {contains: billing}}
- {key: config, title: Configuration is complete, needs: [protocol],
   verify: [{file: config/billing.json, json: {port: 8200}}, {file: config/notes.txt, required: false}]}
- key: database
  title: Database accepts connections
  needs: [base-images]
  verify:
    - {name: answers at last, command: 'test -e tries || { touch tries; exit 1; }', within: 5s, every: 50ms}
- {key: migrations, title: Migrations have run, verify: [{command: 'echo "release $RELEASE"; test -n "$RELEASE"'}]}
- {key: billing-image, title: Billing image runs as its own user, needs: [registry, config],
   verify: [{file: images/billing.txt, contains: "USER 10001"}]}
- {key: worker-image, title: Worker image runs as its own user, needs: [registry],
   verify: [{file: images/worker.txt, contains: "USER 10001"}]}
- {key: sbom, title: Bill of materials without known holes, needs: [worker-image],
   verify: [{script: checks/sbom.sh}]}
- {key: load, title: Load test stays under 200 ms, needs: [billing-image],
   verify: [{file: load.json, json: {p95: {lt: 200}}}]}
- {key: health, title: Billing says it is healthy, needs: [billing-image, migrations],
   verify: [{command: 'echo "status: starting"; echo "no route to the ledger service" >&2; exit 1'}]}
- {key: dashboards, title: Dashboards show every service, needs: [config],
   verify: [{command: [no-such-dashboard-tool, --check]}]}
- {key: alerts, title: Alerts reach the person on call, needs: [config], verify: [{file: alerts.txt}]}
- {key: canary, title: One in a hundred requests goes to the new cluster, needs: [health, load],
   verify: [{file: canary.txt}]}
- {key: switch, title: All requests go to the new cluster, needs: [canary, alerts, dashboards],
   verify: [{file: switch.txt}]}
- {key: handbook, title: Handbook has a page about it, needs: [inventory], verify: [{file: docs/handbook.md}]}
- {key: drill, title: Rollback has been drilled, needs: [switch], verify: [{file: drill.txt}],
   parts: [{title: Back to the old cluster, explain: Within *ten* minutes., verify: [{file: back.txt}]},
           {title: And forth again, verify: [{file: forth.txt}]}]}
- {key: cleanup, title: "The old cluster is gone – für immer", needs: [drill], verify: [{file: gone.txt}]}
- {key: sign-off, title: The business signs off, needs: [cleanup, handbook, sbom]}
"""

STATES = [
    "done", "attested", "done", "done", "done", "done", "done", "done", "done", "stale", "regressed",
    "failed", "errored", "ready", "blocked", "blocked", "done", "blocked", "blocked", "blocked",
]  # fmt: skip

_FILES = {
    "docs/protocol.md": "# Protocol\nowner: the release team\nrollback: ./rollback.sh\n",
    "docs/handbook.md": "# Billing\nWhere it runs, who to call.\n",
    "images/base.tar": "layers\n",
    "images/index.json": '{"images": [{"name": "billing", "tag": "2025.8"}]}\n',
    "images/billing.txt": "FROM base\nUSER 10001:10001\n",
    "images/worker.txt": "FROM base\nUSER 10001:10001\n",
    "config/billing.json": '{"port": 8200}\n',
    "checks/sbom.sh": "#!/bin/bash\nfor n in 1 2 3; do echo package $n: no known holes; done\n",
    "load.json": '{"p95": 140}\n',
}


def build(project: Project) -> Project:
    """Bring a project's plan to STATES; some of it fails first, some breaks afterwards."""
    for name, text in _FILES.items():
        if name != "config/billing.json":
            project.write(name, text)
    project.write(f"plans/{ID}.yaml", HEAD + "phases:\n" + textwrap.indent(PHASES, "  "))
    project.run("import", f"plans/{ID}.yaml").ok()
    project.ask("done", ID, 14).refused("needs_not_done")
    project.run("done", ID, 0).ok()
    project.person("attest", ID, 1, "--reason", "all three teams said yes, in writing").ok()
    project.ask("done", ID, 4).refused("check_failed")
    project.write("config/billing.json", _FILES["config/billing.json"])
    project.run("set", ID, "RELEASE=2025.8").ok()
    for index in (2, 3, 4, 5, 6, 7, 8, 9, 10, 16):
        project.run("done", ID, index).ok()
    project.write("load.json", '{"p95": 412}\n')
    project.ask("verify", ID, 10).refused("check_failed")
    project.ask("done", ID, 11).refused("check_failed")
    project.ask("done", ID, 12).refused("check_error")
    project.write("checks/sbom.sh", "#!/bin/bash\nexit 0\n")
    return project
