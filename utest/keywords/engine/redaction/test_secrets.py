import base64
import html
import json
from urllib.parse import quote

import pytest

from keywords.engine.redaction.secrets import LONGEST, TEXT_LIMIT, Secrets

KEY = 'sk-Live/9"x<Yz&7+QwErT4\\m2'
PLAIN_KEY = "qa-3f9c0d27a1b84e56"


def secrets(*values):
    known = Secrets()
    for value in values or (KEY, PLAIN_KEY):
        known.protect(value)
    return known


def spelled(pattern, text=KEY):
    return "".join(pattern.format(ord(character)) for character in text)


def in_base64(text, before=b"", encode=base64.b64encode):
    return encode(before + text.encode() + b"?").decode()


FORMS = {
    "plain": KEY,
    "upper case": KEY.upper(),
    "lower case": KEY.lower(),
    "JSON": json.dumps(KEY)[1:-1],
    "JSON with escaped slashes": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "JSON, each character": spelled("\\u{:04x}"),
    "JSON, each character, upper case": spelled("\\u{:04X}"),
    "JSON in JSON": json.dumps(json.dumps(KEY))[3:-3],
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps(KEY)))[7:-7],
    "Python": repr(KEY)[1:-1],
    "Python, each character": spelled("\\x{:02x}"),
    "HTML": html.escape(KEY),
    "HTML, decimal": spelled("&#{};"),
    "HTML, hexadecimal": spelled("&#x{:x};"),
    "HTML of JSON": html.escape(json.dumps(KEY)[1:-1]),
    "URL": quote(KEY, safe=""),
    "URL, lower case": quote(KEY, safe="").replace("%2F", "%2f").replace("%3C", "%3c"),
    "URL with slashes": quote(KEY),
    "URL, each character": spelled("%{:02x}"),
    "URL twice": quote(quote(KEY, safe=""), safe=""),
    "base64": base64.b64encode(KEY.encode()).decode().rstrip("="),
    "base64 after one byte": in_base64(KEY, b"x"),
    "base64 after two bytes": in_base64(KEY, b"xy"),
    "base64 of user and key": in_base64(KEY, b"user:"),
    "base64 for URLs": in_base64(KEY, b"u:", base64.urlsafe_b64encode),
    "base64 in a URL": quote(in_base64(KEY, b"user:"), safe=""),
    "hexadecimal": KEY.encode().hex(),
    "hexadecimal, upper case": KEY.encode().hex().upper(),
    "hexadecimal with spaces": KEY.encode().hex(" "),
    "hexadecimal with colons": KEY.encode().hex(":"),
    "UTF-16": KEY.encode("utf-16-be").decode(),
}


def pieces_of(text, length=8):
    return {text[start : start + length] for start in range(len(text) - length + 1)}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_found_in_each_form(form):
    redacted = secrets().redact(f"[Bearer {form}] rest".encode()).decode()
    assert redacted.startswith("[Bearer ")
    assert redacted.endswith("] rest")
    assert "<secret>" in redacted
    assert not [piece for piece in pieces_of(form) if piece in redacted]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_value_that_no_one_protects_stays(form):
    assert secrets(PLAIN_KEY).redact(form.encode()) == form.encode()


@pytest.mark.parametrize("after", ["", "...", "…", " ", "\n    [ Message content over the limit has been removed. ]"])
@pytest.mark.parametrize("length", [8, 12, len(PLAIN_KEY) - 1])
def test_the_beginning_of_a_secret_before_a_cut_is_found(after, length):
    assert secrets().clean(f"Bearer {PLAIN_KEY[:length]}{after}") == f"Bearer <secret>{after}"


@pytest.mark.parametrize("key", ["only-lower-case-words", PLAIN_KEY])
def test_a_cut_is_found_whatever_the_secret_looks_like(key):
    assert secrets(key).clean(f"provided: {key[:9]}...") == "provided: <secret>..."
    assert secrets(key).clean(f"...{key[-9:]} was given") == "...<secret> was given"


@pytest.mark.parametrize("before", range(9))
@pytest.mark.parametrize("after", range(5))
@pytest.mark.parametrize("key", ["qa-12345", PLAIN_KEY])
def test_a_secret_is_found_at_each_place_of_a_text(key, before, after):
    text = b"-" * before + b"%b" + b"-" * after
    assert secrets(key).redact(text % key.encode()) == text % b"<secret>"


