import pytest
from allure_commons.mapping import parse_tag

from keywords.traceability.register.register import load_register
from keywords.traceability.rows import Row, allure_tags, source_url, tag_problems


@pytest.fixture
def register(project):
    return load_register(project.root / "resources/register/requirements.yaml")


def row(*tags, name="A row", suite="Suites.Api"):
    return Row(name, suite, tags)


def test_the_families_that_exist_are_accepted(register):
    tags = ("req:CHAT-001", "kind:functional", "kind:negative", "needs:own-gateway", "smoke", "robot:flatten")
    assert tag_problems(row(*tags), register) == []


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        (("kind:functional",), "has no requirement; tag it req:<id>"),
        (("req:CHAT-001",), "has no kind; tag it, or its suite by Test Tags, with one of kind:functional"),
        (("req:CHAT-01", "kind:functional"), "holds no such requirement (did you mean CHAT-001?)"),
        (("req:chat-001", "kind:functional"), "(did you mean CHAT-001?)"),
        (("req:XYZ-999", "kind:functional"), "holds no such requirement; fix the tag or add it there"),
        (("req:CHAT-001", "kind:funny"), "of an unknown kind; use one of kind:functional"),
        (("req:CHAT-001", "kind:functional", "slow"), "has tag 'slow' of no known family"),
        (("req:CHAT-001", "kind:functional", "req"), "has tag 'req' of no known family"),
        (("req:CHAT-001", "kind:functional", "owner:me"), "has tag 'owner:me' of no known family"),
        (
            ("req:CHAT-001", "kind:functional", "needs:gupp"),
            "of a need that nobody can check; use one of needs:api-key, needs:browser",
        ),
        (("req:CHAT-001", "kind:functional", "smoke", "nightly"), "is both smoke and nightly"),
    ],
)
def test_a_broken_tag_rule_is_named_with_its_remedy(register, tags, problem):
    problems = tag_problems(row(*tags), register)
    assert len(problems) == 1
    assert problems[0].startswith("row 'Suites.Api.A row' ")
    assert problem in problems[0]


@pytest.mark.parametrize(
    "name", [r"Path C:\\\\temp is kept", "Limit of ${N} holds", "All of @{ITEMS} hold", "%{HOME} is read"]
)
def test_a_name_that_robot_would_replace_is_a_finding(register, name):
    (problem,) = tag_problems(row("req:CHAT-001", "kind:functional", name=name), register)
    assert "has a variable or a backslash in its name" in problem
    assert tag_problems(row("req:CHAT-001", "kind:functional", name="{a} costs $5, 3% @home"), register) == []


def test_the_stable_id_survives_a_move_and_further_tags():
    before = row("req:A-001", "req:B-001")
    after = row("req:B-001", "smoke", "req:A-001", suite="Elsewhere")
    assert before.stable_id == after.stable_id
    assert before.stable_id < 2**53  # JavaScript's exact integers


def test_the_stable_id_tells_rows_apart():
    ids = {row("req:A-001").stable_id, row("req:A-002").stable_id, row("req:A-001", name="Another").stable_id}
    assert len(ids) == 3


def test_allure_reads_what_the_register_knows(register):
    tags = allure_tags(row("req:CHAT-001", "req:STRM-001", "kind:negative"), register)
    read = [parse_tag(tag) for tag in tags]
    labels = {(one.name, str(one.value)) for one in read if not hasattr(one, "url")}
    assert labels == {
        ("ALLURE_ID", str(row("req:CHAT-001", "req:STRM-001").stable_id)),
        ("kind", "negative"),
        ("epic", "Chat"),
        ("epic", "Streaming"),
        ("feature", "CHAT-001 A question is answered: plainly"),
        ("feature", "STRM-001 A stream ends properly"),
        ("requirement", "CHAT-001"),
        ("requirement", "STRM-001"),
        ("owner", "gateway"),
        ("severity", "critical"),
    }
    links = [(one.name, one.url) for one in read if hasattr(one, "url")]
    assert links == [("CHAT-001 source", "https://github.com/somebody/something/issues/12")]


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (None, None),
        ("the user's document", None),
        ("see https://example.org/a?b=c, page 3", "https://example.org/a?b=c"),
        ("Portkey-AI/gateway#1797 shows it", "https://github.com/Portkey-AI/gateway/issues/1797"),
    ],
)
def test_a_source_gives_a_link_if_it_names_one(source, url):
    assert source_url(source) == url
