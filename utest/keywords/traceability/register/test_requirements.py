import re
from pathlib import Path

import pytest

from keywords.run.places import RESOURCES
from keywords.traceability.register.register import load_register
from keywords.traceability.register.requirements import Requirement
from keywords.traceability.register.yaml_file import RegisterError

GOOD = """\
- id: CHAT-001
  title: A title
  text: >
    A text
    in two lines.
  area: chat
  risk: {likelihood: 3, impact: 5}
  needs: [functional, negative]
  owner: gateway
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "requirements.yaml"
    path.write_text(text, encoding="utf-8")
    return load_register(path)


def test_a_requirement_is_read_whole(tmp_path):
    register = load(tmp_path, GOOD)
    assert register.requirements["CHAT-001"] == Requirement(
        id="CHAT-001",
        title="A title",
        text="A text in two lines.",
        area="chat",
        risk={"likelihood": 3, "impact": 5},
        needs=("functional", "negative"),
        owner="gateway",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Emoji \ud83d\ude00 survive", "Emoji 😀 survive"),
        (r"\U0001F600", "😀"),
        ("😀", "😀"),
        (r"\u00e9", "é"),
        (r"\uFEFFmark", "\ufeffmark"),
    ],
)
def test_escapes_are_the_characters_that_they_mean(tmp_path, written, meant):
    register = load(tmp_path, GOOD.replace("title: A title", f'title: "{written}"'))
    assert register.requirements["CHAT-001"].title == meant


def test_the_order_of_the_file_is_kept(tmp_path):
    register = load(tmp_path, GOOD + GOOD.replace("CHAT-001", "AAAA-001"))
    assert list(register.requirements) == ["CHAT-001", "AAAA-001"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  owner: gateway\n", "", "CHAT-001: field 'owner' is missing; add it"),
        ("owner:", "ownr:", "CHAT-001: field 'ownr' is unknown; remove it or use one of id, title,"),
        ("CHAT-001", "chat-1", "field 'id' is 'chat-1'; write capitals, a hyphen and three digits"),
        ("CHAT-001", "CHAT-0001", "field 'id' is 'CHAT-0001'"),
        ("CHAT-001", "CHAT-٠٠١", "field 'id' is 'CHAT-٠٠١'; write capitals, a hyphen and three digits"),
        ("CHAT-001", "CHAT-００１", "field 'id' is 'CHAT-００１'"),
        ("title: A title", 'title: "Half \\ud83d"', r"field 'title' holds '\ud83d', half a character; write the whole"),
        ("title: A title", 'title: "\\ude00\\ud83d"', r"field 'title' holds '\ude00', half a character"),
        ("area: chat", 'area: "\\udc80"', r"field 'area' holds '\udc80'"),
        ("[functional, negative]", '["\\ud83d"]', r"field 'needs' has the unknown kind '\ud83d'"),
        ("impact: 5", "impact: 6", "field 'risk' has impact 6; write {likelihood: 1 to 5, impact: 1 to 5}"),
        ("impact: 5", "impact: 0", "field 'risk' has impact 0"),
        ("impact: 5", "impact: true", "field 'risk' has impact True"),
        ("impact: 5", "impact: high", "field 'risk' has impact 'high'"),
        (", impact: 5", "", "field 'risk' is {'likelihood': 3}; write"),
        ("negative", "negativ", "field 'needs' has the unknown kind 'negativ'; use functional, negative, performance"),
        ("negative", "functional", "field 'needs' names a kind twice; remove one"),
        ("[functional, negative]", "[]", "field 'needs' is []; write a list with at least one of functional"),
        ("[functional, negative]", "functional", "field 'needs' is 'functional'; write a list"),
        ("title: A title", "title: ''", "field 'title' is ''; write a text that is not empty"),
        ("title: A title", "title: 7", "field 'title' is 7; write a text that is not empty"),
        ("owner: gateway", "owner: gateway\n  owner: qa", "field 'owner' is written twice; remove one"),
    ],
)
def test_a_fault_is_named_with_its_remedy(tmp_path, old, new, problem):
    assert old in GOOD
    with pytest.raises(RegisterError, match=re.escape(problem)) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert str(tmp_path / "requirements.yaml") in str(caught.value)


def test_an_id_is_used_once(tmp_path):
    with pytest.raises(RegisterError, match="CHAT-001: id is used twice; give each one an id of its own"):
        load(tmp_path, GOOD + GOOD)


def test_one_error_names_all_problems(tmp_path):
    with pytest.raises(RegisterError) as caught:
        load(tmp_path, GOOD.replace("owner: gateway", "source: ''") + "- 7\n")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a list of requirements"),
        ("a: 1", "a list of requirements"),
        ("[", "this is not YAML, fix it"),
        ("- &a\n  id: *a", "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("- " * 100_000, "nested too deeply"),
        ("\n".join("[" * 100_000), "nested too deeply"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, text, problem):
    with pytest.raises(RegisterError, match=problem):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RegisterError, match=r"nowhere\.yaml: the register cannot be read: .*; give its path"):
        load_register(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("likelihood", "impact", "level", "severity"),
    [
        (1, 1, "low", "minor"),
        (1, 5, "low", "minor"),
        (2, 3, "medium", "normal"),
        (3, 3, "medium", "normal"),
        (3, 4, "high", "critical"),
        (4, 4, "high", "critical"),
        (4, 5, "critical", "blocker"),
        (5, 5, "critical", "blocker"),
    ],
)
def test_risk_decides_the_severity(tmp_path, likelihood, impact, level, severity):
    text = GOOD.replace("likelihood: 3, impact: 5", f"likelihood: {likelihood}, impact: {impact}")
    requirement = load(tmp_path, text).requirements["CHAT-001"]
    assert (requirement.score, requirement.level, requirement.severity) == (likelihood * impact, level, severity)


def test_the_register_of_this_project_is_good():
    assert load_register(RESOURCES / "register" / "requirements.yaml").requirements
