"""The kind `scan`: what it makes of reports that are honest, and of those that are not.

The scanners are stand-ins (`stand_in_scanner.py`), but for the tests at the end, which use real ones.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from engine import Engine
from forked import Forked
from gated import new_project
from required import absent, need
from scanners import ADVISORIES, Scanners, days_ago, debian, verdict
from support import Project

RECORDED = Path(__file__).with_name("recorded")
BOTH = pytest.mark.parametrize("scanner", ["trivy", "grype"])
HIGH = "fail_on: [HIGH, CRITICAL]"
SARIF = '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [{"results": []}]}'
OLD = {"package": "flask", "fixed": "1.1"}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Scanners:
    project = new_project(tmp_path_factory.mktemp("scan"))
    project.write("app/requirements.txt", "flask==1.0\nrequests==2.0\n")
    project.write("empty/README.md", "nothing\n")
    return Scanners(project)


@pytest.fixture
def scanners(module: Scanners) -> Scanners:
    """The stand-ins, honest again."""
    module.say()
    return module


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text().replace("@BUILT@", days_ago(1)))


def scan(scanners: Scanners, check: str, **env: str) -> dict[str, Any]:
    return verdict(scanners.project, check, **env)


@BOTH
@pytest.mark.parametrize(
    ("check", "expected", "said"),
    [
        ("fail_on: CRITICAL", "passed", ""),
        (HIGH, "failed", "HIGH CVE-2099-0004 in requests 2.0"),
        ("fail_on: medium", "failed", "HIGH CVE-2099-0004 in requests 2.0, MEDIUM CVE-2099-0003"),
        ("fail_on: CRITICAL, classes: lang-pkgs", "passed", ""),
        ("fail_on: LOW, classes: [os-pkgs, lang-pkgs]", "error", "it analysed 0 os-pkgs"),
        ("fail_on: UNKNOWN", "passed", ""),
    ],
)
def test_a_folder(scanners: Scanners, scanner: str, check: str, expected: str, said: str) -> None:
    """The scanner exits 0 in each case."""
    row = scan(scanners, f"scan: ./app, scanner: {scanner}, {check}")
    assert row["verdict"] == expected, row
    assert said in row["actual"]
    assert row["facts"]["scanner"].startswith(f"{scanner} 0.")
    assert row["facts"]["analysed"] == {"os-pkgs": 0, "lang-pkgs": 2}


@BOTH
@pytest.mark.parametrize("severity", ["", "UNKNOWN", "IMPORTANT", "7.5"])
def test_a_severity_that_nobody_knows_counts(
    scanners: Scanners, scanner: str, severity: str
) -> None:
    scanners.say(advisories=[OLD | {"id": "CVE-2099-0009", "severity": severity}])
    row = scan(scanners, f"scan: ./app, scanner: {scanner}, fail_on: CRITICAL")
    assert row["verdict"] == "failed", row
    assert "UNKNOWN CVE-2099-0009 in flask 1.0" in row["actual"]


@BOTH
def test_ignore_unfixed_leaves_out_only_what_has_no_fix(scanners: Scanners, scanner: str) -> None:
    unfixed = {"id": "CVE-2099-0007", "package": "flask", "severity": "CRITICAL"}
    scanners.say(advisories=[unfixed])
    check = f"scan: ./app, scanner: {scanner}, {HIGH}"
    assert scan(scanners, check)["verdict"] == "failed"
    assert scan(scanners, f"{check}, ignore_unfixed: true")["verdict"] == "passed"
    scanners.say(advisories=[unfixed, OLD | {"id": "CVE-2099-0008", "severity": "HIGH"}])
    row = scan(scanners, f"{check}, ignore_unfixed: true")
    assert "1 such findings: HIGH CVE-2099-0008" in row["actual"], row


@BOTH
def test_without_a_database_it_is_an_error(scanners: Scanners, scanner: str) -> None:
    scanners.say(built=None)
    row = scan(scanners, f"scan: ./app, scanner: {scanner}, {HIGH}")
    assert row["verdict"] == "error", row
    fetch = {"trivy": "trivy image --download-db-only", "grype": "grype db update"}[scanner]
    assert f"fetch one: {fetch}" in row["message"]


@BOTH
@pytest.mark.parametrize(
    ("days", "more", "expected", "said"),
    [
        (4.9, "", "passed", ""),
        (5.1, "", "error", "it is 5.1 days old; fetch another: "),
        (5.1, ", max_db_age: 10d", "passed", ""),
        (0.5, ", max_db_age: 1h", "error", "it is 0.5 days old"),
        (-3, "", "error", "which is to come"),
    ],
)
def test_the_age_of_the_database(
    scanners: Scanners, scanner: str, days: float, more: str, expected: str, said: str
) -> None:
    scanners.say(built=days_ago(days))
    row = scan(scanners, f"scan: ./app, scanner: {scanner}, fail_on: CRITICAL{more}")
    assert row["verdict"] == expected, row
    assert said in row["actual"]


@BOTH
def test_nothing_that_was_planted_hides_a_finding(scanners: Scanners, scanner: str) -> None:
    """Ignore files, settings and variables, in the project, in the folder and at home."""
    ids = "\n".join(each["id"] for each in ADVISORIES)
    settings = json.dumps({"ignore": ids.split(), "only-fixed": True, "db": {"auto-update": False}})
    for folder in ("", "app/"):
        scanners.project.write(f"{folder}.trivyignore", ids)
        scanners.project.write(f"{folder}trivy.yaml", ids)
        scanners.project.write(f"{folder}.grype.yaml", settings)
    home = Path(scanners.project.env["HOME"])
    (home / ".grype.yaml").write_text(settings)
    planted = {"TRIVY_SEVERITY": "LOW", "TRIVY_IGNORE_UNFIXED": "true", "GRYPE_ONLY_FIXED": "true"}
    scanners.project.write(".env", "".join(f"{k}={v}\n" for k, v in planted.items()))
    row = scan(scanners, f"scan: ./app, scanner: {scanner}, {HIGH}", **planted)
    assert row["verdict"] == "failed", row
    assert "1 such findings: HIGH CVE-2099-0004" in row["actual"]


@BOTH
def test_a_folder_in_which_nothing_is_recognised_is_an_error(
    scanners: Scanners, scanner: str
) -> None:
    row = scan(scanners, f"scan: empty/, scanner: {scanner}, {HIGH}")
    assert row["verdict"] == "error", row
    assert "it analysed 0 packages" in row["actual"]


@BOTH
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"written": "half"}, "is not JSON"),
        ({"written": ""}, "left report.json empty"),
        ({"written": None}, "ended well and wrote no report.json"),
        ({"written": SARIF}, "wrote SARIF"),
        ({"written": "[]"}, "is no JSON object"),
        ({"written": '{"matches": [], "SchemaVersion": 1}'}, ""),
        ({"exit": 1}, "exited 1 (it broke)"),
        ({"exit": 127}, "exited 127"),
        ({"signal": signal.SIGKILL}, "was killed by signal 9"),
    ],
)
def test_a_scanner_that_breaks_is_an_error(
    scanners: Scanners, scanner: str, given: dict[str, Any], said: str
) -> None:
    """A report of an earlier run lies where somebody might look for one."""
    clean = json.dumps(recorded(f"{scanner}_folder.json"))
    scanners.project.write("report.json", clean)
    scanners.say(**given)
    row = scan(scanners, f"scan: ./app, scanner: {scanner}, fail_on: CRITICAL")
    assert row["verdict"] == "error", row
    assert said in row["message"]


LIES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "trivy_folder.json": [
        ({"Results": []}, "analysed 0 packages"),
        ({"Results": None}, "analysed 0 packages"),
        ({"Results.0.Packages": [], "Results.0.Vulnerabilities": []}, "analysed 0 packages"),
        ({"Results": "none"}, "Results in the report of trivy is not what it should be"),
        ({"ArtifactName": "/srv/other"}, "is of something else: filesystem /srv/other"),
        ({"ArtifactType": "container_image"}, "is of something else"),
        ({"SchemaVersion": 1}, "schema 1, not 2"),
        ({"Results.0.ExperimentalModifiedFindings": [{"Type": "vulnerability"}]}, "was filtered"),
        ({"Results.0.Class": "secret"}, "a class that is not known: 'secret'"),
        ({"Results.0.Vulnerabilities.0.VulnerabilityID": ""}, "has no VulnerabilityID"),
        ({"Results.0.Vulnerabilities.0": "CVE"}, "is not what it should be"),
        ({"Metadata": {"OS": {"Family": "debian", "Name": "12"}}}, "analysed 0 os-pkgs of debian 12"),
    ],
    "grype_folder.json": [
        ({"matches": None}, "has no list of matches"),
        ({"source": {"type": "directory", "target": "/srv/other"}}, "something else: directory /srv"),
        ({"source": {"type": "image", "target": {}}}, "is of something else"),
        ({"descriptor.name": "syft"}, "is not of grype but of syft"),
        ({"descriptor.configuration.only-fixed": True}, "was filtered by its setting only-fixed"),
        ({"descriptor.configuration.ignore": [{"vulnerability": "x"}]}, "by its setting ignore"),
        ({"descriptor.configuration.exclude": ["./**"]}, "was filtered by its setting exclude"),
        ({"descriptor.db": None}, "grype has no database to use"),
        ({"descriptor.db.error": "checksum"}, "grype has no database to use (checksum)"),
        ({"descriptor.db.built": "lately"}, "is no time: 'lately'"),
        ({"matches.0.artifact.name": ""}, "has no name of a package"),
        ({"distro": {"name": "debian", "version": "12"}}, "analysed 0 os-pkgs of debian 12"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_recorded_report(scanners: Scanners, name: str) -> None:
    scanners.say(report=recorded(name))
    check = f"scan: ./app, scanner: {name.partition('_')[0]}, fail_on"
    row = scan(scanners, f"{check}: HIGH")
    assert row["verdict"] == "passed", row
    kept = {output["stream"]: output for output in row["outputs"]}
    assert kept["report"]["size"] > 500
    row = scan(scanners, f"{check}: MEDIUM")
    assert row["verdict"] == "failed", row
    assert "MEDIUM " in row["actual"]


@pytest.mark.parametrize(
    ("name", "lie", "said"), [(name, lie, said) for name in LIES for lie, said in LIES[name]]
)
def test_its_lying_twin(scanners: Scanners, name: str, lie: dict[str, Any], said: str) -> None:
    scanners.say(report=recorded(name), patch=lie)
    row = scan(scanners, f"scan: ./app, scanner: {name.partition('_')[0]}, fail_on: CRITICAL")
    assert row["verdict"] == "error", row
    assert said in row["message"] + row["actual"]


def test_what_grype_ignores_counts(scanners: Scanners) -> None:
    report = recorded("grype_folder.json")
    report["ignoredMatches"], report["matches"] = report["matches"], []
    scanners.say(report=report)
    row = scan(scanners, "scan: ./app, scanner: grype, fail_on: MEDIUM")
    assert row["verdict"] == "failed", row


def test_grype_that_looked_at_nothing_is_an_error(scanners: Scanners) -> None:
    """Its report is the same as that of a clean folder: only the list of what it saw differs."""
    report = recorded("grype_folder.json") | {"matches": []}
    empty = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}
    scanners.say(report=report)
    check = "scan: ./app, scanner: grype, fail_on: LOW"
    assert scan(scanners, check)["verdict"] == "passed"
    for seen, said in ((empty, "analysed 0 packages"), ({"bomFormat": "SPDX"}, "is no SBOM")):
        scanners.say(report=report, seen=seen)
        row = scan(scanners, check)
        assert row["verdict"] == "error", row
        assert said in row["message"] + row["actual"]


def test_a_folder_that_is_not_there_is_failed(scanners: Scanners) -> None:
    row = scan(scanners, f"scan: ./gone, {HIGH}")
    assert (row["verdict"], row["actual"]) == ("failed", "./gone does not exist")


def test_a_folder_outside_is_not_looked_at_through_a_link(scanners: Scanners) -> None:
    (scanners.project.root / "out").symlink_to("/usr")
    row = scan(scanners, f"scan: ./out, {HIGH}")
    assert row["verdict"] == "error", row
    assert "leaves the project through a symlink" in row["message"]


@BOTH
def test_an_sbom(scanners: Scanners, scanner: str) -> None:
    parts = [{"type": "library", "name": n, "version": v, "purl": f"pkg:pypi/{n}@{v}"}
             for n, v in (("flask", "1.0"), ("requests", "2.0"))]  # fmt: skip
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": parts}
    scanners.project.write("app.cdx.json", json.dumps(bom))
    check = f"scan: app.cdx.json, scanner: {scanner}"
    assert scan(scanners, f"{check}, fail_on: CRITICAL")["verdict"] == "passed"
    row = scan(scanners, f"{check}, {HIGH}")
    assert "HIGH CVE-2099-0004 in requests 2.0" in row["actual"], row
    assert row["verdict"] == "failed"


@BOTH
def test_packages_of_no_known_distribution_were_not_looked_up(
    scanners: Scanners, scanner: str
) -> None:
    """An SBOM that does not say which distribution it is: one finds no advisories, one skips them."""
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [
        {"type": "library", "name": "openssl", "version": "3", "purl": "pkg:deb/debian/openssl@3"},
        {"type": "library", "name": "flask", "version": "1.0", "purl": "pkg:pypi/flask@1.0"},
    ]}  # fmt: skip
    scanners.project.write("nowhere.cdx.json", json.dumps(bom))
    scanners.say(advisories=[])
    check = f"scan: nowhere.cdx.json, scanner: {scanner}, fail_on: CRITICAL"
    row = scan(scanners, check)
    assert row["verdict"] == "error", row
    assert "os-pkgs of no known distribution" in row["actual"]
    assert scan(scanners, f"{check}, classes: lang-pkgs")["verdict"] == "passed"


def test_grype_that_finds_what_is_not_in_the_sbom_looked_at_another(scanners: Scanners) -> None:
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
           "components": [{"type": "library", "name": "requests"}]}  # fmt: skip
    scanners.project.write("other.cdx.json", json.dumps(bom))
    scanners.say(report=recorded("grype_folder.json"))
    row = scan(scanners, "scan: other.cdx.json, scanner: grype, fail_on: CRITICAL")
    assert row["verdict"] == "error", row
    assert "grype found flask, which is not in the SBOM" in row["message"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("{", "it is not JSON"),
        (SARIF, "it is SARIF"),
        ("{}", "it is neither SPDX"),
    ],
)
def test_a_file_that_is_no_sbom_is_an_error(scanners: Scanners, text: str, said: str) -> None:
    scanners.project.write("broken.json", text)
    row = scan(scanners, f"scan: broken.json, {HIGH}")
    assert row["verdict"] == "error", row
    assert f"broken.json is no SBOM: {said}" in row["message"]


REFUSED = {
    "scan: ./app": "it must say what it expects: fail_on: [HIGH, CRITICAL]",
    "scan: ./app, fail_on: []": "an empty list asserts nothing",
    "scan: ./app, fail_on: SEVERE": "'SEVERE' is no severity",
    "scan: ./app, fail_on: HIGH, classes: secrets": "'secrets' is no class of packages",
    "scan: ./app, fail_on: HIGH, scanner: snyk": "expected one of grype, trivy",
    "scan: ./app, fail_on: HIGH, max_db_age: 0": "must be longer than 0",
    "scan: App, fail_on: HIGH": "is not the name of an image",
    "scan: ../app/, fail_on: HIGH": "no `..` in it",
    "scan: ./app, fail_on: HIGH, host: pc2": "is of this machine: no host beside it",
}


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(scanners: Scanners, check: str) -> None:
    head = "hosts: {pc2: {docker: 'unix:///nowhere/docker.sock'}}\n"
    scanners.project.plan(
        "bad", f"- {{title: T, verify: [{{{check}}}]}}", head=head, imported=False
    )
    ran = scanners.project.ask("lint", "plans/bad.yaml").refused("invalid_document")
    assert REFUSED[check] in "\n".join(ran.data["problems"])
    (scanners.project.root / "plans/bad.yaml").unlink()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (f"scan: ./app, {HIGH}, fail_on_eol: false", "has no findings either"),
        (f"scan: ./app, {HIGH}, max_db_age: 31d", "may not be known to it"),
        (f"scan: app.spdx.json, {HIGH}", "scan the image itself"),
    ],
)
def test_what_is_allowed_but_weak_is_said(scanners: Scanners, check: str, said: str) -> None:
    phases = f"- {{title: T, verify: [{{{check}}}]}}"
    scanners.project.plan("weak", phases, imported=False)
    assert said in "\n".join(scanners.project.ask("lint", "plans/weak.yaml").ok().data["warnings"])
    (scanners.project.root / "plans/weak.yaml").unlink()


def test_a_scanner_that_is_missing_or_another_is_an_error(scanners: Scanners) -> None:
    program = scanners.project.root / "tools/trivy"
    text = program.read_text()
    try:
        program.write_text(f"{text}\n# changed\n")
        row = scan(scanners, f"scan: ./app, {HIGH}")
        assert row["verdict"] == "error", row
        assert "is not the trivy of the settings" in row["message"]
        program.unlink()
        row = scan(scanners, f"scan: ./app, {HIGH}")
        assert "needs trivy: tools/trivy, named under tools, is not there" in row["message"]
    finally:
        program.write_text(text)
        program.chmod(0o755)


def test_an_engine_that_does_not_answer_is_an_error(scanners: Scanners) -> None:
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    row = verdict(scanners.project, f"scan: 'app:1', {HIGH}", head)
    assert row["verdict"] == "error", row
    assert "does not answer" in row["message"]


@pytest.fixture(scope="module")
def images(engine: Engine) -> Engine:
    engine.image("scan:deb", files=debian())
    engine.image("scan:old", files=debian("10"))
    engine.image("scan:none")
    engine.image("scan:nameless", files={k: v for k, v in debian().items() if "release" not in k})
    return engine


@pytest.mark.engine
@BOTH
@pytest.mark.parametrize(
    ("check", "expected", "said"),
    [
        ("scan: 'scan:deb', fail_on: CRITICAL", "failed", "CRITICAL CVE-2099-0002 in zlib1g 1:1.2"),
        ("scan: 'scan:deb', fail_on: CRITICAL, ignore_unfixed: true", "passed", ""),
        ("scan: 'scan:deb', fail_on: HIGH, classes: lang-pkgs", "passed", ""),
        ("scan: 'scan:deb', fail_on: MEDIUM, classes: lang-pkgs", "failed", "CVE-2099-0003 in flask"),
        ("scan: 'scan:gone', fail_on: CRITICAL", "failed", "has no image scan:gone"),
        ("scan: app, fail_on: CRITICAL", "failed", "folder of that name is written ./app)"),
        ("scan: 'scan:none', fail_on: CRITICAL", "error", "it analysed 0 packages"),
        # Nothing says any more which distribution it is, so nobody looked up its packages.
        ("scan: 'scan:nameless', fail_on: CRITICAL", "error", "it analysed 0 os-pkgs of"),
        ("scan: 'scan:nameless', fail_on: CRITICAL, classes: lang-pkgs", "passed", ""),
    ],
)  # fmt: skip
def test_an_image(
    scanners: Scanners, images: Engine, scanner: str, check: str, expected: str, said: str
) -> None:
    row = verdict(scanners.project, f"{check}, scanner: {scanner}", images.head())
    assert row["verdict"] == expected, row
    assert said in row["actual"]


@pytest.mark.engine
@BOTH
def test_a_distribution_without_updates_fails(
    scanners: Scanners, images: Engine, scanner: str
) -> None:
    """It has no findings: nobody writes advisories for it any more."""
    scanners.say(advisories=[], ended=["debian 10"])
    check = f"scan: 'scan:old', scanner: {scanner}, fail_on: LOW"
    row = verdict(scanners.project, check, images.head())
    assert row["verdict"] == "failed", row
    assert "debian 10 gets security updates" in row["expected"]
    row = verdict(scanners.project, f"{check}, fail_on_eol: false", images.head())
    assert row["verdict"] == "passed", row


@pytest.mark.engine
@pytest.mark.parametrize(
    ("scanner", "given"),
    [
        ("trivy", {"says": 'This OS version is not on the EOL list family="debian" version="12"'}),
        ("grype", {"patch": {"descriptor.configuration.alerts": None}}),
    ],
)
def test_a_scanner_that_cannot_tell_whether_support_ended_is_an_error(
    scanners: Scanners, images: Engine, scanner: str, given: dict[str, Any]
) -> None:
    scanners.say(advisories=[], **given)
    check = f"scan: 'scan:deb', scanner: {scanner}, fail_on: LOW"
    row = verdict(scanners.project, check, images.head())
    assert row["verdict"] == "error", row
    assert "cannot tell; a newer one may, or set fail_on_eol: false" in row["actual"]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("scanner", "lie", "said"),
    [
        ("trivy", {"Metadata.ImageID": "sha256:" + "0" * 64}, "of another image: sha256:0"),
        ("trivy", {"Metadata.ImageID": None}, "is of another image: None"),
        ("trivy", {"Metadata.DiffIDs": ["sha256:" + "0" * 64]}, "of other layers"),
        ("grype", {"source.target.imageID": "sha256:" + "0" * 64}, "of another image: sha256:0"),
        ("grype", {"source": {"type": "directory", "target": "/srv"}}, "of another image: /srv"),
        (
            "grype",
            {"alertsByPackage": [{"alerts": [{"type": "distro-disabled"}]}]},
            "grype looks up nothing for debian 12",
        ),
    ],
)
def test_a_report_of_another_image_is_an_error(
    scanners: Scanners, images: Engine, scanner: str, lie: dict[str, Any], said: str
) -> None:
    scanners.say(advisories=[], patch=lie)
    check = f"scan: 'scan:deb', scanner: {scanner}, fail_on: CRITICAL"
    row = verdict(scanners.project, check, images.head())
    assert row["verdict"] == "error", row
    assert said in row["message"]


@pytest.mark.engine
def test_a_recorded_report_of_an_image(scanners: Scanners, images: Engine) -> None:
    scanners.say(report=recorded("trivy_debian.json"))
    row = verdict(scanners.project, f"scan: 'scan:deb', {HIGH}", images.head())
    assert row["verdict"] == "passed", row
    assert row["facts"]["distro"] == "debian 12.9"
    scanners.say(report=recorded("trivy_debian.json"), patch={"Metadata.OS.EOSL": True})
    assert (
        verdict(scanners.project, f"scan: 'scan:deb', {HIGH}", images.head())["verdict"] == "failed"
    )


@pytest.mark.engine
def test_a_tag_that_is_moved_while_it_is_scanned_is_an_error(
    project: Project, engine: Engine
) -> None:
    scanners = Scanners(project)
    scanners.say(advisories=[])
    engine.image("scan:moving", files=debian())
    other = engine.image("scan:other")
    move = f"{engine.docker('version').args[0]} -H {engine.url} tag {other} scan:moving"
    project.plan(
        "p",
        f"- {{title: T, verify: [{{scan: 'scan:moving', {HIGH}}},"
        f" {{command: '{move}', serial: true}}]}}",
        head=engine.head(),
    )
    ran = project.ask("done", "p", 0).refused("check_error")
    assert "and became" in ran.data["checks"][0]["message"]


@pytest.mark.engine
def test_two_checks_scan_one_archive(project: Project, engine: Engine) -> None:
    """The report names the file: it is the same for both, and gone when the run is over."""
    scanners = Scanners(project)
    scanners.say(advisories=[])
    engine.image("scan:twice", files=debian())
    checks = ", ".join(f"{{scan: 'scan:twice', {HIGH}, scanner: {s}}}" for s in ("trivy", "grype"))
    project.plan("p", f"- {{title: T, verify: [{checks}]}}", head=engine.head())
    number = project.ask("done", "p", 0).ok().data["run"]
    run = project.ask("log", "--run", number).ok().data
    rows = run["event"]["data"]["checks"]
    reports = [json.loads(run["outputs"][row["outputs"][0]["kept"]]) for row in rows]
    assert reports[0]["ArtifactName"] == reports[1]["source"]["target"]["userInput"]
    assert not Path(reports[0]["ArtifactName"]).exists()


@pytest.mark.engine
def test_the_real_trivy(project: Forked, images: Engine) -> None:
    """Where it is installed, with its database."""
    need("trivy")
    row = verdict(project, "scan: 'scan:deb', fail_on: CRITICAL, max_db_age: 365d", images.head())
    if "no vulnerability database" in row["message"]:
        absent("trivy", "trivy is installed without its database")
    assert row["verdict"] in ("passed", "failed"), row
    assert row["facts"]["analysed"]["os-pkgs"] == 2


@pytest.mark.engine
def test_the_real_grype(project: Forked, images: Engine) -> None:
    """Where it is installed, with its database."""
    need("grype")
    check = "scan: 'scan:deb', scanner: grype, fail_on: CRITICAL, max_db_age: 365d"
    row = verdict(project, f"{check}, fail_on_eol: false", images.head())
    if "fetch one" in row["message"]:
        absent("grype", "grype is installed without its database")
    assert row["verdict"] in ("passed", "failed"), row
    assert row["facts"]["analysed"]["os-pkgs"] == 2
