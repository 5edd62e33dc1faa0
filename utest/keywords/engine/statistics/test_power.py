import pytest
from scipy.stats import binom

from keywords.engine.statistics.intervals import clopper_pearson_lower
from keywords.engine.statistics.power import can_tell, trials_needed


@pytest.mark.parametrize(
    ("trials", "limit", "tells"),
    [
        (1, 0.2, False),
        (2, 0.2, False),
        (20, 0.2, True),
        (5, 0.1, False),
        (20, 0.1, True),
        # Of 21 trials the bound asks for one success more than of 20.
        (21, 0.1, False),
        (6, 0.0, False),
        (7, 0.0, True),
        (298, 0.99, False),
        (299, 0.99, True),
    ],
)
def test_too_few_trials_cannot_tell(trials, limit, tells):
    assert can_tell(trials, limit) is tells


@pytest.mark.parametrize("limit", [0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.9])
def test_the_needed_number_finds_a_rate_that_is_clearly_too_high_in_every_second_run(limit):
    needed = trials_needed(limit)
    for trials in (needed, needed + 1, 2 * needed):
        refused = [k for k in range(trials + 1) if clopper_pearson_lower(k, trials) > limit]
        assert binom.pmf(refused, trials, min(1, max(2.5 * limit, 0.1))).sum() >= 0.5
    assert needed == 1 or not can_tell(needed - 1, limit)


@pytest.mark.parametrize("limit", [-0.1, 1, 1.5])
def test_a_limit_that_no_rate_exceeds_is_refused(limit):
    with pytest.raises(ValueError, match="no rate exceeds 1"):
        can_tell(20, limit)
