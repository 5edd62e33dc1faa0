import re

import pytest

from keywords.run.places import RESOURCES
from keywords.traceability.register.register import load_register
from keywords.traceability.register.reviews import fingerprint, load_reviews, save_reviews
from keywords.traceability.register.schemas import FOLDER, schemas
from keywords.traceability.register.yaml_file import RegisterError
from keywords.traceability.rows import Row, tag_problems

REQUIREMENTS = """\
- id: CHAT-001
  title: A title
  text: A text in one line.
  area: chat
  risk: {likelihood: 3, impact: 5}
  needs: [functional]
  owner: gateway
"""
RISKS = """\
- id: RISK-001
  title: It breaks
  kind: product
  risk: {likelihood: 4, impact: 5}
  mitigation: Rows.
  requirements: [CHAT-001]
  residual: {likelihood: 1, impact: 5}
  owner: gateway
"""
CRITERIA = """\
- id: EXIT-001
  title: All is covered
  measure: {of: coverage, kind: functional, at_least: 0.9}
"""
BUG = """\
id: BUG-0001
title: The answer is empty
status: new
severity: S2
priority: P2
found: {day: 2026-11-01, by: A tester, role: quality}
requirements: [CHAT-001]
rows: [Chat.A row]
message: is empty
test_object: commit 123
environment: Linux
steps: Ask.
expected: An answer.
actual: None.
frequency: 3 of 3
evidence: unknown
expires: 2026-12-31
history:
  - {day: 2026-11-01, by: A tester, status: new, note: found}
"""
WAIVERS = """\
cap_per_area: 1
waivers:
  - id: WAIV-001
    requirement: CHAT-001
    owner: quality
    reason: The fix is late.
    bug: BUG-0001
    added: 2026-11-01
    expires: 2026-12-01
"""
TAGS = """\
- id: team
  text: Who is asked.
  values: [red, blue]
"""
FILES = {
    "requirements.yaml": REQUIREMENTS,
    "risks.yaml": RISKS,
    "criteria.yaml": CRITERIA,
    "bugs/BUG-0001.yaml": BUG,
    "waivers.yaml": WAIVERS,
    "tags.yaml": TAGS,
}


@pytest.fixture
def load(tmp_path):
    def load_with(**changed):
        (tmp_path / "bugs").mkdir(exist_ok=True)
        for name, text in {**FILES, **changed}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return load_register(tmp_path / "requirements.yaml")

    return load_with


