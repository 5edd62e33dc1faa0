"""The search for capacity finds the true one, says its interval, and does not hide doubt."""

import itertools

import pytest

from keywords.engine.load.capacity import CapacityError, Probe, find_capacity


class Server:
    """Holds up to its capacity; some levels give no verdict."""

    def __init__(self, capacity, doubtful=lambda _: False):
        self.capacity = capacity
        self.doubtful = doubtful
        self.levels = []

    def __call__(self, level):
        self.levels.append(level)
        if self.doubtful(level):
            return Probe(level, "INCONCLUSIVE", "n too small")
        return Probe(level, "PASS" if level <= self.capacity else "FAIL")


@pytest.mark.parametrize("capacity", [1, 2, 3, 7, 8, 20, 63, 64, 99])
def test_the_capacity_in_users_is_found_to_one_user(capacity):
    server = Server(capacity)
    found = find_capacity(server, first=1, most=128, whole=True, precision=0.001)
    assert (found.holds, found.breaks, found.verdict, found.problem) == (capacity, capacity + 1, "PASS", "")
    assert all(level == int(level) for level in server.levels)
    assert len(server.levels) <= 16


@pytest.mark.parametrize("capacity", [1.0, 3.7, 12.34, 95.0])
def test_the_capacity_as_a_rate_lies_in_the_interval(capacity):
    found = find_capacity(Server(capacity), first=0.5, most=100, whole=False, precision=0.05)
    assert found.holds <= capacity < found.breaks
    assert found.breaks - found.holds <= 0.05 * found.holds
    assert found.verdict == "PASS"


def test_what_holds_at_the_end_was_tried_twice():
    server = Server(20)
    find_capacity(server, first=1, most=64, whole=True, precision=0.001)
    assert server.levels.count(20) == 2


def test_nothing_above_the_end_is_tried():
    server = Server(1000)
    found = find_capacity(server, first=1, most=50, whole=True)
    assert max(server.levels) == 50
    assert (found.holds, found.breaks, found.verdict) == (50, None, "INCONCLUSIVE")
    assert str(found).startswith("at least 50; the search went no further")


def test_a_server_that_holds_nothing_is_told():
    found = find_capacity(Server(0), first=1, most=50, whole=True)
    assert (found.holds, found.breaks, found.verdict) == (None, 1, "FAIL")
    assert str(found) == "not even 1 holds (1 load runs)"


def test_no_verdict_is_never_a_pass():
    found = find_capacity(Server(10, lambda _: True), first=1, most=50, whole=True, repeats=2)
    assert (found.holds, found.breaks, found.verdict) == (None, None, "INCONCLUSIVE")
    assert [probe.level for probe in found.probes] == [1, 1, 2, 2]
    said = "1, 2 gave no verdict (n too small): run longer, or from a client that keeps up"
    assert str(found) == f"nothing can be said (4 load runs); {said}"


def test_levels_in_doubt_widen_the_interval():
    found = find_capacity(Server(20, lambda level: 18 <= level <= 22), first=1, most=64, whole=True, precision=0.001)
    assert (found.holds, found.breaks, found.verdict) == (17, 23, "INCONCLUSIVE")
    assert "18, 20, 22 gave no verdict (n too small): run longer" in found.problem


def test_a_client_that_is_the_limit_itself_is_named():
    why = "the load run is INVALID: client process 0 used 97% of a core"
    found = find_capacity(
        lambda level: Probe(level, "INCONCLUSIVE", why) if level > 4 else Probe(level, "PASS"),
        first=1,
        most=8,
        whole=True,
    )
    assert (found.holds, found.breaks, found.verdict) == (4, None, "INCONCLUSIVE")
    assert f"8 gave no verdict ({why}): " in found.problem


def test_a_level_in_doubt_below_one_that_holds_does_not_matter():
    found = find_capacity(Server(20, lambda level: level == 8), first=1, most=64, whole=True, precision=0.001)
    assert (found.holds, found.breaks, found.verdict, found.problem) == (20, 21, "PASS", "")


def test_a_level_that_breaks_when_tried_again_is_taken_back():
    tries = itertools.count()
    steady = Server(19)

    def lucky(level):
        if level == 20 and next(tries) == 0:
            return Probe(level, "PASS")
        return steady(level)

    found = find_capacity(lucky, first=1, most=64, whole=True, precision=0.001)
    assert (found.holds, found.breaks, found.verdict) == (19, 20, "INCONCLUSIVE")
    assert found.problem == "20 held at first and broke when tried again: the capacity varies"


def test_a_level_that_could_not_be_confirmed_is_told():
    tries = itertools.count()
    steady = Server(20)
    found = find_capacity(
        lambda level: Probe(level, "INCONCLUSIVE") if level == 20 and next(tries) else steady(level),
        first=1,
        most=64,
        whole=True,
        precision=0.001,
    )
    assert (found.holds, found.breaks, found.verdict) == (20, 21, "INCONCLUSIVE")
    assert (
        found.problem == "20 held once and gave no verdict when tried again: run longer, or from a client that keeps up"
    )


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"first": 0, "most": 9, "whole": True}, "begins at 0 and ends at 9"),
        ({"first": 9, "most": 1, "whole": False}, "begins at 9 and ends at 1"),
        ({"first": 1.5, "most": 9, "whole": True}, "users are whole numbers, not 1.5 to 9"),
        ({"first": 1, "most": 9, "whole": True, "precision": 0}, "the precision must be above 0"),
        ({"first": 1, "most": 9, "whole": True, "repeats": 0}, "repeats 1 or more"),
    ],
)
def test_bounds_that_do_not_go_together_are_refused(bounds, message):
    with pytest.raises(CapacityError, match=message):
        find_capacity(Server(5), **bounds)
