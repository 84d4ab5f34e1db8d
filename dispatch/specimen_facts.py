"""Cases made up to try a condition on, out of the words the condition itself uses."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

COUNT: Final = 64


def specimens(
    facts: Mapping[str, str],
    texts: Sequence[str],
    numbers: Sequence[int],
    keys: Mapping[str, Sequence[str]],
) -> Iterator[dict[str, object]]:
    """Facts of `COUNT` cases, the same ones whenever the words are the same.

    *facts* tells the type of each: 'text', 'number', 'bool', 'list', 'map' (of texts) or 'metres'
    (a map of numbers). A text is one of *texts* or ``"1"``, which can be read as a number too; a
    number is at or beside one of *numbers*; a map has most of its *keys*. The first case has all of
    them.
    """
    chance = Random(0)
    words = [*texts, "1"]
    counts = [1, *(near for number in numbers for near in (number - 1, number, number + 1))]
    for number in range(COUNT):
        wanted = {
            name: [key for key in told if not number or chance.random() < 0.8]
            for name, told in keys.items()
        }
        yield {
            name: _made_up(kind, chance, words, counts, wanted.get(name, ()))
            for name, kind in facts.items()
        }


def _made_up(
    kind: str, chance: Random, words: Sequence[str], counts: Sequence[int], keys: Sequence[str]
) -> object:
    match kind:
        case "text":
            return chance.choice(words)
        case "number":
            return chance.choice(counts)
        case "bool":
            return chance.random() < 0.5
        case "list":
            return chance.choices(words, k=3)
        case "metres":
            return {key: float(chance.choice(counts)) for key in keys}
        case _:
            return {key: chance.choice(words) for key in keys}
