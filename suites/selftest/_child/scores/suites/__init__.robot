*** Settings ***
Documentation       A small project whose release depends on the scores of a model.
Metadata            Model    scripted

Library             keywords.hooks.listener.TraceabilityListener


*** Variables ***
# The baselines of this environment.
${ABSTENTION_MIN}    0.5
${ANSWERING_MIN}     0