def test_all_files_are_read(load):
    register = load()
    assert register.risks[0].risk.score == 20
    assert register.criteria[0].measure.of == "coverage"
    assert register.bugs["BUG-0001"].is_open
    assert register.waivers["WAIV-001"].bug == "BUG-0001"


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (
            "risks.yaml",
            "[CHAT-001]",
            "[CHAT-002]",
            "RISK-001: names CHAT-002, which the register does not hold (did you",
        ),
        ("risks.yaml", "RISK-001", "R1", "risks.yaml:1: R1: field 'id' is 'R1'; write RISK, a hyphen and three digits"),
        ("risks.yaml", "owner: gateway", "owner: me", "risks.yaml:8: RISK-001: field 'owner' is 'me'; use 'gateway',"),
        ("risks.yaml", "impact: 5}\n  mit", "impact: 9}\n  mit", "risks.yaml:4: RISK-001: field 'risk' has impact 9"),
        (
            "criteria.yaml",
            "at_least: 0.9",
            "at_least: 90",
            "criteria.yaml:3: EXIT-001: field 'measure.coverage.at_least",
        ),
        ("criteria.yaml", "coverage", "hope", "criteria.yaml:3: EXIT-001: field 'measure' is"),
        ("bugs/BUG-0001.yaml", "id: BUG-0001", "id: BUG-0002", "its file must be named BUG-0002.yaml"),
        ("bugs/BUG-0001.yaml", "message: is empty\n", "", "BUG-0001: names rows, but no message; write field"),
        (
            "bugs/BUG-0001.yaml",
            "message: is",
            "message: is (",
            "field 'message' is 'is ( empty', no regular expression",
        ),
        (
            "bugs/BUG-0001.yaml",
            "status: new\n",
            "status: open\n",
            "BUG-0001.yaml:3: BUG-0001: field 'status' is 'open'",
        ),
        ("bugs/BUG-0001.yaml", "status: new\n", "status: fixed\n", "but its history ends with 'new'; add a line to it"),
        ("bugs/BUG-0001.yaml", "2026-12-31", "soon", "field 'expires' is 'soon'; write a day like 2026-11-28"),
        ("bugs/BUG-0001.yaml", "CHAT-001", "CHAT-009", "BUG-0001: names CHAT-009, which the register does not hold"),
        ("waivers.yaml", "BUG-0001", "BUG-0009", "WAIV-001: names BUG-0009, which the register does not hold"),
        (
            "waivers.yaml",
            "cap_per_area: 1",
            "cap_per_area: 0",
            "at most 0 waivers of an area are allowed, and chat has",
        ),
        ("waivers.yaml", "2026-12-01", "2026-10-01", "expires on 2026-10-01, before it was added on 2026-11-01"),
        ("waivers.yaml", "owner", "ownr", "waivers.yaml:5: WAIV-001: field 'ownr' is unknown; remove it or use one of"),
        ("tags.yaml", "id: team", "id: req", "field 'id' is 'req'; write a word in small letters"),
    ],
)
def test_a_fault_is_named_with_file_line_and_remedy(load, file, old, new, problem):
    assert old in FILES[file]
    with pytest.raises(RegisterError, match=re.escape(problem)):
        load(**{file: FILES[file].replace(old, new, 1)})


@pytest.mark.parametrize(
    ("tag", "problem"),
    [
        ("team:red", ""),
        ("team:green", "has tag 'team:green', but team: has no such value; use one of red, blue"),
        ("tem:red", "of no known family; use req:, kind:, needs:, team:, smoke or nightly, or declare it in tags.yaml"),
    ],
)
def test_a_declared_family_of_tags_is_known(load, tag, problem):
    found = tag_problems(Row("A row", "S", ("req:CHAT-001", "kind:functional", tag)), load())
    assert problem in "".join(found)
    assert bool(found) == bool(problem)


def test_only_words_count_for_a_fingerprint(load):
    def of(text):
        return fingerprint(load(**{"requirements.yaml": text}).requirements["CHAT-001"])

    assert of(REQUIREMENTS) == of(REQUIREMENTS.replace("text: A text in", "text: >\n    A text\n    in"))
    assert of(REQUIREMENTS) == of(REQUIREMENTS.replace("likelihood: 3", "likelihood: 4"))
    assert of(REQUIREMENTS) != of(REQUIREMENTS.replace("one line", "two lines"))
    assert of(REQUIREMENTS) != of(REQUIREMENTS.replace("A title", "Another"))


def test_reviews_come_back_as_they_were_saved(tmp_path):
    path = tmp_path / "reviewed.json"
    assert load_reviews(path) == {}
    save_reviews(path, {"B-001": {"Ü": "2", "A": "1"}, "A-001": {"x": "3"}, "C-001": {}})
    assert load_reviews(path) == {"A-001": {"x": "3"}, "B-001": {"A": "1", "Ü": "2"}}
    assert path.read_text("utf-8").index("A-001") < path.read_text("utf-8").index("B-001")
    path.write_text("[]")
    with pytest.raises(RegisterError, match="these are no reviews; restore the file"):
        load_reviews(path)


def test_editors_get_the_rules_of_today():
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert written == schemas(), "run python -m keywords.traceability.register.schemas"


def test_each_file_of_the_register_names_its_schema():
    files = sorted((RESOURCES / "register").rglob("*.yaml"))
    assert len(files) > 4
    for path in files:
        first = path.read_text("utf-8").splitlines()[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", first)
        assert named, path
        assert (path.parent / named[1]).resolve().parent == FOLDER
        assert (path.parent / named[1]).is_file()
