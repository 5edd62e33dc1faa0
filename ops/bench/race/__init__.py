"""`tox run -e race`: compares this gateway with its peers on one machine, in one table.

Rounds are interleaved, so that a temporary load on the machine affects all contenders, and ratios compare figures of
the same round. The contender has one core to itself; load and upstream share another.
"""
