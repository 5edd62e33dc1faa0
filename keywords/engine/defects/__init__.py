"""Gateways with a planted defect: a sound `gateway` behind a wire that spoils what it says.

`python -m keywords.engine.defects DEFECT serve …` runs in place of `gateway serve …`. Nothing here knows the gateway's
insides, and the gateway knows of no defect: all of them are planted between it and its client, its log or its ledger.
"""
