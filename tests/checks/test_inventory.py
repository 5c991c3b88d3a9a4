"""`inventory`: what passes, fails and cannot be told, and what would fool it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from support import SHARED, Project

from todo_manager.canonical import Scalar
from todo_manager.checks.arithmetic import Unreadable, number, resolve
from todo_manager.model import Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR


@pytest.fixture
def root(world: Any) -> Path:
    return Path(world.root)


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")


COMPOSE = """
    services:
      web: {image: a, ports: ["127.0.0.1:8200:80"], depends_on: [db]}
      api: {image: b, ports: ["8201:80", "8201:80/udp"], depends_on: {db: {condition: healthy}}}
      db: {image: c}
"""
SERVICES = """
    groups:
      front:
        - {name: web, port: "${OFFSET}+8200", machine: one, gpu: 4000}
      back:
        - {name: api, port: 8201, machine: one, gpu: 20000}
        - {name: db, port: 5432, machine: two, gpu: 0}
"""
PORTS = '{"table": [{"service": "web"}, {"service": "api"}, {"service": "db"}]}'

COMPOSED = {"files": "docker-compose.yml", "at": "services"}
GROUPED = {"files": "services.yaml", "at": "groups.*", "host_field": "machine"}
TABLE = {"files": "ports.json", "at": "table", "key": "service"}
THREE = {"compose": COMPOSED, "services": GROUPED, "ports": TABLE}


@pytest.fixture
def three(root: Path) -> Path:
    """Three files that list the same services."""
    put(root, "docker-compose.yml", COMPOSE)
    put(root, "services.yaml", SERVICES)
    put(root, "ports.json", PORTS)
    return root


@pytest.fixture
def over(look: Any, root: Path) -> Any:
    """What a check finds in one file `a.yaml` with this text."""

    def attempt(text: str, source: dict[str, Any] = {}, **parameters: Any) -> Any:
        put(root, "a.yaml", text)
        return look({"inventory": {"a": {"files": "a.yaml", **source}}, **parameters})

    return attempt


class TestEqualSets:
    def test_the_same_services_in_three_files(self, look: Any, three: Path) -> None:
        found = look({"inventory": THREE, "equal_sets": [*THREE], "count": 3})
        assert found.verdict == PASSED
        assert found.facts["compose"]["items"] == 3
        assert len(found.facts["ports"]["files"]["ports.json"]) == 64

    def test_missing_and_extra_are_named(self, look: Any, three: Path) -> None:
        put(three, "services.yaml", SERVICES.replace("name: db", "name: cache"))
        found = look({"inventory": THREE, "equal_sets": [*THREE], "count": 3})
        assert found.verdict == FAILED
        assert "missing in services: db" in found.actual
        assert "extra in services, not in compose: cache" in found.actual
        assert "ports" not in found.actual

    def test_two_groups(self, look: Any, three: Path) -> None:
        groups = [["compose", "ports"], ["services", "ports"]]
        assert look({"inventory": THREE, "equal_sets": groups}).verdict == PASSED

    def test_a_long_list_is_cut(self, look: Any, three: Path) -> None:
        many = "".join(f"\n  s{n}: {{}}" for n in range(50))
        put(three, "docker-compose.yml", f"services:{many}\n")
        found = look({"inventory": THREE, "equal_sets": ["compose", "ports"]})
        assert "and 40 more" in found.actual

    @pytest.mark.parametrize("sets", [[], ["compose"], ["compose", "compose"], ["compose", "x"]])
    def test_sets_that_compare_nothing(self, refused: Any, sets: list[str]) -> None:
        refused({"inventory": THREE, "equal_sets": sets})


class TestCount:
    """A stated count is compared with the computed one."""

    @pytest.mark.parametrize(
        ("count", "verdict"),
        [(3, PASSED), (4, FAILED), (2, FAILED), ({"ge": 3}, PASSED), ({"lt": 3}, FAILED)],
    )
    def test_of_every_source(self, look: Any, three: Path, count: Any, verdict: Verdict) -> None:
        assert look({"inventory": THREE, "count": count}).verdict == verdict

    def test_of_one_source(self, look: Any, three: Path) -> None:
        assert look({"inventory": THREE, "count": {"ports": 3}}).verdict == PASSED
        found = look({"inventory": THREE, "count": {"ports": 77}})
        assert (found.verdict, found.actual) == (FAILED, "ports lists 3")

    def test_one_that_stands_twice_does_not_make_up_for_one_that_is_missing(
        self, look: Any, three: Path
    ) -> None:
        put(three, "services.yaml", SERVICES.replace("name: db", "name: api").replace("two", "one"))
        found = look({"inventory": THREE, "count": 3})
        assert found.verdict == FAILED
        assert "services: twice api on one (services.yaml:6, services.yaml:7)" in found.actual

    def test_the_same_on_another_host_is_another(self, over: Any) -> None:
        text = "[{name: a, on: one}, {name: a, on: two}]"
        assert over(text, {"host_field": "on"}, count=2).verdict == PASSED
        assert over(text, count=2).verdict == FAILED

    @pytest.mark.parametrize(
        "count",
        ["many", -1, 1.5, True, {"ge": 0}, {"lt": 0}, {"contains": 3}, {"exists": True}, {}],
    )
    def test_counts_that_are_none(self, refused: Any, count: Any) -> None:
        refused({"inventory": THREE, "count": count})


class TestNothingThere:
    """What is missing or empty is an error, whatever is asserted about it."""

    GONE = {
        "no file": {"files": "gone.yaml"},
        "no match": {"files": "gone/*.yaml"},
        "no place": {"files": "services.yaml", "at": "nowhere"},
        "no place below": {"files": "services.yaml", "at": "groups.*.nowhere"},
        "empty file": {"files": "empty.yaml"},
        "empty list": {"files": "lists.yaml", "at": "none"},
        "empty mapping": {"files": "lists.yaml", "at": "bare"},
        "null": {"files": "lists.yaml", "at": "nothing"},
        "groups of nothing": {"files": "lists.yaml", "at": "bare.*"},
        "one of two": {"files": ["docker-compose.yml", "gone.yaml"], "at": "services"},
    }

    @pytest.mark.parametrize("what", GONE)
    def test_is_an_error(self, look: Any, three: Path, what: str) -> None:
        put(three, "empty.yaml", "")
        put(three, "lists.yaml", "none: []\nbare: {}\nnothing:\n")
        sources = {"a": self.GONE[what], "compose": COMPOSED}
        for asserted in ({}, {"count": {"a": 0}}, {"count": {"a": {"le": 9}}}):
            assert look({"inventory": sources, **asserted}).verdict == ERROR, asserted

    def test_missing_ok_names_it(self, look: Any, three: Path) -> None:
        sources = {"a": self.GONE["no file"], "compose": COMPOSED}
        excused = {"inventory": sources, "missing_ok": "a"}
        assert look({**excused, "count": {"a": 0}}).verdict == PASSED
        assert look({**excused, "count": {"a": 1}}).verdict == FAILED
        assert look({**excused, "equal_sets": ["a", "compose"]}).verdict == FAILED

    def test_missing_ok_keeps_what_is_there(self, look: Any, three: Path) -> None:
        sources = {"a": self.GONE["one of two"]}
        mapping = {"inventory": sources, "missing_ok": "a", "count": {"a": 3}}
        assert look(mapping).verdict == PASSED

    def test_nothing_at_all_is_excused_by_nothing(self, look: Any, root: Path) -> None:
        sources = {"a": "gone.yaml", "b": "gone.json"}
        excused = {"inventory": sources, "missing_ok": ["a", "b"]}
        assert look({**excused, "equal_sets": ["a", "b"]}).verdict == ERROR
        assert look({**excused, "count": 0}).verdict == ERROR

    def test_two_empty_sets_are_not_compared(self, look: Any, three: Path) -> None:
        sources = {"a": "gone.yaml", "b": "gone.json", "compose": COMPOSED}
        mapping = {"inventory": sources, "missing_ok": ["a", "b"], "equal_sets": ["a", "b"]}
        assert look(mapping).verdict == ERROR


class TestUnreadable:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.yaml", "a: [1"),
            ("a.yaml", "a: 1\na: 2\n"),
            ("a.yaml", "x: &x {a: 1}\ny: *x\n"),
            ("a.yaml", "just a sentence"),
            ("a.json", "{"),
            ("a.json", '{"a": 1, "a": 2}'),
            ("a.json", '{"a": NaN}'),
            ("a.json", "[" * 900 + "]" * 900),
            ("a.yaml", "[{port: 1}]"),
            ("a.yaml", "[{name: [a]}]"),
            ("a.yaml", "[[a]]"),
            ("a.yaml", "[~, a]"),
            ("a.yaml", "[{name: '${WHO}'}]"),
            ("a.yaml", '[{name: "a\\e[2J"}]'),
            ("a.yaml", '[""]'),
            ("a.json", '["\\ud800"]'),
        ],
    )
    def test_is_an_error(self, look: Any, root: Path, name: str, text: str) -> None:
        put(root, name, text)
        found = look({"inventory": {"a": name}, "missing_ok": "a"})
        assert found.verdict == ERROR
        assert name in found.actual

    def test_not_text(self, look: Any, root: Path) -> None:
        (root / "a.yaml").write_bytes(b"a: \xff")
        assert look({"inventory": {"a": "a.yaml"}}).verdict == ERROR

    def test_a_folder(self, look: Any, root: Path) -> None:
        (root / "a.yaml").mkdir()
        assert look({"inventory": {"a": "a.yaml"}}).verdict == ERROR

    def test_a_link_out_of_the_project(self, look: Any, root: Path, tmp_path: Path) -> None:
        put(tmp_path, "b.yaml", "[a]")
        (root / "a.yaml").symlink_to(tmp_path / "b.yaml")
        assert look({"inventory": {"a": "a.yaml"}}).verdict == ERROR

    def test_the_readable_ones_are_not_judged_then(self, look: Any, three: Path) -> None:
        put(three, "broken.yaml", "a: [1")
        found = look({"inventory": {**THREE, "b": "broken.yaml"}, "count": 77})
        assert found.verdict == ERROR
        assert "broken.yaml:" in found.actual


class TestUnique:
    def test_per_host(self, over: Any) -> None:
        text = "[{name: a, port: 80, on: one}, {name: b, port: 80, on: %s}]"
        by = {"host_field": "on"}
        assert over(text % "two", by, unique={"field": "port"}).verdict == PASSED
        found = over(text % "one", by, unique={"field": "port"})
        assert found.verdict == FAILED
        assert "80 on one: a.port (a.yaml:1), b.port (a.yaml:1)" in found.actual

    def test_without_hosts_everywhere(self, over: Any) -> None:
        assert over("{a: 80, b: 80}", unique={"field": "."}).verdict == FAILED
        assert over("{a: 80, b: 81}", unique={"field": "."}).verdict == PASSED

    def test_several_fields_are_one_pool(self, over: Any) -> None:
        text = "[{name: a, port: 80, health: 81}, {name: b, port: 81, health: 82}]"
        assert over(text, unique={"field": ["port", "health"]}).verdict == FAILED
        assert over(text, unique=[{"field": "port"}, {"field": "health"}]).verdict == PASSED

    def test_several_sources_are_one_pool(self, look: Any, root: Path) -> None:
        put(root, "a.yaml", "{a: 80}")
        put(root, "b.yaml", "{b: 80}")
        rule = {"unique": {"field": "."}}
        same = {"a": "a.yaml", "b": "b.yaml"}
        assert look({"inventory": same, **rule}).verdict == FAILED
        here = {name: {"files": f"{name}.yaml", "host": name} for name in same}
        assert look({"inventory": here, **rule}).verdict == PASSED

    @pytest.mark.parametrize(
        "other", ["80", '"80"', "40+40", '"${OFFSET}+80"', '"(10-2)*10"', '"${UNSET:-80}"', "$PORT"]
    )
    def test_written_otherwise_it_is_the_same_number(self, over: Any, other: str) -> None:
        env = {"OFFSET": 0, "PORT": 80}
        found = over(f"{{a: 80, b: {other}}}", unique={"field": "."}, env=env)
        assert (found.verdict, "twice 80" in found.actual) == (FAILED, True)

    def test_a_variable_without_a_value(self, over: Any) -> None:
        found = over('{a: 80, b: "${OFFSET}+81"}', unique={"field": "."})
        assert found.verdict == ERROR
        assert "a.yaml:1: b: ${OFFSET} has no value here" in found.actual

    def test_a_number_that_is_read_in_two_ways(self, over: Any) -> None:
        """Some readers of YAML take a leading zero for octal digits."""
        text = "{a: 0100, b: 64}"
        assert over(text, unique={"field": "."}).verdict == ERROR
        assert over(text, unique={"field": ".", "as": "text"}).verdict == PASSED

    def test_the_environment_has_no_say(self, over: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OFFSET", "5")
        assert over('{a: "${OFFSET}+81"}', unique={"field": "."}).verdict == ERROR

    def test_nothing_is_executed(self, over: Any, root: Path) -> None:
        for value in ("$(touch planted)", "`touch planted`", "__import__('os')", "2**9"):
            over(f'{{a: "{value}"}}', unique={"field": "."})
        assert not (root / "planted").exists()

    @pytest.mark.parametrize(
        "text", ["[{name: a}, {name: b}]", "[{name: a, prot: 1}]", "[{name: a, port: []}]"]
    )
    def test_over_nothing(self, over: Any, text: str) -> None:
        """A wrong word for the field would make everything unique."""
        excused = {"missing_ok": "a.port"}
        assert over(text, unique={"field": "port"}, **excused).verdict == ERROR

    def test_an_item_without_the_field(self, over: Any) -> None:
        text = "[{name: a, port: 80}, {name: b}]"
        found = over(text, unique={"field": "port"})
        assert (found.verdict, "missing_ok: [a.port]" in found.actual) == (ERROR, True)
        assert over(text, unique={"field": "port"}, missing_ok="a.port").verdict == PASSED

    @pytest.mark.parametrize("value", ["~", "", "{x: 1}", "[[1]]", "true"])
    def test_a_field_without_a_value(self, over: Any, value: str) -> None:
        text = f"[{{name: a, port: {value}}}]"
        assert over(text, unique={"field": "port"}, missing_ok="a.port").verdict == ERROR


class TestPorts:
    @pytest.mark.parametrize("other", ["0x50", "80.0", "0o120", "8_0", "+80", "8e1"])
    def test_a_number_written_otherwise(self, over: Any, other: str) -> None:
        text = f"{{a: {{port: 80}}, b: {{port: {other}}}}}"
        found = over(text, unique={"field": "port"})
        assert (found.verdict, "as: text" in found.actual) == (ERROR, True)
        assert over(text, unique={"field": "port", "as": "text"}).verdict == PASSED

    def test_published_twice(self, look: Any, three: Path) -> None:
        rule = {"unique": {"field": "ports", "as": "port"}, "missing_ok": "compose.ports"}
        mapping = {"inventory": {"compose": COMPOSED}, **rule}
        assert look(mapping).verdict == PASSED
        put(three, "docker-compose.yml", COMPOSE.replace("127.0.0.1:8200:80", "0.0.0.0:8201:9"))
        found = look(mapping)
        assert (found.verdict, "twice 8201: web.ports" in found.actual) == (FAILED, True)

    def test_ports_taken_for_texts_would_all_differ(self, over: Any) -> None:
        text = '{a: ["8200:80"], b: ["8200:81"]}'
        found = over(text, unique={"field": "."})
        assert (found.verdict, "as: port" in found.actual) == (ERROR, True)
        assert over(text, unique={"field": ".", "as": "port"}).verdict == FAILED
        assert over(text, unique={"field": ".", "as": "text"}).verdict == PASSED

    def test_a_merge_key_is_no_item(self, over: Any) -> None:
        """Compose and others would count what it names."""
        assert over("{a: 80, <<: {b: 80}}", count=2).verdict == ERROR
        assert over('{a: 80, "<<": 81}', count=2).verdict == PASSED

    @pytest.mark.parametrize(
        "value", ["8000-8010:8000-8010", "8000-8010", "127.0.0.1:8000-8010:80", "8000-8010:80/udp"]
    )
    def test_ranges_may_overlap(self, over: Any, value: str) -> None:
        """Two texts that differ, and the port 8005 in both."""
        text = f'{{a: "{value}", b: "8005"}}'
        assert over(text, unique={"field": "."}).verdict == ERROR
        assert over(text, unique={"field": ".", "as": "port"}).verdict == ERROR
        assert over(text, unique={"field": ".", "as": "text"}).verdict == PASSED

    def test_long_form(self, over: Any) -> None:
        text = "{a: [{target: 80, published: '8200'}], b: [{target: 81, published: %s}]}"
        rule = {"unique": {"field": ".", "as": "port"}}
        assert over(text % 8200, **rule).verdict == FAILED
        assert over(text % 8201, **rule).verdict == PASSED
        assert over(text % "8200, protocol: udp", **rule).verdict == PASSED
        assert over(text % "8200, protocol: TCP", **rule).verdict == FAILED
        assert over("{a: [{target: 80}], b: [{published: 1}]}", **rule).verdict == PASSED

    def test_left_to_the_engine(self, over: Any) -> None:
        rule = {"unique": {"field": ".", "as": "port"}}
        assert over('{a: ["127.0.0.1::80", "8200:80"], b: [":80"]}', **rule).verdict == PASSED

    @pytest.mark.parametrize("value", ["0", "65536", "http", '"8000-8010:80-90"', '"8000-8010"'])
    def test_what_is_no_port(self, over: Any, value: str) -> None:
        rule = {"unique": {"field": ".", "as": "port"}}
        assert over(f"{{a: [{value}]}}", **rule).verdict == ERROR


class TestAcyclic:
    RULE = {"acyclic": {"field": "needs"}}

    def test_none(self, over: Any) -> None:
        text = "{a: {needs: [b, c]}, b: {needs: c}, c: {needs: []}, d: {needs: }, e: {x: 1}}"
        found = over(text, **self.RULE)
        assert (found.verdict, "3 steps" in found.actual) == (PASSED, True)

    @pytest.mark.parametrize(
        ("text", "circle"),
        [
            ("{a: {needs: [a]}}", "a → a"),
            ("{a: {needs: [b]}, b: {needs: [a]}}", "a → b → a|b → a → b"),
            ("{a: {needs: b}, b: {needs: {c: {}}}, c: {needs: [b]}}", "b → c → b|c → b → c"),
        ],
    )
    def test_a_circle_is_shown(self, over: Any, text: str, circle: str) -> None:
        found = over(text, **self.RULE)
        assert found.verdict == FAILED
        assert any(one in found.actual for one in circle.split("|"))

    def test_it_runs_through_several_sources(self, look: Any, root: Path) -> None:
        put(root, "a.yaml", "{a: {needs: [b]}}")
        put(root, "b.yaml", "{b: {needs: [a]}}")
        assert look({"inventory": {"a": "a.yaml", "b": "b.yaml"}, **self.RULE}).verdict == FAILED

    def test_a_step_into_nothing(self, over: Any) -> None:
        found = over("{a: {needs: [gone]}}", **self.RULE)
        assert (found.verdict, "missing: gone (of a)" in found.actual) == (FAILED, True)

    @pytest.mark.parametrize("text", ["{a: {need: [a]}}", "{a: {needs: []}, b: {needs: []}}"])
    def test_over_nothing(self, over: Any, text: str) -> None:
        """A wrong word for the field would make everything free of circles."""
        assert over(text, **self.RULE).verdict == ERROR

    @pytest.mark.parametrize("value", ["[[b]]", "[{name: b}]", '["${X}"]'])
    def test_what_cannot_be_read(self, over: Any, value: str) -> None:
        assert over(f"{{a: {{needs: {value}}}, b: {{needs: a}}}}", **self.RULE).verdict == ERROR

    def test_a_long_way(self, over: Any) -> None:
        text = "\n".join(f"s{n}: {{needs: [s{n + 1}]}}" for n in range(3000)) + "\ns3000: {x: 1}\n"
        assert over(text, **self.RULE).verdict == PASSED


class TestSum:
    TEXT = """
        - {name: llama, gpu: 16000, on: main}
        - {name: train, gpu: 20000, on: main}
        - {name: whisper, gpu: 6GB, on: main}
        - {name: tts, gpu: 12000, on: second}
    """
    BY = {"host_field": "on"}

    def summed(self, over: Any, **rule: Any) -> Any:
        return over(self.TEXT, self.BY, sum_by={"field": "gpu", "unit": "MB", **rule})

    def test_per_host(self, over: Any) -> None:
        assert self.summed(over, limit={"main": "42GB", "second": "12GB"}).verdict == PASSED
        found = self.summed(over, limit={"main": "24GB", "second": "12GB"})
        assert found.verdict == FAILED
        assert found.actual == "gpu on main: 42 GB"
        assert found.expected == "gpu on main ≤ 24 GB"

    def test_what_runs_together(self, over: Any) -> None:
        sets = {"day": ["llama", "whisper", "tts"], "night": ["train", "tts"]}
        assert self.summed(over, limit="24GB", resident=sets).verdict == PASSED
        sets["night"].append("whisper")
        found = self.summed(over, limit="24GB", resident=sets)
        assert (found.verdict, found.actual) == (FAILED, "gpu on main for night: 26 GB")

    def test_one_that_is_in_no_set_would_never_be_counted(self, over: Any) -> None:
        found = self.summed(over, limit="24GB", resident=[["llama", "whisper"], ["train"]])
        assert (found.verdict, "in none: tts" in found.actual) == (FAILED, True)

    def test_a_set_with_an_unknown_member(self, over: Any) -> None:
        sets = [["llama", "whisper", "tts"], ["trian"], ["train"]]
        found = self.summed(over, limit="24GB", resident=sets)
        assert (found.verdict, "missing: trian" in found.actual) == (FAILED, True)

    def test_a_host_without_a_limit(self, over: Any) -> None:
        found = self.summed(over, limit={"main": "99GB"})
        assert (found.verdict, "no limit for second" in found.actual) == (ERROR, True)

    def test_a_limit_for_a_host_on_which_nothing_is(self, over: Any) -> None:
        found = self.summed(over, limit={"main": "99GB", "second": "99GB", "thrid": "1GB"})
        assert (found.verdict, "thrid" in found.actual) == (ERROR, True)

    def test_megabytes_are_not_bytes(self, over: Any) -> None:
        found = over(self.TEXT, self.BY, sum_by={"field": "gpu", "limit": "24GB"})
        assert (found.verdict, "say `unit`" in found.actual) == (ERROR, True)

    def test_plain_numbers(self, over: Any) -> None:
        rule = {"field": ".", "limit": 10}
        assert over('{a: 4, b: "2*3"}', sum_by=rule).verdict == PASSED
        assert over("{a: 4, b: 6.5}", sum_by=rule).verdict == FAILED
        assert over("{a: 0.1, b: 0.2}", sum_by=rule | {"limit": 0.3}).verdict == PASSED

    @pytest.mark.parametrize("value", ["-5", "lots", "~", "[1]", ".inf", "NaN", "true", '"${X}"'])
    def test_what_is_no_amount(self, over: Any, value: str) -> None:
        assert over(f"{{a: 4, b: {value}}}", sum_by={"field": ".", "limit": 10}).verdict == ERROR

    def test_over_nothing(self, over: Any) -> None:
        """A wrong word for the field would keep everything within its limit."""
        rule = {"sum_by": {"field": "gpu", "limit": 10}, "missing_ok": "a.gpu"}
        assert over("{a: {gpus: 100}}", **rule).verdict == ERROR

    def test_an_item_without_the_field_is_not_nothing(self, over: Any) -> None:
        text = "{a: {gpu: 1}, b: {gpus: 100}}"
        rule = {"sum_by": {"field": "gpu", "limit": 10}}
        assert over(text, **rule).verdict == ERROR
        assert over(text, **rule, missing_ok="a.gpu").verdict == PASSED

    @pytest.mark.parametrize(
        "rule",
        [
            {"field": "gpu"},
            {"limit": 1},
            {"field": "gpu", "limit": -1},
            {"field": "gpu", "limit": {}},
            {"field": "gpu", "limit": 5, "unit": "MB"},
            {"field": "gpu", "limit": {"a": 5, "b": "5GB"}},
            {"field": "gpu", "limit": 5, "resident": {}},
            {"field": "gpu", "limit": 5, "resident": [[]]},
            {"field": "gpu", "limit": 5, "of": "nowhere"},
            {"field": "gpu", "limit": 5, "per": "host"},
        ],
    )
    def test_rules_that_are_none(self, refused: Any, rule: dict[str, Any]) -> None:
        refused({"inventory": {"a": "a.yaml"}, "sum_by": rule})


class TestLoad:
    @pytest.mark.parametrize(
        "sources",
        [
            {},
            [],
            "a.yaml",
            {"a": {}},
            {"a": []},
            {"a": {"at": "b"}},
            {"a": {"files": []}},
            {"a": {"files": "../a.yaml"}},
            {"a": {"files": "a.yaml", "path": "x"}},
            {"a": {"files": "a.yaml", "at": "a..["}},
            {"a": {"files": "a.yaml", "host": "x", "host_field": "y"}},
            {"a b": "a.yaml"},
            {"ge": "a.yaml"},
        ],
    )
    def test_sources_that_are_none(self, refused: Any, sources: Any) -> None:
        refused({"inventory": sources})

    @pytest.mark.parametrize(
        "rule",
        [
            {"unique": {}},
            {"unique": []},
            {"unique": {"field": []}},
            {"unique": {"field": "port", "as": "number"}},
            {"acyclic": {"of": "a"}},
            {"acyclic": {"field": "needs", "of": "b"}},
            {"missing_ok": "b"},
            {"missing_ok": "b.port"},
            {"count": {"b": 1}},
        ],
    )
    def test_rules_that_are_none(self, refused: Any, rule: dict[str, Any]) -> None:
        refused({"inventory": {"a": "a.yaml"}, **rule})

    def test_sources_alone_assert_little(self, check: Any, over: Any) -> None:
        assert check({"inventory": {"a": "a.yaml"}}).lint()
        assert not check({"inventory": {"a": "a.yaml"}, "count": 1}).lint()
        assert over("[a, b]").verdict == PASSED
        assert over("[a, a]").verdict == FAILED

    def test_an_input_may_not_steer(self, refused: Any) -> None:
        for steered in ({"env": {"X": "${X}"}}, {"count": "${X}"}):
            assert "the input X" in refused({"inventory": {"a": "a.yaml"}, **steered}, inputs=["X"])


class TestArithmetic:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("7140", 7140),
            ("0+7140", 7140),
            (" 2 + 3*4 ", 14),
            ("(2+3)*4-1", 19),
            ("--5", 5),
            ("10-2-3", 5),
            ("", None),
            ("a", None),
            ("1.5", None),
            ("007", None),
            ("2024-01-01", None),
            ("1 2", None),
            ("7+", None),
            ("()", None),
            ("1)", None),
            ("2**3", None),
            ("٣", None),
            ("(" * 150 + "1" + ")" * 150, None),
        ],
    )
    def test_sums(self, text: str, value: int | None) -> None:
        assert number(text) == value

    def test_the_longest_sum_that_is_read(self) -> None:
        assert number("(" * 99 + "7" + ")" * 99) == 7

    def test_variables(self) -> None:
        env = {"A": "5", "EMPTY": ""}
        assert resolve("${A}+$A $$A ${B:-8} ${EMPTY:-9}${EMPTY}", env) == "5+5 $A 8 9"
        assert resolve("${A:-8}", env) == "5"

    @pytest.mark.parametrize(
        "text", ["${B}", "$B", "$", "${", "${}", "${A", "${B:?x}", "$(A)", "${B-1}"]
    )
    def test_what_is_not_known(self, text: str) -> None:
        with pytest.raises(Unreadable):
            resolve(text, {"A": "5"})


def test_through_the_command(project: Project) -> None:
    project = Forked(project.root, Path(project.env["HOME"]))
    project.write("docker-compose.yml", COMPOSE)
    project.write("services.yaml", SERVICES)
    project.plan(
        "p",
        """
        - key: services
          title: One list
          verify:
            - inventory:
                compose: {files: docker-compose.yml, at: services}
                services: {files: services.yaml, at: groups.*, host_field: machine}
              equal_sets: [compose, services]
              count: 3
              unique: {of: services, field: port}
              acyclic: {of: compose, field: depends_on}
              sum_by: {of: services, field: gpu, unit: MB, limit: {one: 24GB, two: 12GB}}
              env: {OFFSET: "${offset}"}
        """,
        head="vars: {offset: 0}\n",
    )
    project.write("services.yaml", SERVICES.replace("20000", "24000"))
    refused = project.ask("done", "p", 0).refused("check_failed")
    assert refused.data["checks"][0]["actual"] == "gpu on one: 28 GB"
    project.write("services.yaml", SERVICES)
    (row,) = project.ask("done", "p", 0).ok().data["checks"]
    assert row["subject"] == "compose services"


class TestRealFiles:
    """The team's own configuration, where it lies beside the checkout."""

    FOLDER = SHARED / "corpus" / "inventory"
    SOURCES = {
        "main": {"files": "main_pc_code*.yaml", "at": "agent_groups.*", "host": "main"},
        "second": {"files": "pc2_code*.yaml", "at": "pc2_services", "host": "second"},
    }

    @pytest.fixture
    def real(self, check: Any, world: Any) -> Any:
        if not self.FOLDER.is_dir():
            pytest.skip("the real configuration files are not there")
        world.root = self.FOLDER
        return lambda **rules: check({"inventory": self.SOURCES, **rules}).attempt(world, 20)

    def test_count_and_ports(self, real: Any) -> None:
        ports = {"unique": {"field": ["port", "health_check_port"]}}
        offset = {"env": {"PORT_OFFSET": Scalar("0", plain=True)}}
        counted = {"count": {"main": 54, "second": 23}}
        assert real(**ports, **offset, **counted).verdict == PASSED
        assert real(**ports).verdict == ERROR

    def test_a_circle_nobody_had_seen(self, real: Any) -> None:
        found = real(acyclic={"field": "dependencies"})
        assert found.verdict == FAILED
        assert found.actual.count("→") == 3
