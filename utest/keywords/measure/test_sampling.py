import httpx2
import pytest
from assertionengine import AssertionOperator

from keywords.measure.sampling import SamplingLibrary


def test_a_share_with_its_bounds(gateway, make):
    gateway.answer = lambda _: httpx2.Response(200, json=make.completion("OK" if len(gateway.asked) % 4 == 0 else "no"))
    library = SamplingLibrary()
    result = library.ask_with_many_seeds("Say OK", 20, seed=5)
    assert [body["seed"] for body in gateway.bodies] == list(range(5, 25))
    assert library.get_share_of_answers_containing(result, "OK") == 0.25
    assert library.get_share_of_answers_containing(result, "ok") == 0
    assert library.get_share_of_answers_containing(result, "OK", "lower bound") == pytest.approx(0.1041, abs=1e-4)
    assert library.get_share_of_answers_containing(result, "OK", "upper bound") == pytest.approx(0.4556, abs=1e-4)
    with pytest.raises(AssertionError, match=r"contain 'OK', lower bound .*, got 0\.10.*; 5 of 20 answers"):
        library.get_share_of_answers_containing(result, "OK", "lower bound", AssertionOperator[">"], 0.2)


def test_no_sample_is_refused(gateway):
    with pytest.raises(ValueError, match="times must be at least 1"):
        SamplingLibrary().ask_with_many_seeds("Say OK", 0)
    assert gateway.asked == []
