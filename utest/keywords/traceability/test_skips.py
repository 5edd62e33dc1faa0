from pathlib import Path

import pytest

from keywords.traceability.results import Result, Run
from keywords.traceability.rows import Row
from keywords.traceability.skips import Skips, missing_needs, sort_skips

RECORDED = {"Model": "m", "Missing need gpu": "No GPU.", "Missing need redis": "No Redis."}


def run(message, *needs, status="SKIP", metadata=RECORDED):
    row = Row("A row", "Suites.S", tuple(f"needs:{need}" for need in needs))
    return Run(Path("output.xml"), (Result(row, status, message),), metadata, "", 1.0)


@pytest.mark.parametrize(
    ("message", "needs", "kind"),
    [
        ("No GPU.", ["gpu"], "gpu"),
        ("No GPU. No Redis.", ["gpu", "redis"], "gpu and redis"),
        ("No Redis.", ["curl", "redis"], "redis"),
        # Not tagged with the need, or with another one.
        ("No GPU.", [], "unexpected"),
        ("No GPU.", ["redis"], "unexpected"),
        # Only one of the two was missing when the row came.
        ("No GPU.", ["gpu", "redis"], "unexpected"),
        # A need that went missing under way.
        ("No `curl` on the path: install it.", ["curl"], "unexpected"),
        ("No GPU. No `curl` on the path: install it.", ["curl", "gpu"], "unexpected"),
        # Skips by the row itself, by an option and by a tag, though a need is missing.
        ("Not today", ["gpu"], "unexpected"),
        ("", ["gpu"], "unexpected"),
        ("Test skipped using 'needs:gpu' tag.", ["gpu"], "unexpected"),
        ("Test skipped with --skip command line option.", [], "unexpected"),
        ("Failed test skipped using '--skip-on-failure' option.\n\nNo GPU.", ["gpu"], "unexpected"),
        ("INCONCLUSIVE: load 14.1 on 2 cores", [], "inconclusive"),
        ("It is INCONCLUSIVE: load 14.1", [], "unexpected"),
        ("DECLINED: 400, tools are not supported", [], "declined"),
        ("Skipped in parent suite setup:\nDECLINED: 404, no embeddings here", [], "declined"),
        ("Skipped in parent suite setup:\nINCONCLUSIVE: load 14.1", [], "inconclusive"),
        ("Skipped in parent suite setup:\nnot today", [], "unexpected"),
    ],
)
def test_only_a_recorded_need_of_the_row_makes_its_skip_expected(message, needs, kind):
    skips = sort_skips(run(message, *needs))
    found = [
        *skips.expected,
        *["declined"] * len(skips.declined),
        *["inconclusive"] * len(skips.inconclusive),
        *["unexpected"] * len(skips.unexpected),
    ]
    assert found == [kind]


def test_nothing_is_expected_of_a_run_that_recorded_nothing():
    assert len(sort_skips(run("No GPU.", "gpu", metadata={})).unexpected) == 1


@pytest.mark.parametrize("status", ["PASS", "FAIL", "NOT RUN"])
def test_only_skips_are_sorted(status):
    skips = sort_skips(run("No GPU.", "gpu", status=status))
    assert skips == Skips({}, (), (), (), ())


def test_the_recorded_needs_are_told_from_other_metadata():
    assert missing_needs(run("")) == {"gpu": "No GPU.", "redis": "No Redis."}
