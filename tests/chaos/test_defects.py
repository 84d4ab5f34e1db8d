"""A process that ends itself is noticed, though another starts at once."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.defects import defects


def test_a_loop_that_ended_by_a_defect_is_counted(tmp_path: Path) -> None:
    (tmp_path / "web-1.log").write_text(
        '{"event":"report accepted","level":"info"}\n'
        '{"event":"a loop ended","level":"critical","exception":[{"exc_type":"KeyError"}]}\n'
        '{"event":"a loop ended","level":"critical","exception":[{"exc_type":"KeyError"}]}\n'
        "some library prints a line\n"
        '{"event":"report acc'
    )

    assert defects(tmp_path) == {"web-1 a loop ended KeyError": 2}


def test_a_clean_run_has_none(tmp_path: Path) -> None:
    assert not defects(tmp_path)
