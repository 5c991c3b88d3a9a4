"""The kind `sbom`: files of both formats, what the real syft makes of real images, and what only looks so."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from typing import Any

import pytest
from engine import Engine
from gated import new_project
from scanners import SYFT, debian, need_syft, verdict, verdicts
from support import Project

from todo_manager.checks.sboms.base import Package
from todo_manager.checks.sboms.licenses import Licenses

ID = "sha256:" + "1" * 64


def spdx(packages: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A document in the shape that syft and trivy give it."""
    root = {"SPDXID": "SPDXRef-Root", "name": "app", "primaryPackagePurpose": "CONTAINER"}
    described = {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES"}
    listed = [{"SPDXID": f"SPDXRef-{n}"} | package for n, package in enumerate(packages)]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "app",
        "documentNamespace": "https://example.org/app",
        "creationInfo": {"creators": ["Tool: by hand"], "created": "2026-01-02T03:04:05Z"},
        "packages": [*listed, root | more.pop("root", {})],
        "relationships": [described | {"relatedSpdxElement": "SPDXRef-Root"}],
    } | more


def cyclonedx(components: list[dict[str, Any]], **root: Any) -> dict[str, Any]:
    system = {"type": "operating-system", "name": "debian", "version": "12"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "app"} | root},
        "components": [*components, system],
    }


def parts(*names: str) -> list[dict[str, Any]]:
    return [{"type": "library", "name": name, "version": "1.0"} for name in names]


PURL = {"referenceType": "purl", "referenceLocator": "pkg:deb/debian/openssl@3.0.9-1?arch=amd64"}
OPENSSL = {"name": "openssl", "versionInfo": "3.0.9-1", "externalRefs": [PURL]}
FILES = {
    "app.spdx.json": spdx([OPENSSL, {"name": "zlib1g", "versionInfo": "1:1.2"}]),
    "app.cdx.json": cyclonedx([*parts("flask"), {"type": "application", "group": "@acme",
                                                "name": "web", "version": "2", "components": parts("deep")}]),
    "spelled.cdx.json": cyclonedx([
        {"type": "library", "name": "PyYAML", "version": "5.3", "purl": "pkg:pypi/PyYAML@5.3"},
        {"type": "library", "name": "log4j", "group": "org.apache", "version": "2.14.1"},
        {"type": "library", "name": "core", "group": "@angular", "purl": "pkg:npm/%40angular/core@1"}]),
    "second.spdx.json": spdx([{"name": "a", "externalRefs": [PURL, PURL | {"referenceLocator": "pkg:deb/b@1"}]}]),
    "empty.spdx.json": spdx([]),
    "empty.cdx.json": cyclonedx([]),
    "padded.cdx.json": cyclonedx(parts(*["flask"] * 50)),
    "old.spdx.json": spdx([OPENSSL], spdxVersion="SPDX-1.2"),
    "namespace.spdx.json": spdx([OPENSSL], documentNamespace=""),
    "document.spdx.json": spdx([OPENSSL], SPDXID="SPDXRef-1"),
    "nameless.spdx.json": spdx([{"versionInfo": "1"}]),
    "packages.spdx.json": spdx([]) | {"packages": {}},
    "creation.spdx.json": spdx([OPENSSL], creationInfo=None),
    "version.cdx.json": cyclonedx(parts("a")) | {"specVersion": "9"},
    "format.cdx.json": cyclonedx(parts("a")) | {"bomFormat": "Bom"},
    "nameless.cdx.json": cyclonedx([{"type": "library"}]),
    "components.cdx.json": cyclonedx([]) | {"components": ["flask"]},
    "root.cdx.json": cyclonedx(parts("a")) | {"metadata": {"component": "app"}},
    "sarif.json": {"version": "2.1.0", "runs": []},
    "other.json": {"name": "app"},
    "list.json": [],
    "ids.cdx.json": cyclonedx(parts("a"), properties=[
        {"name": "aquasecurity:trivy:ImageID", "value": ID}]),
    "licenses.cdx.json": cyclonedx([
        {"type": "library", "name": "free", "licenses": [{"expression": "MIT OR GPL-3.0-only"}]},
        {"type": "library", "name": "bound", "licenses": [{"license": {"id": "Apache-2.0"}}]},
    ]),
    "unstated.spdx.json": spdx([{"name": "a", "licenseConcluded": "NOASSERTION", "licenseDeclared": "NONE"}]),
    "declared.spdx.json": spdx([{"name": "a", "licenseConcluded": "NOASSERTION", "licenseDeclared": "AGPL-3.0-only"}]),
    "words.cdx.json": cyclonedx([
        {"type": "library", "name": "a", "licenses": [{"license": {"name": "GPL v3 or later"}}]}]),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("sbom"))
    for name, document in FILES.items():
        project.write(name, json.dumps(document))
    project.write("zero.json")
    project.write("half.json", json.dumps(FILES["app.spdx.json"])[:300])
    project.write("twice.json", '{"bomFormat": "CycloneDX", "bomFormat": "CycloneDX"}')
    project.write("folder.json/a", "a")
    return project


