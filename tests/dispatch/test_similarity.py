"""How alike texts are, in Chinese, in English, and in both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.similarity import LONGEST, pieces, similarity

TEXTS = st.text(alphabet="垃圾桥下路灯不亮 abc!。９", max_size=30)


@given(TEXTS, TEXTS)
def test_it_is_a_share_and_the_same_from_both_sides(one: str, other: str) -> None:
    told = similarity(one, other)

    assert told == similarity(other, one)
    assert told is None or 0 <= told <= 1 + 1e-12
    assert (told is None) == (not pieces(one) or not pieces(other))


@given(TEXTS)
def test_a_text_is_wholly_like_itself(text: str) -> None:
    assert similarity(text, text) in (None, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＨＯＬＥ in the road!", "hole in the road"),
        ("桥下有垃圾。", "桥下有垃圾"),
        ("路灯,不亮", "路灯 不亮"),
    ],
)
def test_width_case_and_punctuation_play_no_part(one: str, other: str) -> None:
    assert similarity(one, other) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("told", "same_matter", "another"),
    [
        ("桥下有一堆垃圾没人清理", "大桥下面有垃圾堆,没有人清理", "路口的路灯晚上不亮"),
        ("large pothole on Mill Street", "Pothole, Mill Street, very large", "noise from a bar"),
        ("消防栓 hydrant 漏水", "hydrant 在漏水", "井盖 cover 丢失"),
    ],
)
def test_two_tellings_of_one_matter_are_more_alike_than_of_two(
    told: str, same_matter: str, another: str
) -> None:
    alike, unlike = similarity(told, same_matter), similarity(told, another)

    assert alike is not None
    assert unlike is not None
    assert alike > 0.3
    assert unlike < 0.1


@pytest.mark.parametrize("silent", ["", "  ", "!!!。", "\u200b"])
def test_a_text_that_says_nothing_is_like_nothing(silent: str) -> None:
    assert similarity(silent, "垃圾") is None


def test_a_word_of_one_character_counts() -> None:
    assert similarity("火", "火") == 1.0
    assert similarity("火", "水") == 0.0


def test_of_a_text_without_end_only_the_beginning_is_looked_at() -> None:
    assert pieces("垃圾" * 10_000_000) == pieces("垃圾" * LONGEST)
