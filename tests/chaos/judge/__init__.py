"""Judging a run without the product: books of those outside, own SQL, own hashes."""

from tests.chaos.judge.trial import Check
from tests.chaos.judge.verdict import CHECKS, Judge, Snapshot, Verdict

__all__ = ["CHECKS", "Check", "Judge", "Snapshot", "Verdict"]
