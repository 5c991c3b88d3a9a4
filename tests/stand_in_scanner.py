"""A stand-in for trivy and grype: their command line, and reports in their shape.

What it reports is made from the SBOM that the real syft makes of the very subject, and from a few
advisories. It honours what the real ones honour, ignore files and settings in the working folder and the
home, and variables, so that tests can show that none of it reaches a scan. It is copied under the name of
the program it stands in for; beside it lies `<name>.json`:

    syft: path of the real syft      built: time of the database, or null for none
    advisories: list of {id, package, severity, fixed}       ended: distributions without support
    report: a report to give instead, `@PATH@` and `@ID@` filled in
    patch: {"Metadata.ImageID": …}: how the report lies; null takes the value out
    written: the very bytes of the report      exit, signal: how it ends, before it wrote anything
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

SELF = Path(__file__)
NAME = SELF.name
GIVEN = json.loads(SELF.with_name(f"{NAME}.json").read_text())
PURL_TYPES = {"deb": "os-pkgs", "pypi": "lang-pkgs", "npm": "lang-pkgs", "generic": ""}


class Subject:
    """What is scanned: `kind` is image, dir or sbom."""

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path
        self.id, self.layers = "", []
        if kind == "image":
            with tarfile.open(path) as tar:
                manifest = json.load(tar.extractfile("manifest.json"))[0]
                config = tar.extractfile(manifest["Config"]).read()
            self.id = f"sha256:{hashlib.sha256(config).hexdigest()}"
            self.layers = json.loads(config)["rootfs"]["diff_ids"]
        self._bom = json.loads(Path(path).read_bytes()) if kind == "sbom" else self._made()

    def _made(self) -> dict[str, Any]:
        """The SBOM of it by syft, made once for the same content."""
        if self.kind == "image":
            key = self.id
        else:
            files = sorted(p for p in Path(self.path).rglob("*") if p.is_file())
            key = hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()
        kept = SELF.with_name(f"sbom-{key[-12:]}.json")
        if not kept.exists():
            source = "docker-archive" if self.kind == "image" else "dir"
            made = subprocess.run(
                [GIVEN["syft"], "scan", f"{source}:{self.path}", "-o", "cyclonedx-json", "-q"],
                env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"},
                capture_output=True, check=True,
            )  # fmt: skip
            kept.write_bytes(made.stdout)
        return json.loads(kept.read_bytes())

    def packages(self) -> list[dict[str, str]]:
        found = []
        for each in self._bom.get("components", []):
            if match := re.match(r"pkg:(\w+)/(?:[^@]*/)?([^@/]+)@([^?]+)", each.get("purl", "")):
                kind, name, version = match.groups()
                if PURL_TYPES.get(kind):
                    found.append(
                        {"name": name, "version": version, "type": kind, "purl": each["purl"]}
                    )
        return found

    def distro(self) -> tuple[str, str]:
        for each in self._bom.get("components", []):
            # Syft takes busybox for one; trivy does not.
            if each["type"] == "operating-system" and (NAME, each["name"]) != ("trivy", "busybox"):
                return each["name"], each["version"]
        return "", ""

    def matches(self) -> list[tuple[dict[str, str], dict[str, str]]]:
        return [
            (package, advisory)
            for advisory in GIVEN.get("advisories", [])
            for package in self.packages()
            if package["name"] == advisory["package"]
        ]


def trivy(words: list[str]) -> None:
    """`trivy version`, `trivy image --input FILE`, `trivy fs FOLDER`, `trivy sbom FILE`."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--cache-dir", required=True)
    parser.add_argument("--format", default="table")
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False, parents=[])
    for name in ("--input", "--output", "--scanners", "--ignorefile", "--timeout", "--severity"):
        shared.add_argument(name)
    for name in (
        "list-all-pkgs",
        "skip-db-update",
        "skip-java-db-update",
        "offline-scan",
        "no-progress",
    ):
        shared.add_argument(f"--{name}", action="store_true")
    verb = next(word for word in words if word in ("version", "image", "fs", "sbom"))
    words.remove(verb)
    given, rest = parser.parse_known_args(words)
    assert given.format == "json", given
    built = GIVEN.get("built")
    if verb == "version":
        database = {"Version": 2, "NextUpdate": built, "UpdatedAt": built, "DownloadedAt": built}
        print(json.dumps({"Version": "0.58.1"} | ({"VulnerabilityDB": database} if built else {})))
        return
    shared.add_argument("target", nargs="?")
    wanted = shared.parse_args(rest)
    assert os.path.isdir(given.cache_dir)
    kind = {"image": "image", "fs": "dir", "sbom": "sbom"}[verb]
    assert (kind == "image") == bool(wanted.input)
    assert wanted.scanners == (None if verb == "sbom" else "vuln")
    if not built:
        die("FATAL --skip-db-update cannot be specified on the first run")
    subject = Subject(kind, wanted.input or wanted.target)
    ignored = set(lines(wanted.ignorefile or ".trivyignore") + lines("trivy.yaml"))
    severities = os.environ.get("TRIVY_SEVERITY", wanted.severity or "").split(",")
    unfixed = os.environ.get("TRIVY_IGNORE_UNFIXED") != "true"
    shown = [
        (package, each)
        for package, each in subject.matches()
        if each["id"] not in ignored
        and (severities == [""] or each["severity"] in severities)
        and (each.get("fixed") or unfixed)
    ]
    write({wanted.output: trivy_report(subject, shown, bool(wanted.list_all_pkgs))}, subject)


