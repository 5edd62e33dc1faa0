*** Settings ***
Documentation       A small project with a register of its own, for the rows about the decision to ship.

Library             keywords.hooks.listener.TraceabilityListener
