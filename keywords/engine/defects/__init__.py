"""Gateways with a planted defect: a sound `gateway` behind a wire that spoils its output.

`python -m keywords.engine.defects DEFECT serve …` runs in place of `gateway serve …`. The defects lie between the
gateway and its client, its log or its ledger; neither side knows the other's insides.
"""