GOOD = [
    "sbom: spelled.cdx.json, requires: PyYAML, forbids: [yaml, pyyaml@5, angular, 'pkg:npm/angular/core']",
    "sbom: app.spdx.json",
    "sbom: ./app.cdx.json",
    "sbom: app.spdx.json, format: spdx-json, min_packages: 2, requires: openssl",
    "sbom: app.spdx.json, requires: [openssl@3.0.9-1, 'zlib1g@1:1.2', 'pkg:deb/debian/openssl']",
    "sbom: app.spdx.json, requires: 'pkg:deb/debian/openssl@3.0.9-1', forbids: [open, openssl@3.0]",
    "sbom: app.spdx.json, forbids: ['pkg:deb/debian/open', 'pkg:deb/debian/openssl@3', debian, app]",
    "sbom: app.cdx.json, format: cyclonedx-json, min_packages: 3, requires: [flask, '@acme/web@2', deep]",
    "sbom: app.cdx.json, forbids: [debian, acme, deeper]",
    "sbom: licenses.cdx.json, licenses: [MIT, Apache-*]",
    "sbom: licenses.cdx.json, licenses: {deny: ['GPL-*', 'AGPL-*']}",
    "sbom: unstated.spdx.json, licenses: [MIT, NOASSERTION]",
]
BAD = {
    "sbom: gone.json": "gone.json does not exist",
    "sbom: zero.json": "it is empty",
    "sbom: half.json": "it is not JSON",
    "sbom: twice.json": "holds the same key twice",
    "sbom: list.json": "it is JSON, but no object",
    "sbom: folder.json": "it is a folder",
    "sbom: sarif.json": "it is SARIF",
    "sbom: other.json": "neither SPDX (no spdxVersion) nor CycloneDX",
    "sbom: empty.spdx.json": "it lists 0",
    "sbom: empty.cdx.json": "it lists 0",
    "sbom: empty.spdx.json, forbids: telnetd": "it lists 0",
    "sbom: padded.cdx.json, min_packages: 2": "it lists 1",
    "sbom: old.spdx.json": "its version is 'SPDX-1.2'",
    "sbom: namespace.spdx.json": "documentNamespace is missing",
    "sbom: document.spdx.json": "SPDXID is not SPDXRef-DOCUMENT",
    "sbom: nameless.spdx.json": "name of a package is missing",
    "sbom: packages.spdx.json": "packages is no list",
    "sbom: creation.spdx.json": "creationInfo is missing",
    "sbom: version.cdx.json": "its version is '9'",
    "sbom: format.cdx.json": "its bomFormat is 'Bom'",
    "sbom: nameless.cdx.json": "name of a component is missing",
    "sbom: components.cdx.json": "components is no list of objects",
    "sbom: root.cdx.json": "metadata.component is no object",
    "sbom: app.spdx.json, format: cyclonedx-json": "it is spdx-json 2.3",
    "sbom: app.cdx.json, format: spdx-json": "it is cyclonedx-json 1.5",
    "sbom: app.spdx.json, min_packages: 3": "it lists 2",
    "sbom: app.spdx.json, requires: [openssl, libssl]": "it does not",
    "sbom: app.spdx.json, requires: openssl@3.0.9": "it lists openssl 3.0.9-1",
    "sbom: app.spdx.json, requires: app": "it does not",
    "sbom: spelled.cdx.json, forbids: pyyaml": "it lists PyYAML 5.3",
    "sbom: spelled.cdx.json, forbids: 'pkg:pypi/pyyaml'": "it lists PyYAML 5.3",
    "sbom: spelled.cdx.json, forbids: PYYAML@5.3.0": "it lists PyYAML 5.3",
    "sbom: spelled.cdx.json, forbids: log4j": "it lists org.apache/log4j 2.14.1",
    "sbom: spelled.cdx.json, forbids: 'org.apache:log4j'": "it lists org.apache/log4j 2.14.1",
    "sbom: spelled.cdx.json, forbids: 'pkg:npm/@angular/core'": "it lists @angular/core",
    "sbom: second.spdx.json, forbids: 'pkg:deb/b'": "it lists a",
    "sbom: spelled.cdx.json, requires: pyyaml": "it does not",
    "sbom: app.spdx.json, forbids: zlib1g": "it lists zlib1g 1:1.2",
    "sbom: app.spdx.json, forbids: 'pkg:deb/debian/openssl'": "it lists openssl 3.0.9-1",
    "sbom: licenses.cdx.json, licenses: [MIT]": "not so: bound (Apache-2.0)",
    "sbom: licenses.cdx.json, licenses: {deny: ['Apache-*']}": "not so: bound (Apache-2.0)",
    "sbom: declared.spdx.json, licenses: {deny: 'AGPL-*'}": "not so: a (AGPL-3.0-only)",
    "sbom: unstated.spdx.json, licenses: [MIT]": "not so: a (no license)",
}
UNCLEAR = {
    "sbom: unstated.spdx.json, licenses: {deny: 'AGPL-*'}": "does not say which license these have: a",
    "sbom: words.cdx.json, licenses: {deny: 'GPL-*'}": "these have: a (GPL v3 or later)",
    "sbom: app.spdx.json, subject: 'app:1'": "does not answer",
    "sbom: 'app:1'": "does not answer",
}
REFUSED = {
    "sbom: App": "is not the name of an image",
    "sbom: ../app.json": "no `..` in it",
    "sbom: app.json, min_packages: 0": "must be at least 1",
    "sbom: app.json, format: spdx": "expected one of spdx-json, cyclonedx-json",
    "sbom: app.json, requires: []": "an empty list asserts nothing",
    "sbom: app.json, requires: a, forbids: [a]": "a is both required and forbidden",
    "sbom: app.json, requires: 'a b'": "'a b' is no package",
    "sbom: app.json, licenses: {allow: [], deny: []}": "exactly one of {allow deny}",
    "sbom: app.json, licenses: ['*']": "allows every license",
    "sbom: app.json, describes: 'app:1'": "unknown parameter",
    "sbom: 'app:1', subject: 'app:2'": "subject is for a file",
    "sbom: app.json, host: pc2": "a file is of this machine",
}
NOWHERE = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'


