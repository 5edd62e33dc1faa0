"""Durations and lists of users and rates are read as they are written, or refused with the field and the remedy."""

import pytest

from keywords.engine.load.errors import LoadInputError, QuantityError
from keywords.engine.load.quantities import (
    format_duration,
    parse_count,
    parse_counts,
    parse_duration,
    parse_numbers,
    parse_rates,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        (" 30 s ", 30),
        ("5min", 300),
        ("5m", 300),
        ("1h", 3600),
        ("1h 30min", 5400),
        ("1m30s", 90),
        ("0.1 s", 0.1),
        ("250us", 0.00025),
    ],
)
def test_a_duration(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("30", "--for is '30', without a unit; write a number with its unit, such as 500ms, 30s, 5min or 1h"),
        (30, "--for is 30, without a unit; write a number with its unit, such as 500ms, 30s, 5min or 1h"),
        ("soon", "--for is 'soon', which is no duration; write a number with its unit"),
        ("", "--for is '', which is no duration"),
        ("30s later", "--for is '30s later', which is no duration"),
        ("-5s", "--for is '-5s', which is no duration"),
        ("0s", "--for is '0s'; give more than 0"),
        ("9" * 400 + "s", f"--for is '{'9' * 40}…'; give at most 100000h"),
    ],
)
def test_what_is_no_duration(given, message):
    with pytest.raises(QuantityError) as error:
        parse_duration(given, "--for")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "users"), [("1,10,20", (1, 10, 20)), (" 1, 10 ", (1, 10)), ([1, 10], (1, 10)), (7, (7,))]
)
def test_users_of_stages(given, users):
    assert parse_counts(given, "--users") == users


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("1,0", "--users has 0; give 1 or more"),
        ("1,,2", "--users is '1,,2', which is no list of numbers; write one such as 1,10,20"),
        ("", "--users is '', which is no list of numbers"),
        ([], "--users is [], which is no list of numbers"),
        ({"a": 1}, "--users has \"{'a': 1}\", which is no whole number; write a list such as 1,10,20"),
        ("1-10", "--users has '1-10', which is no whole number; write a list such as 1,10,20"),
        ("2.5", "--users has '2.5', which is no whole number"),
        ("9" * 5000, f"--users has '{'9' * 40}…'; give a number of at most 9 digits"),
        (True, "--users is True, which is no list of numbers"),
    ],
)
def test_what_is_no_list_of_users(given, message):
    with pytest.raises(QuantityError) as error:
        parse_counts(given, "--users")
    assert str(error.value).startswith(message)


def test_rates_are_per_second_whatever_they_are_written_in():
    assert parse_rates("5, 0.5/s, 90/min, 1800 /h") == (5, 0.5, 1.5, 0.5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("0", "--rate has 0, which never sends a request; give more than 0 requests per second"),
        (0, "--rate has 0, which never sends a request"),
        ("fast", "--rate has 'fast', which is no rate; write requests per second such as 5 or 0.5/s, or 90/min"),
        ("-1", "--rate has '-1', which is no rate"),
        ("inf", "--rate has 'inf', which is no rate"),
        ("9" * 400, f"--rate has '{'9' * 40}…'; give at most 1,000,000 requests per second"),
    ],
)
def test_what_is_no_rate(given, message):
    with pytest.raises(QuantityError) as error:
        parse_rates(given, "--rate")
    assert str(error.value).startswith(message)


def test_numbers_keep_their_type():
    numbers = parse_numbers("0,0.7,1,-2", "temperature")
    assert numbers == (0, 0.7, 1, -2)
    assert [type(number) for number in numbers] == [int, float, int, int]
    with pytest.raises(QuantityError, match="temperature has 'hot', which is no number"):
        parse_numbers("0,hot", "temperature")
    with pytest.raises(QuantityError, match="temperature has 'nan'"):
        parse_numbers("nan", "temperature")


def test_one_count():
    assert parse_count("100", "--requests") == 100
    with pytest.raises(QuantityError, match="--requests is '1,2'; give one number"):
        parse_count("1,2", "--requests")


@pytest.mark.parametrize(("seconds", "text"), [(0.5, "500 ms"), (10, "10 s"), (0.00025, "250 us"), (0.0015, "1.5 ms")])
def test_a_duration_is_written_so_that_it_can_be_read(seconds, text):
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds


def test_one_exception_stands_for_all_bad_input():
    assert issubclass(QuantityError, LoadInputError)
