*** Settings ***
Documentation       The acceptance suite of the gateway. It starts the embedded gateway on a free port, runs, and
...                 stops it; with `-v GATEWAY_URL:http://host:port` it attaches to any OpenAI-compatible server
...                 instead, and rows that need what that server lacks are skipped with the reason.

Library             keywords.hooks.listener.TraceabilityListener
Resource            ../resources/gateway.resource

Suite Setup         Open Run Context
Suite Teardown      Release Target
Test Timeout        3 minutes

Name                Acceptance