@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("first", range(len(PLAIN_KEY) - 8))
def test_each_piece_of_eight_characters_is_found_at_each_place(before, first):
    piece = PLAIN_KEY[first : first + 8]
    text = f"{'x' * before} {piece}".encode()
    assert secrets(PLAIN_KEY).redact(text).endswith(b" <secret>")


def test_fewer_than_eight_characters_are_no_piece():
    assert secrets().clean(f"Bearer {PLAIN_KEY[:7]}") == f"Bearer {PLAIN_KEY[:7]}"


@pytest.mark.parametrize(
    "text",
    [
        f"[Chunk(data=b'{PLAIN_KEY[:9]}'), Chunk(data=b'{PLAIN_KEY[9:]}')]",
        f"first {PLAIN_KEY[:10]}\nsecond {PLAIN_KEY[10:]}9",
        f'{{"a": "{PLAIN_KEY[3:12]}"}}',
        f"{PLAIN_KEY[:10]}*****{PLAIN_KEY[-4:]}",
        f"a\\n{PLAIN_KEY[8:]}",
    ],
)
def test_a_piece_that_stands_alone_is_found(text):
    cleaned = secrets().clean(text)
    assert "<secret>" in cleaned
    assert not [piece for piece in pieces_of(PLAIN_KEY) if piece in cleaned]


@pytest.mark.parametrize("text", ["llm-gateway-qa is up", "the llm-gateway-qa", "gateway-qa-secrets"])
def test_words_that_a_secret_shares_with_innocent_texts_stay(text):
    assert secrets("llm-gateway-qa-secret-1").clean(text + ".") == text + "."


def event(text, index=0):
    return f'data: {{"choices":[{{"index":{index},"delta":{{"content":{json.dumps(text)}}}}}]}}\n\n'


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_secret_spread_over_the_events_of_a_stream_is_found(size):
    pieces = [KEY[start : start + size] for start in range(0, len(KEY), size)]
    other = iter("none of this is a secret of anybody at all")
    stream = "".join(event(piece) + event(next(other), index=1) for piece in pieces)
    cleaned = secrets().redact((event("before ") + stream + event(" after")).encode()).decode()
    events = [json.loads(line[6:])["choices"][0] for line in cleaned.splitlines() if line]
    texts = [one["delta"]["content"] for one in events if one["index"] == 0]
    assert texts == ["before ", *["<secret>"] * len(pieces), " after"]
    assert "".join(one["delta"]["content"] for one in events if one["index"] == 1).startswith("none o")


