"""What no tracked file may hold."""

import re

import pytest

from tests.house.repository import ROOT, tracked_files

# Written in pieces, so that this file does not hold them itself.
HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "repo.maven.apache" + ".org",
    "repo1.maven" + ".org",
    "deb.debian" + ".org",
    "static.crates" + ".io",
    "proxy.golang" + ".org",
]
MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(?:work|root|home/\w+)/")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + "Error")


def texts() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in tracked_files():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:  # a picture or another file that is not text
            continue
    return found


@pytest.fixture(scope="module")
def tracked() -> list[tuple[str, str]]:
    return texts()


def test_no_file_names_a_package_registry(tracked: list[tuple[str, str]]):
    naming = [(name, host) for name, text in tracked for host in HOSTS if host in text]

    assert not naming


def test_no_file_names_a_folder_of_one_machine(tracked: list[tuple[str, str]]):
    naming = [(name, found[0]) for name, text in tracked if (found := MACHINE_PATH.search(text))]

    assert not naming


def test_nothing_is_left_unfinished(tracked: list[tuple[str, str]]):
    code = (".py", ".js", ".sql", ".sh", ".toml", ".yml")
    left = [
        (name, found[0])
        for name, text in tracked
        if name.endswith(code) and (found := UNFINISHED.search(text))
    ]

    assert not left


def test_lock_files_hold_no_download_address():
    locks = ["requirements.lock", "requirements-run.lock", "maps/web/package-lock.json"]

    texts_of_locks = [(ROOT / lock).read_text() for lock in locks]

    assert not [text for text in texts_of_locks if "resolved" in text or "index-url" in text]
    assert not [line for text in texts_of_locks[:2] for line in text.splitlines() if "://" in line]


def test_what_runs_is_locked_as_what_is_tested():
    tested, run = (
        set(re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip()))
        for lock in ("requirements.lock", "requirements-run.lock")
    )

    assert run
    assert run <= tested


def test_every_locked_version_has_a_hash():
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip())

    assert not [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