@pytest.fixture(scope="module")
def rows(place: Project) -> dict[str, Any]:
    """The rows of all these checks, from one run."""
    return verdicts(place, [*GOOD, *BAD, *UNCLEAR], NOWHERE)


@pytest.mark.parametrize("check", GOOD)
def test_files_that_are_as_they_should_be(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "passed", row
    assert row["facts"]["packages"] >= 1


@pytest.mark.parametrize("check", BAD)
def test_files_that_are_not(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "failed", row
    assert BAD[check] in row["actual"]


@pytest.mark.parametrize("check", UNCLEAR)
def test_what_cannot_be_told_is_an_error(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "error", row
    assert UNCLEAR[check] in row["actual"] + row["message"]


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Project, check: str) -> None:
    head = "hosts: {pc2: {docker: 'unix:///nowhere/docker.sock'}}\n"
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", head=head, imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert REFUSED[check] in "\n".join(told)
    (place.root / "plans/bad.yaml").unlink()


def test_a_file_that_could_be_of_any_image_is_a_warning(place: Project) -> None:
    place.plan("weak", "- {title: T, verify: [{sbom: app.spdx.json}]}", imported=False)
    warnings = "\n".join(place.ask("lint", "plans/weak.yaml").ok().data["warnings"])
    assert "the SBOM of any image would pass: say whose it is with subject" in warnings
    (place.root / "plans/weak.yaml").unlink()


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only OR MIT AND GPL-2.0-only", False),
        ("(GPL-3.0-only OR MIT) AND Apache-2.0", True),
        ("(GPL-3.0-only OR MIT) AND (GPL-2.0-only OR AGPL-3.0-only)", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT AND", False),
        ("MIT or so", False),
        ("(" * 5000, False),
        ("", False),
    ],
)
def test_license_expressions(expression: str, allowed: bool) -> None:
    wanted = Licenses(allow=("MIT", "Apache-*"))
    assert wanted.keeps(Package(name="a", licenses=(expression,))) is allowed


@pytest.fixture(scope="module")
def images(engine: Engine, place: Project) -> Engine:
    need_syft()
    engine.image("sbom:deb", files=debian())
    engine.image("sbom:other", files=debian(openssl="3.0.9-1"))
    engine.image("sbom:bare")
    for name in ("deb", "other"):
        archive = place.root / f"{name}.tar"
        engine.docker("save", "-o", archive, f"sbom:{name}")
        for format_ in ("spdx-json", "cyclonedx-json"):
            made = ["-o", f"{format_}={place.root / f'{name}.{format_}'}.json"]
            subprocess.run(
                [SYFT, "scan", f"docker-archive:{archive}", *made, "-q"],
                env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}, check=True, timeout=60,
            )  # fmt: skip
    return engine


