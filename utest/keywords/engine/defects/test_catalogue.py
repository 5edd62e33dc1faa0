"""Each defect of the catalogue spoils on the wire what it says, and nothing else."""

import pytest

from keywords.engine.defects.catalogue import CATALOGUE, UnknownDefectError, choose
from keywords.engine.defects.changes import pass_on


@pytest.fixture(scope="module")
def sound():
    return {}


def covered(fact, claims):
    """Whether a claim names the fact, or a part that holds it; `answer.body` is an answer but its head."""
    head = fact.startswith(("answer.status", "answer.header", "stream.status", "stream.header"))
    return any(
        fact == claim
        or fact.startswith(f"{claim}.")
        or (claim.endswith(".body") and not head and fact.startswith(claim.removesuffix("body")))
        for claim in claims
    )


@pytest.mark.parametrize("defect", CATALOGUE, ids=lambda defect: defect.slug)
def test_a_defect_spoils_what_it_says_and_nothing_else(defect, sound, observe):
    if not sound:
        sound.update(observe(lambda: pass_on))
    spoilt = observe(defect.plant)
    unclaimed, found = {}, set()
    for probe, facts in sound.items():
        names = facts.keys() | spoilt[probe].keys()
        differing = {name for name in names if facts.get(name, ...) != spoilt[probe].get(name, ...)}
        found |= {claim for claim in defect.spoils for name in differing if covered(name, [claim])}
        # A changed request gets another answer: that is its effect, not another defect.
        followed = any(name.startswith("request.") for name in differing)
        unclaimed |= {
            (probe, name): (facts.get(name), spoilt[probe].get(name))
            for name in differing
            if not covered(name, defect.spoils) and not (followed and not name.startswith("request."))
        }
    assert not unclaimed
    assert found == set(defect.spoils)


def test_the_wire_alone_spoils_nothing(observe):
    assert observe(lambda: pass_on) == observe(lambda: pass_on)


def test_names_are_unique_and_say_what_a_user_suffers():
    assert len({defect.slug for defect in CATALOGUE}) == len(CATALOGUE)
    assert all(defect.harm.endswith(".") and defect.requirements for defect in CATALOGUE)


def test_a_defect_is_chosen_by_its_name_or_its_folder():
    assert [one.name for one in choose(["Id constant", "tools-ignored"])] == ["tools ignored", "id constant"]
    assert choose([]) == CATALOGUE
    with pytest.raises(UnknownDefectError, match="'tools ignord'; did you mean tools ignored"):
        choose(["tools ignord"])
