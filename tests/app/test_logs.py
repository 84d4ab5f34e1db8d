"""What a process says, and how often."""

import logging

from app.logs import Patience


def test_a_library_says_the_same_again_only_after_a_while() -> None:
    moments = iter([0.0, 1.0, 2.0, 10.5])
    patience = Patience(10.0, clock=lambda: next(moments))

    def says(text: str, *arguments: object) -> bool:
        return patience.filter(logging.LogRecord("client", 40, "", 0, text, arguments, None))

    assert says("no answer from %s", "one")
    assert not says("no answer from %s", "two")
    assert says("something else")
    assert says("no answer from %s", "three")