MADE = {
    "min_packages: 4, requires: [openssl@3.0.9-1, zlib1g, flask]": ("passed", ""),
    "format: cyclonedx-json, requires: 'pkg:deb/debian/openssl@3.0.9-1'": ("passed", ""),
    "forbids: [telnetd, flask@2.0]": ("passed", ""),
    "forbids: flask": ("failed", "it lists flask 1.0"),
    "requires: telnetd": ("failed", "it does not"),
    "min_packages: 50": ("failed", "it lists 4"),
    "licenses: [Apache-2.0, NOASSERTION]": ("failed", "not so: flask 1.0 (BSD-3-Clause)"),
    "licenses: [Apache-2.0, BSD-3-Clause, NOASSERTION]": ("passed", ""),
}


@pytest.fixture(scope="module")
def made(place: Project, images: Engine) -> dict[str, Any]:
    """The rows of all these checks, from one run, in which one archive is made for all."""
    checks = [f"sbom: 'sbom:deb', {check}" for check in MADE]
    return dict(zip(MADE, verdicts(place, checks, images.head()).values()))


@pytest.mark.engine
@pytest.mark.parametrize("check", MADE)
def test_what_syft_makes_of_an_image(made: dict[str, Any], check: str) -> None:
    expected, said = MADE[check]
    row = made[check]
    assert row["verdict"] == expected, row
    assert said in row["actual"]
    assert row["facts"]["image"]["id"].startswith("sha256:")
    assert row["facts"]["describes"] == "sbom:deb"


@pytest.mark.engine
def test_an_image_that_is_not_there_is_failed(place: Project, images: Engine) -> None:
    row = verdict(place, "sbom: 'sbom:gone'", images.head())
    assert (row["verdict"], row["actual"]) == ("failed", "local has no image sbom:gone"), row


@pytest.mark.engine
@pytest.mark.parametrize("format_", ["spdx-json", "cyclonedx-json"])
def test_the_sbom_of_another_image(place: Project, images: Engine, format_: str) -> None:
    """Both list openssl; only one was made of the image."""
    check = "sbom: {}." + format_ + ".json, requires: openssl, subject: 'sbom:deb'"
    row = verdict(place, check.format("deb"), images.head())
    assert row["verdict"] == "passed", row
    row = verdict(place, check.format("other"), images.head())
    assert row["verdict"] == "failed", row
    assert "it describes" in row["expected"]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"properties": [{"name": "aquasecurity:trivy:ImageID", "value": ID}]}, ID),
        ({"version": "latest"}, "states no digest"),
        ({"version": ID}, ID),
        ({"hashes": [{"alg": "SHA-256", "content": "1" * 64}]}, ID),
    ],
)
def test_what_an_sbom_states_of_its_subject(
    place: Project, images: Engine, changed: dict[str, Any], said: str
) -> None:
    """It was made of the image, and altered afterwards."""
    bom = json.loads((place.root / "deb.cyclonedx-json.json").read_text())
    bom["metadata"]["component"] |= changed
    place.write("altered.json", json.dumps(bom))
    row = verdict(place, "sbom: altered.json, subject: 'sbom:deb'", images.head())
    assert row["verdict"] == "failed", row
    assert said in row["actual"]


