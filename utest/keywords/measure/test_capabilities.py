"""What a row says of a capability: it shows, it does not, the server cannot, or the question stays open."""

import json

import httpx2
import pytest
from robot.api import SkipExecution

from keywords.measure.capabilities import CapabilitiesLibrary


def test_what_shows_passes(gateway, make):
    gateway.answer = lambda request: httpx2.Response(
        200, json=make.completion(str(json.loads(request.content).get("logit_bias")))
    )
    CapabilitiesLibrary().answer_should_show("logit_bias")


@pytest.mark.usefixtures("gateway")
def test_what_does_not_show_fails_with_the_reason():
    with pytest.raises(AssertionError, match=r"^logit_bias: the highest bias .* should .* both are 'OK'"):
        CapabilitiesLibrary().answer_should_show("logit_bias")


@pytest.mark.parametrize("status", [400, 422, 501])
def test_the_servers_statement_skips(gateway, status):
    gateway.answers(status, json={"error": {"message": "'logit_bias' is not supported"}})
    with pytest.raises(SkipExecution, match=f"about logit_bias, and the server refuses 'logit_bias' with {status}"):
        CapabilitiesLibrary().answer_should_show("logit_bias")


def test_a_refusal_that_names_another_field_fails(gateway):
    gateway.answers(400, json={"error": {"message": "'temperature' is wrong", "param": "temperature"}})
    with pytest.raises(AssertionError, match="logit_bias: refused with 400 for 'temperature'"):
        CapabilitiesLibrary().answer_should_show("logit_bias")


def test_a_model_that_takes_no_temperature_skips_what_needs_it(gateway):
    error = {"message": "Only the default (1) is supported.", "param": "temperature", "code": "unsupported_value"}
    gateway.answers(400, json={"error": error})
    with pytest.raises(SkipExecution, match=r"^DECLINED: .* a field beside it with 400, unsupported_value"):
        CapabilitiesLibrary().answer_should_show("logit_bias")


@pytest.mark.usefixtures("gateway")
def test_what_the_model_leaves_open_skips():
    with pytest.raises(SkipExecution, match=r"^INCONCLUSIVE: the model answers neither question"):
        CapabilitiesLibrary().answer_should_show("the last question")
