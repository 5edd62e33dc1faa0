"""`tox run -e race`: this gateway beside its peers, on one machine, in one table.

Everything is measured in interleaved rounds, so that a machine that is busy for a while is busy for all contenders, and
ratios are taken between figures of the same round. The contender has one core for itself; load and upstream share
another.
"""
