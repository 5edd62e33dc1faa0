"""Secrets, and parts of them, in texts of others."""

import pytest

from gateway.text.secrets import SecretFilter

KEY = "sk-canary-0123456789-abcdefghijklmnop"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Not with {key}.", "Not with <key>."),
        ("{key}", "<key>"),
        ("{key}{key} and {key}", "<key><key> and <key>"),
        ("Bearer {key}, again", "Bearer <key>, again"),
        ("b'{key}\\n'", "b'<key>\\n'"),
        ("cut within " + KEY[:20], "cut within <key>"),
        ("cut within " + KEY[:8], "cut within <key>"),
        ("cut before " + KEY[-12:], "cut before <key>"),
        (KEY[:12] + "…" + KEY[-8:], "<key>…<key>"),
        (KEY[:7] + " is too short to tell", KEY[:7] + " is too short to tell"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_a_key_and_its_parts_are_hidden(text, shown):
    assert SecretFilter([KEY]).hide(text.replace("{key}", KEY)) == shown


def test_a_short_key_is_hidden_as_a_whole_only():
    assert SecretFilter(["abc", ""]).hide("abc ab") == "<key> ab"


def test_nothing_is_hidden_without_secrets():
    assert SecretFilter().hide("x" * 20) == "x" * 20


def test_a_renewed_key_and_the_one_before_are_hidden():
    secrets = SecretFilter()
    keys = [f"{number}-{KEY[::-1]}"[:20] + str(number) * 8 for number in range(9)]
    for key in keys:
        secrets.add(key)
    assert secrets.hide(f"{keys[8]} {keys[7]}") == "<key> <key>"


def test_of_a_text_without_end_only_the_beginning_is_read():
    assert len(SecretFilter([KEY]).hide("x" * 5_000_000)) == 10_000


@pytest.mark.parametrize("at", range(440, 505))
def test_no_cut_leaves_a_part_of_a_key(at):
    shown = SecretFilter([KEY]).hide("x" * at + KEY + "y" * 600)[:500]
    assert not any(KEY[start : start + 8] in shown for start in range(len(KEY) - 7))