def trivy_report(subject: Subject, shown: list[Any], listed: bool) -> dict[str, Any]:
    family, version = subject.distro()
    results = []
    for class_ in ("os-pkgs", "lang-pkgs"):
        packages = [p for p in subject.packages() if PURL_TYPES[p["type"]] == class_]
        # The real one is silent about the packages of a distribution it does not recognise.
        if not packages or (class_ == "os-pkgs" and not family):
            continue
        result: dict[str, Any] = {
            "Target": subject.path,
            "Class": class_,
            "Type": packages[0]["type"],
        }
        if listed:
            result["Packages"] = [
                {"ID": f"{p['name']}@{p['version']}", "Name": p["name"], "Version": p["version"]}
                for p in packages
            ]
        found = [
            {
                "VulnerabilityID": each["id"],
                "PkgName": package["name"],
                "InstalledVersion": package["version"],
                **({"FixedVersion": each["fixed"]} if each.get("fixed") else {}),
                "Status": "fixed" if each.get("fixed") else "affected",
                "Severity": each["severity"],
            }
            for package, each in shown
            if package in packages
        ]
        results.append(result | ({"Vulnerabilities": found} if found else {}))
    metadata: dict[str, Any] = {}
    if family:
        ended = f"{family} {version}" in GIVEN.get("ended", [])
        metadata["OS"] = {"Family": family, "Name": version} | ({"EOSL": True} if ended else {})
    if subject.kind == "image":
        metadata |= {"ImageID": subject.id, "DiffIDs": subject.layers}
    kind = {"image": "container_image", "dir": "filesystem", "sbom": "cyclonedx"}[subject.kind]
    return {
        "SchemaVersion": 2,
        "ArtifactName": subject.path,
        "ArtifactType": kind,
        "Metadata": metadata,
        **({"Results": results} if results else {}),
    }


