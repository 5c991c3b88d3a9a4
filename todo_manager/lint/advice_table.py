"""The messages of the readers, each with its rule and an example of what to write.

A pattern is searched in `key: message`, where the message is about a key. In an example `{key}` is that
key, `{1}` what the pattern found, `{slug}` the same made fit for an id, `{line}` the line as it is written.
"""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """One message of a reader."""

    rule: str
    pattern: str
    """A regular expression."""
    example: str


_HEAD = "schema: todo_manager/plan@1\nid: release\ntitle: Ship it\nphases: […]"
_VERIFY = "verify:\n  - file: docs/runbook.md"
_BELOW = _VERIFY.replace("\n", "\n    ")
_PHASES = f"phases:\n  - title: Runbook\n    {_BELOW}"
_PARTS = f"parts:\n  - title: Core\n    {_BELOW}"

# One line a message, to be read as a table.
# fmt: off
ADVICE = (
    # The text
    Advice("tab", r"cannot start any token|tab", "  {line}   # indented with blanks"),
    Advice("yaml", r"mapping values are not allowed", '"…: …"   # a text with `: ` in quotes'),
    Advice("yaml", r"^is not YAML", 'key: "value"   # one `key: value` a line, lists as `- item`'),
    Advice("encoding", r"is not UTF-8", "iconv -f ISO-8859-1 -t UTF-8 OLD > NEW"),
    Advice("encoding", r"NUL", "{key}: text without control characters"),
    Advice("empty", r"^is empty", _HEAD),
    Advice("too_large", r"larger than|nested more than", "two plans instead of one"),
    Advice("documents", r"second document", "two files, one plan each"),
    Advice("no_plan", r"is no plan document", _HEAD),
    Advice("no_file", r"no such file|is not a file|cannot be read", "todo_manager lint plans/FILE"),
    Advice("merge_key", r"^<<: ", "the keys themselves, written out"),
    Advice("anchor", r"anchors and aliases", 'vars: {port: "8080"}   # and ${port} where it is used'),
    Advice("tag", r"the tag (\S+) is not allowed", "the value without {1}"),
    Advice("key", r"a key must be one word", "name: value"),
    Advice("twice", r"the key (\S+) stands twice", "one {1}: for both"),
    Advice("top", r"a plan is a mapping", _HEAD),
    # The plan
    Advice("schema", r"this version reads (\S+)", "schema: {1}"),
    Advice("missing_key", r"the key schema is missing", "schema: todo_manager/plan@1"),
    Advice("missing_key", r"the key id is missing", "id: release"),
    Advice("missing_key", r"the key title is missing", "title: What is to be reached"),
    Advice("missing_key", r"the key phases is missing", _PHASES),
    Advice("missing_key", r"the key verify is missing", _VERIFY),
    Advice("id", r"'(.*[A-Za-z0-9].*)' is not (?:an id|a key)", "{key}: {slug}"),
    Advice("id", r"is not an id|an id names a folder", "id: release_2.1"),
    Advice("id", r"is not a key|make no key", "key: build-images"),
    Advice("twin_keys", r"two phases have the key (\S+)", "key: {1}-again"),
    Advice("later", r"(\w+): this kind of step is not", "- run: sh steps/{1}.sh   # until then a shell text can do it"),
    Advice("later", r"not in this version", "nothing yet: leave {key} out"),
    Advice("unknown_key", r"unknown key", "one of the keys of this place, or nothing"),
    Advice("unknown_parameter", r"unknown parameter; (\w+) has", "todo_manager check --help {1}"),
    Advice("no_phase", r"at least one phase", _PHASES),
    Advice("no_phase", r"a phase is a mapping", "- title: Runbook"),
    Advice("parts", r"a part is a mapping|holds no part", _PARTS),
    Advice("parts", r"a part without a check", _VERIFY),
    Advice("tag_word", r"is not a tag", "tags: [backend]"),
    Advice("needs", r"goes round in a circle", "needs: []   # for the one that comes first"),
    Advice("needs", r"there is no phase with the key", "needs: [the-key-of-a-phase]"),
    # Names
    Advice("name", r"is not a name", "inputs: [BUILD_DATE]"),
    Advice("steering_name", r"the name (\w+) steers", "inputs: [APP_{1}]"),
    Advice("steering_name", r"the variable (\w+) steers", "command: [/usr/local/bin/tool, --check]"),
    Advice("twin_names", r"the name (\S+) is declared twice", "inputs: [{1}]   # once, here or there"),
    Advice("undeclared", r"\$\{([^}]+)\} is not declared", "inputs: [{1}]   # or under vars: {{1}: value}"),
    Advice("vars", r"vars: expected a mapping of names to values", 'vars: {port: "8080"}'),
    Advice("vars", r"refers to itself", 'vars: {base: "a", whole: "${base}/b"}'),
    Advice("vars", r"is a list or mapping, not one value", 'for_each: {item: "${…}"}'),
    Advice("placeholder", r"the placeholder (\S.*) was never", "{line}"),
    Advice("input_expected", r"the input (\w+) may not stand in an expectation", 'vars: {{1}: "…"}   # a var is part of the definition'),
    Advice("input_expected", r"the input (\w+) may not steer", "{key}: 30s   # a value, not an input"),
    Advice("secret_place", r"the secret (\w+) may not stand", 'headers: {Authorization: "Bearer ${{1}}"}'),
    Advice("keys_replaced", r"names are not replaced in keys", "the key itself"),
    Advice("for_each", r"nothing is replaced in shell text", 'env: {ITEM: "${item}"}   # and $ITEM in the text'),
    Advice("for_each", r"without using|no single value", 'file: "${app.name}.txt"'),
    Advice("for_each", r"has its value only when|known only at the run|the list is empty|of one; ", "for_each: {port: [8080, 8081]}"),
    Advice("for_each", r"expected a list, or|expected a mapping of a name|items are single", "for_each: {port: [8080, 8081]}"),
    # Checks
    Advice("mapping", r"expected a mapping of names", "{key}: {NAME: value}"),
    Advice("no_kind", r"a check is a mapping", "- file: docs/runbook.md"),
    Advice("no_kind", r"names no kind of check", "- file: docs/runbook.md"),
    Advice("two_kinds", r"names \d+ kinds \((\w+), (\w+)", "- {1}: …\n- {2}: …   # two checks"),
    Advice("same_id", r"has the id (\S+),", "name: what tells it apart from {1}"),
    Advice("duration", r"expected a duration.*, not '([0-9]+)'", "{key}: {1}s"),
    Advice("duration", r"expected a duration|longer than", "{key}: 30s"),
    Advice("size", r"expected a size|whole number of bytes", "{key}: 120MB"),
    Advice("mode", r"expected octal", "{key}: 0644"),
    Advice("exit", r"exit: an empty list|exit codes are", "exit: [0, 3]"),
    Advice("status", r"^status: ", "status: [200, 204]"),
    Advice("number", r"whole number|at least 1|must not be negative", "{key}: 3"),
    Advice("flag", r"expected true or false", "{key}: true"),
    Advice("text", r'write "(true|false)" in quotes', '{key}: "{1}"'),
    Advice("text", r"^(?:title|description|source|explain|note|text|name): ", "{key}: Some words"),
    Advice("text", r"^(?:id|key): ", "{key}: release"),
    Advice("list", r"^verify: expected a list", _VERIFY),
    Advice("list", r"^phases: expected a list", "phases:\n  - title: Runbook"),
    Advice("list", r"expected a list$", "{key}: [ONE, TWO]"),
    Advice("choice", r"expected one of ([^,]+),", "{key}: {1}"),
    Advice("sha256", r"64 hexadecimal digits", "sha256sum FILE   # gives them"),
    Advice("pattern", r"not a regular expression", "{key}: '^ready in [0-9]+ ms$'"),
    Advice("nothing_asserted", r"matches the empty text", "{key}: '[0-9]+ passed'"),
    Advice("nothing_asserted", r"it ends in `(?:.* )?(?:true|:|exit 0)`", "command: make   # what must succeed comes last"),
    Advice("nothing_asserted", r"it asserts nothing: it ends in", "command: test -s build.log   # what must succeed comes last"),
    Advice("nothing_asserted", r"(?:stdout|stderr|body|expect): an empty mapping", "{key}: {contains: ready}"),
    Advice("nothing_asserted", r"empty mapping asserts nothing", "{key}: {status: ok}"),
    Advice("nothing_asserted", r"empty list asserts nothing|is found everywhere", "{key}: [a text that must be there]"),
    Advice("nothing_asserted", r"`lacks` alone", "{key}: {contains: ready, lacks: error}"),
    Advice("text_match", r"contains, matches, lacks, equals, json", "{key}: {contains: ready}"),
    Advice("operator", r"exactly one of", "{key}: {ge: 2}"),
    Advice("url", r"expected a URL|is not a URL", 'http: "http://127.0.0.1:8080/health"'),
    Advice("secret_shown", r"no user or password in a URL", 'basic_auth: {user: ops, password: "${PASSWORD}"}   # and secrets: [PASSWORD]'),
    Advice("host_port", r"expected host:port", 'tcp: "127.0.0.1:5432"'),
    Advice("path", r"^script: .*plain path inside", "script: checks/ready.sh"),
    Advice("path", r"below the project|`~` is not replaced|plain path inside", "{key}: docs/runbook.md"),
    # Files
    Advice("pin", r"the pin '?([^']+)'? matches no file", "pins: [config/*.yaml]   # files that are there"),
    Advice("script", r"nothing says how to run it", "#!/usr/bin/env bash   # its first line"),
    Advice("script", r"^(phases/\S+) is for phase \d+, but", "rm {1}   # or give it the number of a phase"),
    Advice("script", r"No such file or directory", "{key}: phases/release/ready.sh   # a file that is there"),
    # Warnings
    Advice("status_alone", r"by its status alone", "json: {status: ok}"),
    Advice("accepts_alone", r"a proxy may accept", 'expect: "+PONG"   # what the service says'),
    Advice("hidden_failure", r"exit 0|switches off the rule|hides how|trap|goes on after", "command: |\n  set -euo pipefail\n  make"),
)
"""The first whose pattern is found speaks."""
# fmt: on
