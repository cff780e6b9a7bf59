"""What a program imports: every name is there, and the examples are true."""

import doctest
from types import ModuleType

import oligocount


def test_every_public_name_can_be_had() -> None:
    for name in oligocount.__all__:
        found = getattr(oligocount, name)
        assert found is not None
        assert not isinstance(found, ModuleType), "a subpackage hides it"


def test_the_examples_are_true() -> None:
    told = doctest.testmod(oligocount)
    assert told.attempted >= 10
    assert told.failed == 0