def grype(words: list[str]) -> None:
    """`grype SOURCE --config FILE --output FORMAT=FILE …`."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("source")
    parser.add_argument("--config", action="append")
    parser.add_argument("--output", action="append", required=True)
    given = parser.parse_args(words)
    settings: dict[str, Any] = {}
    named = [".grype.yaml", os.path.join(os.environ["HOME"], ".grype.yaml")]
    for file in given.config or named:
        if os.path.exists(file):
            settings |= json.loads(Path(file).read_text())
    if os.environ.get("GRYPE_ONLY_FIXED") == "true":
        settings["only-fixed"] = True
    assert settings.get("db", {}).get("auto-update") is False, "it would fetch a database"
    if not GIVEN.get("built"):
        die("failed to load vulnerability db: database does not exist")
    scheme, _, path = given.source.partition(":")
    subject = Subject({"docker-archive": "image", "dir": "dir", "sbom": "sbom"}[scheme], path)
    ignored = settings.get("ignore") or []
    shown = [
        (package, each)
        for package, each in subject.matches()
        if each["id"] not in ignored and (each.get("fixed") or not settings.get("only-fixed"))
    ]
    reports: dict[str, Any] = {}
    for output in given.output:
        format_, _, file = output.partition("=")
        made = grype_report(subject, shown, settings) if format_ == "json" else grype_seen(subject)
        reports[file] = made
    write(reports, subject)


def grype_report(subject: Subject, shown: list[Any], settings: dict[str, Any]) -> dict[str, Any]:
    family, version = subject.distro()
    target: Any = subject.path
    if subject.kind == "image":
        layers = [{"digest": layer} for layer in subject.layers]
        target = {
            "userInput": subject.path,
            "imageID": subject.id,
            "layers": layers,
            "repoDigests": [],
        }
    alert = {"type": "distro-eol", "metadata": {"name": family, "version": version}}
    ended = f"{family} {version}" in GIVEN.get("ended", [])
    return {
        "matches": [
            {
                "vulnerability": {
                    "id": each["id"],
                    "severity": each["severity"].capitalize(),
                    "fix": {
                        "versions": [each["fixed"]] if each.get("fixed") else [],
                        "state": "fixed" if each.get("fixed") else "not-fixed",
                    },
                },
                "artifact": package,
            }
            for package, each in shown
        ],
        "alertsByPackage": [{"package": {}, "alerts": [alert]}] if ended else [],
        "source": {
            "type": {"image": "image", "dir": "directory", "sbom": "sbom-file"}[subject.kind],
            "target": target,
        },
        "distro": {"name": family, "version": version, "idLike": None},
        "descriptor": {
            "name": "grype",
            "version": "0.110.0",
            "configuration": settings,
            "db": {"status": {"schemaVersion": "v6.1.4", "built": GIVEN["built"], "valid": True}},
        },
    }


def grype_seen(subject: Subject) -> dict[str, Any]:
    components = [
        {"type": "library", "name": p["name"], "version": p["version"], "purl": p["purl"]}
        for p in subject.packages()
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}


def write(reports: dict[str, Any], subject: Subject) -> None:
    """Write the reports, the first of them as honest as it was told to be."""
    break_down()
    main = next(iter(reports))
    if "report" in GIVEN:
        text = json.dumps(GIVEN["report"]).replace("@PATH@", subject.path)
        reports[main] = json.loads(text.replace("@ID@", subject.id))
    for path, value in GIVEN.get("patch", {}).items():
        patch(reports[main], path.split("."), value)
    if "seen" in GIVEN:
        reports[list(reports)[1]] = GIVEN["seen"]
    texts: dict[str, str | None] = {file: json.dumps(report) for file, report in reports.items()}
    if "written" in GIVEN:
        text = texts[main] or ""
        texts[main] = text[: len(text) // 2] if GIVEN["written"] == "half" else GIVEN["written"]
    for file, written in texts.items():
        if written is not None:
            Path(file).write_text(written)
    print("WARN " + GIVEN.get("says", ""), file=sys.stderr)


def break_down() -> None:
    """End before anything is written, where it was told to."""
    if "exit" in GIVEN:
        die("it broke", GIVEN["exit"])
    if "signal" in GIVEN:
        os.kill(os.getpid(), GIVEN["signal"])


def patch(report: Any, steps: list[str], value: Any) -> None:
    *way, last = steps
    for step in way:
        if isinstance(report, list):
            report = report[int(step)]
        else:
            report = report.setdefault(step, {})
    if isinstance(report, list):
        report[int(last)] = value
    elif value is None:
        report.pop(last, None)
    else:
        report[last] = value


def lines(file: str) -> list[str]:
    return Path(file).read_text().split() if os.path.exists(file) else []


def die(why: str, code: int = 1) -> None:
    print(why, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    {"trivy": trivy, "grype": grype}[NAME](sys.argv[1:])