@pytest.mark.parametrize("form", ["data: {}\n\n", "data:{}\r\n\r\n"])
def test_a_secret_spread_over_events_of_plain_text_is_found(form):
    pieces = [PLAIN_KEY[start : start + 3] for start in range(0, len(PLAIN_KEY), 3)]
    cleaned = secrets().redact("".join(form.format(piece) for piece in ["before", *pieces, "[DONE]"]).encode()).decode()
    assert [line.removeprefix("data:").strip() for line in cleaned.split("\n") if line.strip()] == [
        "before",
        *["<secret>"] * len(pieces),
        "[DONE]",
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_secret_spread_over_the_tokens_of_an_answer_is_found(indent):
    pieces = [PLAIN_KEY[start : start + 3] for start in range(0, len(PLAIN_KEY), 3)]
    tokens = [{"token": piece, "logprob": -0.5} for piece in pieces]
    cleaned = json.loads(secrets().redact(json.dumps({"content": tokens}, indent=indent).encode()))
    assert [one["token"] for one in cleaned["content"]] == ["<secret>"] * len(pieces)


def test_a_representation_of_a_stream_is_searched_like_the_stream():
    stream = "".join(event(character) for character in PLAIN_KEY)
    assert '"content":"3"' not in secrets().clean(repr(stream.encode()))


def test_pieces_of_a_body_are_cut_after_redaction():
    pieces = [b"x" * 5 + PLAIN_KEY[:4].encode(), PLAIN_KEY[4:].encode() + b"y", b"z"]
    assert secrets().redact_pieces(pieces) == [b"xxxxx<secret>", b"<secret>y", b"z"]


@pytest.mark.parametrize("secret", ["", "EMPTY", "none", "1234567"])
def test_what_is_too_short_is_not_looked_for(secret):
    known = Secrets()
    assert known.protect(secret) is False
    assert known.clean(f"test {secret} none") == f"test {secret} none"


def test_a_short_password_in_an_address_is_found_by_its_place():
    cleaned = Secrets().clean("GET http://user:pw@127.0.0.1:8080/v1 and redis://:pw@h/0, ssh://git@example.org")
    assert cleaned == "GET http://<secret>@127.0.0.1:8080/v1 and redis://<secret>@h/0, ssh://git@example.org"


def test_the_password_of_an_address_is_found_in_other_places():
    known = Secrets()
    known.protect_address("http://user:s3cr%2Ft-pw@host:1/v1")
    basic = base64.b64encode(b"user:s3cr/t-pw").decode()
    cleaned = known.clean(f"s3cr/t-pw s3cr%2Ft-pw Basic {basic}")
    # The last character of base64 holds a few bits of the secret and others.
    assert cleaned.rstrip("=")[:-1] == "<secret> <secret> Basic <secret>"


def test_the_environment_names_its_secrets():
    known = Secrets()
    known.protect_environment(
        {
            "OPENAI_API_KEY": "sk-of-openai-1",
            "HF_TOKEN": "hf_abcdefgh1",
            "GATEWAY_API_KEYS": "key-number-1,key-number-2",
            "REDIS_URL": "redis://:of-redis-9@host/0",
            "SSH_KEY": "/home/user/.ssh/id_rsa",
            "PATH_TO_NOTHING": "innocent-value-1",
        }
    )
    text = "sk-of-openai-1 hf_abcdefgh1 key-number-1 key-number-2 of-redis-9"
    assert known.clean(text) == " ".join(["<secret>"] * 5)
    assert known.clean("/home/user/.ssh/id_rsa innocent-value-1") == "/home/user/.ssh/id_rsa innocent-value-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CI_JOB_TOKEN", "disabled"),
        ("CANCEL_TOKEN", "truetrue"),
        ("SORT_KEY", "created_at"),
        ("ALLOWED_KEYS", "authorization, content-type"),
        ("SSH_KEY", "~/.ssh/id_ed25519"),
        ("TLS_KEY", "./keys/server1.pem"),
        ("TLS_KEY", "C:\\keys\\server1.pem"),
        ("TLS_KEY", "/usr/no-such-folder-1/id_ed25519"),
    ],
)
def test_a_word_or_a_path_in_the_environment_is_no_secret(name, value):
    known = Secrets()
    known.protect_environment({name: value})
    assert known.clean(f"it is {value}") == f"it is {value}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", "/K7MDENG/bPxRfiCYEXAMPLEKEY+wJalrXUtnFEMI"),
        ("DB_PASSWORD", "swordfish"),
        ("HF_TOKEN", "abcdefghijklmnopqr"),
        ("OPENAI_API_KEY", "opensesame"),
    ],
)
def test_a_secret_in_the_environment_is_found_whatever_it_looks_like(name, value):
    known = Secrets()
    known.protect_environment({name: value})
    assert known.clean(f"it is {value}!") == "it is <secret>!"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("half \ud83d", "half \\ud83d"),
        ("a\x00b\x1b[31mred\x7f\x9b", "a\\x00b\\x1b[31mred\\x7f\\x9b"),
        ("\ufffe \uffff", "\\ufffe \\uffff"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("a\r\nb\rc\td", "a\nb\\x0dc\td"),
        ("Grüße 😀 \u200d", "Grüße 😀 \u200d"),
    ],
)
def test_what_breaks_files_is_shown_as_an_escape(text, shown):
    assert Secrets().clean(text) == shown


def test_a_huge_text_is_cut_but_not_within_a_secret():
    known = secrets()
    cleaned = known.clean("x" * (TEXT_LIMIT - 10) + PLAIN_KEY + "y" * 50_000_000)
    assert cleaned.endswith(f"xxx<secret>… ({50_000_000 + len(PLAIN_KEY) - 10} characters left out)")


def test_a_secret_beyond_ascii_is_found_and_leaves_no_broken_text():
    assert secrets("Schlüssel-äöü-9").clean("der Schlüssel-äöü-9!") == "der <secret>!"
    assert "\ufffd" not in secrets("Schlüssel-äöü-9").clean("der Schlüssel-äö").replace("<secret>", "")


def test_what_is_longer_than_any_key_is_no_secret():
    secrets = Secrets()
    assert secrets.protect("k1" * (LONGEST // 2))
    assert not secrets.protect("k2" * (LONGEST // 2) + "k")
