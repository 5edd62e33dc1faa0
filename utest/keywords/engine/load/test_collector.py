import gc

import pytest

from keywords.engine.load.collector import rare_collections


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("thresholds")
@pytest.mark.parametrize(
    ("before", "within"),
    [((700, 10, 10), (10_000, 10, 10)), ((50_000, 5, 5), (50_000, 5, 5)), ((0, 10, 10), (0, 10, 10))],
    ids=["Python's", "rarer ones", "none at all"],
)
def test_collections_are_rare_within_the_block_alone(before, within):
    gc.set_threshold(*before)
    frozen = gc.get_freeze_count()
    with rare_collections():
        assert gc.get_threshold() == within
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_garbage_of_the_block_is_found():
    class Node:
        pass

    with rare_collections():
        node = Node()
        node.itself = node
        del node
        assert gc.collect() >= 1
