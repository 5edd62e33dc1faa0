"""Cost is tokens times price, as the gateway's ledger has it, and says what it leaves out."""

import math
from pathlib import Path

import pytest

from gateway.config.observability import Price as GatewayPrice
from keywords.engine.load.metrics.cost import Price, PriceError, cost, price_of, read_prices
from utest.keywords.engine.load.metrics.samples import answer, failure, summary

PRICE = Price(input_per_million=0.15, output_per_million=0.6)


def test_the_gateway_has_the_same_price():
    found = cost(summary(answer(prompt_tokens=1234, output_tokens=567)), PRICE)
    assert math.isclose(found.dollars, GatewayPrice(input_per_million=0.15, output_per_million=0.6).of(1234, 567))
    assert math.isclose(found.dollars, 1234 * 0.15e-6 + 567 * 0.6e-6)
    assert (found.per_answer, found.priced, found.unpriced) == (found.dollars, 1, 0)


def test_failed_requests_with_usage_cost_and_unknown_ones_are_told():
    found = cost(
        summary(
            answer(prompt_tokens=100, output_tokens=10),
            failure(prompt_tokens=100, output_tokens=10, tokens_source="usage"),
            failure(),
            answer(tokens_source="chunks"),
            answer(prompt_tokens=9, stage=-1),
        ),
        PRICE,
    )
    one = 100 * 0.15e-6 + 10 * 0.6e-6
    assert math.isclose(found.dollars, 2 * one)
    assert math.isclose(found.per_answer, one)
    assert (found.priced, found.unpriced) == (2, 2)
    assert (
        str(found)
        == f"$ {2 * one:.6g} for 2 requests, $ {one:.6g} a whole answer; 2 requests without usage are not in it"
    )


def test_a_table_is_read(tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text("m:\n  input_per_million: 1\n  output_per_million: 2.5\n")
    assert read_prices(file) == {"m": Price(input_per_million=1, output_per_million=2.5)}
    file.write_text("")
    assert read_prices(file) == {}


def test_the_projects_own_table_is_one():
    assert read_prices(Path(__file__).parents[5] / "variables" / "prices.yaml")


def test_a_model_without_a_price_is_told():
    assert price_of({"m": PRICE}, "m") == PRICE
    assert price_of({}, "m") is None
    with pytest.raises(PriceError, match="the table of prices has none of 'x', only of m, n; add the model to it"):
        price_of({"m": PRICE, "n": PRICE}, "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("m: [", "cannot be read"),
        ("- m", "the file: .*write input_per_million"),
        ("m: {input_per_million: 1}", "m.output_per_million: Field required"),
        ("m: {input_per_million: -1, output_per_million: 1}", "m.input_per_million: Input should be greater"),
        ("m: {input_per_million: 1, output_per_million: .inf}", "m.output_per_million: Input should be a finite"),
        ("m: {input_per_million: 1, output_per_million: 1, per_image: 1}", "m.per_image: Extra inputs"),
    ],
)
def test_a_wrong_table_is_refused_by_field(tmp_path, content, message):
    file = tmp_path / "prices.yaml"
    file.write_text(content)
    with pytest.raises(PriceError, match=message):
        read_prices(file)


def test_a_missing_table_is_told(tmp_path):
    with pytest.raises(PriceError, match=r"cannot be read: .*No such file"):
        read_prices(tmp_path / "prices.yaml")
