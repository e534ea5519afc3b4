"""The jars of the broker: where they lie, whether they are the right ones, and how to get them.

``python -m tests.support.kafka.jars`` (``make setup-kafka``) gets what is missing: the jars from Maven Central, and by
apt, when root, the Java and the Maven that this takes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
JARS: Final = HERE.parents[2] / ".cache" / "kafka"
ARCHIVES: Final = JARS.with_name("kafka-classes")
OLDEST_JAVA: Final = 17
"""What a broker of Apache Kafka 4 runs on."""
JAVA_PACKAGES: Final = ("openjdk-21-jre-headless", "openjdk-17-jre-headless", "default-jre-headless")


class SetupError(Exception):
    """Something that the broker needs is not there; the text says how to get it."""


def java() -> str | None:
    """Return the command of a Java that is new enough; None if there is none."""
    home = os.environ.get("JAVA_HOME")
    for command in (f"{home}/bin/java" if home else None, shutil.which("java")):
        if command and Path(command).exists() and _java_version(command) >= OLDEST_JAVA:
            return command
    return None


def _java_version(command: str) -> int:
    """Return the feature version of a Java; 0 if it does not run."""
    told = subprocess.run([command, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    return int(version[1]) if version else 0


def archive(command: str) -> Path:
    """Return where the classes of the jars lie in the form that a Java loads soonest (`tests.support.kafka.archive`).

    Java uses such a file with the very jars and the very Java that wrote it only, so both are in the name.
    """
    parts = [Path(command).resolve(), *JARS.glob("*.jar")]
    marks = [(str(part), part.stat().st_mtime_ns, part.stat().st_size) for part in parts]
    return ARCHIVES / f"{hashlib.sha256(repr(marks).encode()).hexdigest()}.jsa"


def missing() -> list[str]:
    """Return the names of the jars that are not there as ``jars.sha256`` has them, and of those that it does not know."""
    lines = (line.split() for line in (HERE / "jars.sha256").read_text().splitlines())
    wanted = {name: digest for digest, name in lines}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in JARS.glob("*.jar")}
    return sorted({name for name, _ in wanted.items() ^ there.items()})


def require() -> tuple[str, Path]:
    """Return the command of Java and the folder of the jars.

    Raises:
        SetupError: one of them is not there.
    """
    command = java()
    if command is None or missing():
        raise SetupError("Apache Kafka for tests is not there, or not as it should be: run `make setup-kafka`")
    return command, JARS


def setup() -> None:
    """Get whatever is missing.

    Raises:
        SetupError: it cannot be got from here.
    """
    wrong = missing()
    tools: list[tuple[str, ...]] = [] if java() else [JAVA_PACKAGES]
    if wrong and not shutil.which("mvn"):
        tools.append(("maven",))
    if tools:
        _install(tools)
    if wrong:
        _copy_jars()


def _install(tools: list[tuple[str, ...]]) -> None:
    """Install the first package of each choice that apt knows."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(
            f"tests run a real Apache Kafka, and that takes Java {OLDEST_JAVA} or newer and Maven (mvn); on Debian and"
            f" Ubuntu: apt-get install {' '.join(map(_known, tools))}; elsewhere install them as usual"
            " there. Then run `make setup-kafka` again"
        )
    _apt("update")
    _apt("install", "--yes", "--no-install-recommends", *(_known(choice) for choice in tools))
    if java() is None:
        raise SetupError(f"apt-get brought no Java {OLDEST_JAVA} or newer: install one, or name it by JAVA_HOME")


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(["apt-get", "-qq", *arguments], env=environment, check=False, stdout=sys.stderr).returncode:
        raise SetupError(f"apt-get {arguments[0]} failed; above it says why")


def _known(choice: tuple[str, ...]) -> str:
    """Return the first package that apt can install, else the last."""
    for package in choice if shutil.which("apt-cache") else ():
        policy = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False).stdout
        if "Candidate:" in policy and "Candidate: (none)" not in policy:
            return package
    return choice[-1]


def _copy_jars() -> None:
    """Copy the jars that the pom names, and compare them with their digests."""
    shutil.rmtree(JARS, ignore_errors=True)
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(HERE / "pom.xml")]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}"]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise SetupError("mvn could not get the jars of Apache Kafka; above it says why")
    if wrong := missing():
        raise SetupError(f"what mvn brought is not what tests/support/kafka/jars.sha256 has: {', '.join(wrong)}")


if __name__ == "__main__":
    try:
        setup()
    except SetupError as error:
        sys.exit(f"setup-kafka: {error}")
