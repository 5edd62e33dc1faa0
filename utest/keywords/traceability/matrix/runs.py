"""Small registers and runs, and the matrix of them."""

from pathlib import Path

from keywords.traceability.matrix.table import build
from keywords.traceability.register.register import Register
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row


def requirement(id_="A-001", needs=("functional",), score=(1, 1), title="A title"):
    risk = dict(zip(("likelihood", "impact"), score, strict=True))
    return Requirement(id=id_, title=title, text="A text", area="area", risk=risk, needs=needs, owner="quality")


def result(status, *tags, name="A row", message="", evidence=None, replaced=(), **more):
    started = "2026-01-01T10:00:00"
    return Result(Row(name, "Suites.S", tags), status, message, 0.5, started, evidence, "s1-t1", replaced, **more)


def matrix(requirements, results, rows=(), output=Path("results/output.xml"), metadata=None, **run):
    more = run.pop("register", {})
    register = Register(Path("requirements.yaml"), {one.id: one for one in requirements}, **more)
    metadata = {"Model": "m", "Missing need redis": "No Redis.", "Missing need gpu": "No GPU.", **(metadata or {})}
    return build(register, Run(output, tuple(results), metadata, "2026-01-01T10:00:00", 12.0, **run), rows)


FUNCTIONAL = ("req:A-001", "kind:functional")
NEGATIVE = ("req:A-001", "kind:negative")
BOTH = ("functional", "negative")
