import httpx2
import pytest
from robot.api import SkipExecution

from keywords.run import target
from keywords.security.key_guesses import KeyGuessesLibrary

KEY = "sk-proj-Zr4bQ9mW2xLc"
guesses = KeyGuessesLibrary()


@pytest.fixture
def key(gateway, monkeypatch):  # noqa: ARG001  # the gateway brings a key of its own
    def give(value):
        monkeypatch.setattr(target, "api_key", lambda: value)

    give(KEY)
    return give


@pytest.fixture
def local(gateway):
    gateway.client.base_url = "http://127.0.0.1:1"
    return gateway


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("guess", "sent"),
    [
        ("beginning", "Bearer sk-proj-Zr4bQ9mW2xL"),
        ("longer", "Bearer sk-proj-Zr4bQ9mW2xLcx"),
        ("other case", "Bearer SK-PROJ-zR4Bq9Mw2XlC"),
        ("empty", "Bearer"),
        ("none", None),
    ],
)
def test_a_guess_is_sent_in_place_of_the_key(gateway, guess, sent):
    guesses.ask_with_guess(guess, "models")
    assert gateway.asked[0].headers.get("authorization") == sent


@pytest.mark.usefixtures("key")
def test_the_key_in_the_address_stands_in_no_record(local):
    exchange = guesses.ask_with_guess("in the address", "chat")
    assert f"api_key={KEY}" in str(local.asked[0].url)
    assert "authorization" not in local.asked[0].headers
    assert KEY not in repr(exchange)


@pytest.mark.usefixtures("key")
def test_the_key_is_not_written_into_the_log_of_another_machine():
    with pytest.raises(SkipExecution, match="logs of another machine"):
        guesses.ask_with_guess("in the address", "chat")


def test_a_key_without_letters_has_no_other_case(key):
    key("0123456789")
    with pytest.raises(SkipExecution, match="no letter"):
        guesses.ask_with_guess("other case", "chat")


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(("status", "refused"), [(400, True), (401, True), (501, True), (200, False), (500, False)])
def test_a_guess_that_gets_in_is_found(gateway, status, refused):
    gateway.answers(status, json={})
    exchange = guesses.ask_with_guess("wrong", "embeddings")
    if refused:
        guesses.guess_should_be_refused(exchange)
    else:
        with pytest.raises(AssertionError, match=f"without the right key should be refused .* answered with {status}"):
            guesses.guess_should_be_refused(exchange)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("response", "shows"),
    [
        ({"json": {"error": {"message": "No."}}}, False),
        ({"json": {"error": {"message": f"Not {KEY}."}}}, True),
        ({"json": {"error": {"message": "Not sk-proj-Zr4bQ9mW…"}}}, True),
        ({"json": {"error": {"message": "A key begins with sk-proj-."}}}, False),
        ({"headers": {"x-key": KEY}, "json": {}}, True),
    ],
)
def test_a_part_of_the_right_key_in_an_answer_is_found_and_not_repeated(gateway, response, shows):
    gateway.answers(400, **response)
    refusals = guesses.send_bad_requests()
    if not shows:
        guesses.answers_should_not_show_key(None, *refusals)
        return
    with pytest.raises(AssertionError, match="should not repeat the key, but hold") as failure:
        guesses.answers_should_not_show_key(None, *refusals)
    assert "Zr4b" not in str(failure.value)


def test_the_first_characters_of_a_wrong_key_in_its_refusal_are_found(gateway):
    def repeat(request):
        sent = request.headers["authorization"].removeprefix("Bearer ")
        return httpx2.Response(401, json={"error": {"message": f"Wrong key: {sent[:8]}…"}})

    gateway.answer = repeat
    exchange, key = guesses.refuse_random_key()
    with pytest.raises(AssertionError, match="hold 8 of its 40 characters in succession"):
        guesses.answers_should_not_show_key(key, exchange)


def test_a_key_that_is_too_short_is_not_searched_for(key):
    key("sk-short")
    with pytest.raises(SkipExecution, match="fewer than 8 characters"):
        guesses.answers_should_not_show_key(None)


def test_a_traceback_in_an_error_is_found(gateway):
    gateway.answers(400, json={"error": {"message": "No."}})
    guesses.answers_should_show_no_insides(*guesses.send_bad_requests())
    gateway.answers(500, text='Traceback (most recent call last):\n  File "/srv/x.py", line 1')
    with pytest.raises(AssertionError, match=r"answer 500 to POST .* should reveal nothing .* shows a traceback"):
        guesses.answers_should_show_no_insides(*guesses.send_bad_requests())
