*** Settings ***
Documentation       Its first row puts a file where the evidence belongs.

Library             OperatingSystem
Library             keywords.hooks.listener.TraceabilityListener
Resource            ../../../resources/gateway.resource

Suite Setup         Open Run Context

Test Tags           req:SELF-012    kind:functional


*** Test Cases ***
A row takes away the folder of evidence
    Remove Directory    ${OUTPUT DIR}/evidence    recursive=True
    Create File    ${OUTPUT DIR}/evidence

A row comes after it
    Log    This row must not be run.
