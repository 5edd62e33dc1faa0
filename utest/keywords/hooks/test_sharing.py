"""The order in which processes that share a run visit the suites."""

import pytest
from robot import running

from keywords.hooks.sharing import sort_longest_first


def tree(**folders):
    root = running.TestSuite("All")
    for folder, files in folders.items():
        suite = root.suites.create(folder)
        for file, rows in files.items():
            child = suite.suites.create(file)
            for number in range(rows):
                child.tests.create(str(number))
    return root


def order(root):
    return [child.name for suite in root.suites for child in suite.suites]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"All.A.One": 1, "All.A.Two": 2, "All.B.Three": 9, "All.B.Four": 0.5}, ["Three", "Four", "Two", "One"]),
        # The folder with the longest suite comes first, whatever its suites take together.
        ({"All.A.One": 5, "All.A.Two": 5, "All.B.Three": 6, "All.B.Four": 0.1}, ["Three", "Four", "One", "Two"]),
        # Without an earlier run, the suites with the most rows.
        ({}, ["Four", "Three", "One", "Two"]),
        # A new suite comes after those that are known.
        ({"All.A.Two": 2, "All.A.One": 1, "All.B.Three": 1.5}, ["Two", "One", "Three", "Four"]),
    ],
)
def test_the_longest_suites_come_first(seconds, expected):
    root = tree(A={"One": 3, "Two": 1}, B={"Three": 4, "Four": 5})
    sort_longest_first(root, seconds)
    assert order(root) == expected