@pytest.mark.engine
def test_an_image_id_as_trivy_states_it(place: Project, images: Engine) -> None:
    id_ = images.api.inspect_image("sbom:deb")["Id"]
    named = [{"name": "aquasecurity:trivy:ImageID", "value": id_}]
    bom = cyclonedx(parts("a"), properties=named, purl=f"pkg:oci/app@{ID.replace(':', '%3A')}")
    place.write("trivy.json", json.dumps(bom))
    noted = {"annotations": [{"comment": f"ImageID: {id_}"}], "versionInfo": ID}
    place.write("trivy.spdx.json", json.dumps(spdx([OPENSSL], root=noted)))
    for name in ("trivy.json", "trivy.spdx.json"):
        row = verdict(place, f"sbom: {name}, subject: 'sbom:deb'", images.head())
        assert row["verdict"] == "passed", row


@pytest.mark.engine
def test_an_sbom_made_from_a_registry(place: Project, images: Engine) -> None:
    """It states the digest there; what lies under it has the image's configuration, or it has not."""
    name, other = (f"{images.registry}/sbom:{tag}" for tag in ("deb", "other"))
    images.docker("tag", "sbom:deb", name)
    images.docker("tag", "sbom:other", other)
    digests = {images.push(name): "passed", images.push(other): "failed", ID: "failed"}
    for digest, expected in digests.items():
        place.write("pushed.json", json.dumps(cyclonedx(parts("a"), version=digest)))
        row = verdict(place, f"sbom: pushed.json, subject: '{name}'", images.head())
        assert row["verdict"] == expected, row
    images.docker("tag", "sbom:deb", "127.0.0.1:1/sbom:deb")
    row = verdict(place, "sbom: pushed.json, subject: '127.0.0.1:1/sbom:deb'", images.head())
    assert row["verdict"] == "error", row
    assert "that may be its manifest: the registry 127.0.0.1:1 does not answer" in row["actual"]


@pytest.mark.engine
def test_nothing_that_was_planted_hides_a_package(place: Project, images: Engine) -> None:
    settings = "exclude: ['**/dpkg/**', '**/dist-packages/**']\n"
    place.write(".syft.yaml", settings)
    place.write("../home/.syft.yaml", settings)
    row = verdict(place, "sbom: 'sbom:deb', forbids: flask", images.head(), SYFT_EXCLUDE="**/*")
    assert row["verdict"] == "failed", row


@pytest.mark.engine
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("exit 0", "ended well and wrote no sbom.json"),
        (": > $file", "left sbom.json empty"),
        ("echo '{' > $file", "what syft wrote is no SBOM: it is not JSON"),
        ("cp $TODO_MANAGER_PROJECT/app.spdx.json $file", "wrote the spdx-json of something else"),
        ("cp $TODO_MANAGER_PROJECT/app.spdx.json $file; exit 1", "syft exited 1"),
    ],
)
def test_syft_that_breaks_is_an_error(
    project: Project, images: Engine, program: str, said: str
) -> None:
    project.write("app.spdx.json", json.dumps(FILES["app.spdx.json"]))
    text = f"#!/bin/sh\nfor word; do case $word in *=*) file=${{word#*=}};; esac; done\n{program}\n"
    project.write("tools/syft", text, mode=0o755)
    digest = hashlib.sha256(text.encode()).hexdigest()
    project.write("todo_manager.yaml", f"tools: {{syft: {{path: tools/syft, sha256: {digest}}}}}\n")
    row = verdict(project, "sbom: 'sbom:deb'", images.head())
    assert row["verdict"] == "error", row
    assert said in row["message"]
