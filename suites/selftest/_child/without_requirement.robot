*** Settings ***
Documentation       Breaks the rule that each row names its requirement.

Library             keywords.hooks.listener.TraceabilityListener

Test Tags           kind:functional


*** Test Cases ***
A row that proves nothing
    Log    This row must not be run.
