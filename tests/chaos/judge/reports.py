"""Reports: what was acknowledged is there, once, and nothing else is."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from tests.chaos.judge.books import ACCEPTED, Line
from tests.chaos.judge.chain import told
from tests.chaos.judge.trial import Checks, Problems, Trial

_HONEST: Final = frozenset({None, 200, 201, 429, 503})
"""What a door may say to a good report: taken, or come again; or nothing, when the line broke."""


def lost(trial: Trial) -> Problems:
    """Reports that were acknowledged and are not there."""
    for name in trial.books.receipts:
        if name not in trial.reports:
            yield f"{name} was acknowledged and is not in the inbox"


def doubled(trial: Trial) -> Problems:
    """Keys with more than one row."""
    for name, rows in trial.reports.items():
        if len(rows) > 1:
            yield f"{name} has {len(rows)} rows in the inbox"


def receipts(trial: Trial) -> Problems:
    """Acknowledgements whose receipt is not that of the row, or not always the same."""
    for name, given in trial.books.receipts.items():
        if len(given) > 1:
            yield f"{name} was given {len(given)} different receipts"
        rows = trial.reports.get(name, [])
        if rows and not given <= {row.receipt for row in rows}:
            yield f"{name} was given a receipt that is not its own"


def unanswered(trial: Trial) -> Problems:
    """Reports that were planned and never accepted, though the phones tried until they were."""
    for name in trial.books.plans:
        if name not in trial.books.receipts:
            yield f"{name} was never accepted"


def invented(trial: Trial) -> Problems:
    """Rows that nobody sent, or with other bytes than were sent."""
    for row in trial.facts.reports:
        if row.channel == "sensor" or row.replayed:
            continue
        plan = trial.books.plans.get(row.name)
        if plan is None:
            yield f"{row.name} was never sent by a phone"
        elif plan["body"] != row.sha256:
            yield f"{row.name} is stored with bytes that are not its own"


def other_bytes(trial: Trial) -> Problems:
    """Other bytes under a known key that were not refused."""
    for line in trial.books.phones:
        if line["kind"] == "other-bytes" and line["status"] not in (409, None, 429, 503):
            yield f"other bytes under the key of {_who(line)} were answered {line['status']}"


def answers(trial: Trial) -> Problems:
    """Answers that no door should give to a good report."""
    for name, attempts in trial.books.attempts.items():
        own = [line for line in attempts if line["kind"] != "other-bytes"]
        for line in own:
            if line["status"] not in _HONEST:
                yield f"{name} was answered {line['status']}"
        if own and own[0]["attempt"] == 1 and own[0]["status"] == 200:
            yield f"{name} was called a repeat at its first attempt"
        if sum(line["status"] == 201 for line in own) > 1:
            yield f"{name} was called new more than once"


def malformed(trial: Trial) -> Problems:
    """Spoilt reports that were not refused, or were stored."""
    for line in trial.books.malformed:
        if not 400 <= (line["status"] or 0) < 500:
            yield f"a report spoilt by {line['how']!r} was answered {line['status']}"
        if (line["source"], line["key"]) in trial.reports:
            yield f"a report spoilt by {line['how']!r} was stored"


def outcomes(trial: Trial) -> Problems:
    """Reports whose histories do not tell exactly the one outcome that their row has."""
    named = _named_in_histories(trial)
    for row in trial.facts.reports:
        expected: Counter[tuple[str, int | None]] = Counter()
        if row.state in ("cased", "merged"):
            kind = "reported" if row.state == "cased" else "merged"
            expected[kind, row.case_id] = 1
        found = named.pop(row.id, Counter())
        if found != expected:
            yield f"report {row.id} is {row.state}, and the histories tell {dict(found)}"
    for report_id in named:
        yield f"the histories tell of report {report_id}, and there is none"


def evidence(trial: Trial) -> Problems:
    """Events that name a report by a hash that is not that of its bytes."""
    stored = {row.id: row.sha256 for row in trial.facts.reports}
    for event in trial.facts.events:
        if event.kind in ("reported", "merged"):
            said = told(event)
            if stored.get(said["report"]) != said["report_sha256"]:
                yield f"event {event.seq} of case {event.case_id} has another report's hash"


def sequences(trial: Trial) -> Problems:
    """Devices whose numbers do not run from 1 without a hole: a report lost before the door."""
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for row in trial.facts.reports:
        if row.device_seq is not None and not row.replayed:
            seen[row.source].append(row.device_seq)
    for source, numbers in seen.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"{source} has {len(numbers)} reports, the last number is {max(numbers)}"


def photos(trial: Trial) -> Problems:
    """Photos that were acknowledged and are not there, or were refused."""
    stored = {(row.receipt, row.sha256) for row in trial.facts.photos}
    for line in trial.books.photos:
        if line["status"] not in ACCEPTED:
            # A full disk may refuse a photo for good; a door must then say so.
            if line["status"] != 507:
                yield f"a photo of {line['receipt']} was answered {line['status']}"
        elif (line["receipt"], line["sha256"]) not in stored:
            yield f"a photo of {line['receipt']} was acknowledged and is not there"


def _named_in_histories(trial: Trial) -> dict[int, Counter[tuple[str, int | None]]]:
    """How often the histories tell of each report, what, and in which case."""
    named: defaultdict[int, Counter[tuple[str, int | None]]] = defaultdict(Counter)
    for event in trial.facts.events:
        if event.kind in ("reported", "merged"):
            named[told(event)["report"]][event.kind, event.case_id] += 1
        elif event.kind == "unmerged":
            named[told(event)["report"]]["merged", event.case_id] -= 1
    return {report_id: +counts for report_id, counts in named.items()}


def _who(line: Line) -> tuple[str, str]:
    return line["source"], line["key"]


CHECKS: Final[Checks] = {
    "every acknowledged report is in the inbox": lost,
    "no key has two rows in the inbox": doubled,
    "an acknowledged report always has one receipt, its own": receipts,
    "every planned report was accepted in the end": unanswered,
    "no report was invented or changed": invented,
    "other bytes under a known key are refused": other_bytes,
    "every answer of the doors is as promised": answers,
    "malformed reports are refused and not stored": malformed,
    "every report has exactly one outcome in the histories of cases": outcomes,
    "histories name reports by the hash of their bytes": evidence,
    "the sequence numbers of devices have no hole": sequences,
    "acknowledged photos are there": photos,
}
