"""What a program imports: every name is there, and the examples are true."""

import doctest

import oligocount


def test_every_public_name_can_be_had() -> None:
    for name in oligocount.__all__:
        assert getattr(oligocount, name) is not None


def test_the_examples_are_true() -> None:
    told = doctest.testmod(oligocount)
    assert told.attempted >= 10
    assert told.failed == 0
