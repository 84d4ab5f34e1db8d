"""Invented names of streets, communities and roads, in Chinese and pinyin."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from grid.naming import Label

FIRST: Final = (
    ("云", "Yun"), ("翠", "Cui"), ("长", "Chang"), ("青", "Qing"), ("金", "Jin"),
    ("玉", "Yu"), ("锦", "Jin"), ("华", "Hua"), ("文", "Wen"), ("和", "He"),
    ("兴", "Xing"), ("永", "Yong"), ("安", "An"), ("瑞", "Rui"), ("明", "Ming"),
    ("福", "Fu"), ("嘉", "Jia"), ("景", "Jing"), ("清", "Qing"), ("凤", "Feng"),
    ("龙", "Long"), ("桂", "Gui"), ("梅", "Mei"), ("兰", "Lan"), ("竹", "Zhu"),
    ("松", "Song"), ("柳", "Liu"), ("荷", "He"), ("星", "Xing"), ("月", "Yue"),
    ("朝", "Chao"), ("晨", "Chen"), ("东", "Dong"), ("南", "Nan"), ("西", "Xi"),
    ("北", "Bei"), ("望", "Wang"), ("临", "Lin"), ("同", "Tong"), ("新", "Xin"),
)  # fmt: skip
SECOND: Final = (
    ("溪", "xi"), ("屏", "ping"), ("虹", "hong"), ("湖", "hu"), ("桥", "qiao"),
    ("泉", "quan"), ("苑", "yuan"), ("园", "yuan"), ("林", "lin"), ("山", "shan"),
    ("岭", "ling"), ("坪", "ping"), ("塘", "tang"), ("湾", "wan"), ("洲", "zhou"),
    ("港", "gang"), ("庄", "zhuang"), ("城", "cheng"), ("里", "li"), ("坊", "fang"),
    ("田", "tian"), ("川", "chuan"), ("源", "yuan"), ("平", "ping"), ("宁", "ning"),
    ("康", "kang"), ("泰", "tai"), ("昌", "chang"), ("乐", "le"), ("光", "guang"),
    ("阳", "yang"), ("辉", "hui"), ("祥", "xiang"), ("麓", "lu"), ("台", "tai"),
    ("亭", "ting"), ("榭", "xie"), ("渡", "du"), ("浦", "pu"), ("堤", "di"),
    ("峰", "feng"), ("河", "he"), ("江", "jiang"), ("丰", "feng"), ("盛", "sheng"),
    ("锦", "jin"), ("秀", "xiu"), ("棠", "tang"), ("荫", "yin"), ("津", "jin"),
    ("浩", "hao"), ("远", "yuan"), ("怡", "yi"), ("馨", "xin"), ("谷", "gu"),
)  # fmt: skip
SURNAMES: Final = (
    ("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"),
    ("杨", "Yang"), ("赵", "Zhao"), ("黄", "Huang"), ("周", "Zhou"), ("吴", "Wu"),
    ("徐", "Xu"), ("孙", "Sun"), ("胡", "Hu"), ("朱", "Zhu"), ("高", "Gao"),
    ("林", "Lin"), ("何", "He"), ("郭", "Guo"), ("马", "Ma"), ("罗", "Luo"),
)  # fmt: skip
GIVEN: Final = (
    ("伟", "Wei"), ("芳", "Fang"), ("娜", "Na"), ("敏", "Min"), ("静", "Jing"),
    ("强", "Qiang"), ("磊", "Lei"), ("军", "Jun"), ("洋", "Yang"), ("勇", "Yong"),
    ("艳", "Yan"), ("杰", "Jie"), ("娟", "Juan"), ("涛", "Tao"), ("超", "Chao"),
    ("霞", "Xia"), ("平", "Ping"), ("刚", "Gang"), ("桂英", "Guiying"), ("志远", "Zhiyuan"),
)  # fmt: skip

Word = tuple[str, str]


def place_names(rng: np.random.Generator) -> Iterator[Label]:
    """Two-character names, each once: 2,200 of them, then as many new towns."""
    yield from _joined(FIRST, SECOND, rng)
    for label in _joined(FIRST, SECOND, rng):
        yield Label(f"{label.zh}新", f"{label.en} Xin")


def person_names(rng: np.random.Generator) -> Iterator[Label]:
    """Names of people, each once."""
    yield from _joined(SURNAMES, GIVEN, rng, gap=" ")


def _joined(
    first: Sequence[Word], second: Sequence[Word], rng: np.random.Generator, gap: str = ""
) -> Iterator[Label]:
    for number in rng.permutation(len(first) * len(second)).tolist():
        (zh_one, en_one), (zh_two, en_two) = (
            first[number // len(second)],
            second[number % len(second)],
        )
        yield Label(zh_one + zh_two, en_one + gap + en_two)
