from keywords.engine.load.items import Turn
from keywords.engine.load.turn_cache import TurnCache


def turn(text):
    return Turn(({"role": "user", "content": text},))


def test_a_turn_that_comes_again_is_not_made_again():
    made = []
    cache = TurnCache(lambda turn: made.append(turn) or turn.messages[0]["content"])
    first, other = turn("a"), turn("b")
    assert [cache.of(each) for each in (first, other, first, other)] == ["a", "b", "a", "b"]
    assert len(made) == 2


def test_turns_that_come_once_take_no_more_memory_in_the_end_and_none_is_taken_for_another():
    cache = TurnCache(lambda turn: turn.messages[0]["content"])
    assert all(cache.of(turn(str(number))) == str(number) for number in range(5000))
    assert len(cache._kept) == 1000
