"""Everything that can go wrong with a private server, each with its way out in the message."""

from __future__ import annotations

from pathlib import Path


class ServicesError(Exception):
    """A private server cannot be started, found or stopped."""


class MissingProgram(ServicesError):
    """A program is not installed on this machine."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"{program} is not installed; install it: apt-get install {package}")
        self.program, self.package = program, package


class MissingAccount(ServicesError):
    """Root may not run this server and the account meant for it does not exist."""

    def __init__(self, server: str, account: str) -> None:
        super().__init__(
            f"{server} must not run as root and the account {account!r} does not exist; "
            f"create it (useradd --system {account}) or start as an ordinary user"
        )
        self.server, self.account = server, account


class PortTaken(ServicesError):
    """The port asked for is held by another process."""

    def __init__(self, server: str, port: int) -> None:
        super().__init__(
            f"port {port} on 127.0.0.1, asked for {server}, is taken by another process; "
            "name another port, or none to take a free one"
        )
        self.server, self.port = server, port


class DiskFull(ServicesError):
    """The disk below a data folder has no room for the server."""

    def __init__(self, server: str, folder: Path, free_mb: int, need_mb: int) -> None:
        super().__init__(
            f"{server} needs {need_mb} MB free below {folder}, there are {free_mb} MB; "
            "make room or point CITY_HOME at a larger disk"
        )
        self.server, self.folder, self.free_mb, self.need_mb = server, folder, free_mb, need_mb


class OtherMajorVersion(ServicesError):
    """The data folder was written by a version whose programs are not installed."""

    def __init__(self, folder: Path, found: str, installed: str) -> None:
        super().__init__(
            f"{folder} holds data of PostgreSQL {found}, installed is {installed}; "
            f"install postgresql-{found}, or move the folder away to start empty"
        )
        self.folder, self.found, self.installed = folder, found, installed


class WrongOwner(ServicesError):
    """The data folder belongs to another account than the one that must write it."""

    def __init__(self, folder: Path, owner: str, expected: str) -> None:
        super().__init__(
            f"{folder} belongs to {owner}, the server runs as {expected}; "
            f"chown -R {expected} {folder}, or point CITY_HOME at another folder"
        )
        self.folder, self.owner, self.expected = folder, owner, expected


class FolderOutOfReach(ServicesError):
    """The account of the server, or this process, may not enter or write the folder."""

    def __init__(self, folder: Path, account: str) -> None:
        super().__init__(
            f"{account} may not use {folder}; open the folders above it (chmod o+x), "
            "or point CITY_HOME at another folder"
        )
        self.folder, self.account = folder, account


class PasswordLost(ServicesError):
    """The data folder exists but the file with its password does not."""

    def __init__(self, password_file: Path, folder: Path) -> None:
        super().__init__(
            f"{password_file} is gone but {folder} was made with it; "
            "restore the file, or move the folder away to start empty"
        )
        self.password_file, self.folder = password_file, folder


class FolderInUse(ServicesError):
    """A server that this home did not start is serving the data folder."""

    def __init__(self, server: str, folder: Path, pid: int) -> None:
        super().__init__(
            f"{folder} is already served by a {server} (pid {pid}) not started from here; "
            f"stop it first: kill -INT {pid}"
        )
        self.server, self.folder, self.pid = server, folder, pid


class ServerDied(ServicesError):
    """The server ended while it was starting."""

    def __init__(self, server: str, log: Path, last_words: str) -> None:
        super().__init__(f"{server} ended while starting; its log {log} ends with: {last_words}")
        self.server, self.log, self.last_words = server, log, last_words


class NotReady(ServicesError):
    """The server runs but did not answer in time."""

    def __init__(self, server: str, seconds: float, log: Path) -> None:
        super().__init__(
            f"{server} did not answer within {seconds:.0f} s and was stopped; its log is {log}"
        )
        self.server, self.seconds, self.log = server, seconds, log


class StillRunning(ServicesError):
    """The server did not end, not even after SIGKILL."""

    def __init__(self, server: str, pid: int) -> None:
        super().__init__(f"{server} (pid {pid}) does not end; look at it: ps -o stat,wchan {pid}")
        self.server, self.pid = server, pid


class LockedOut(ServicesError):
    """Another process kept the home locked for too long."""

    def __init__(self, lock: Path, seconds: float) -> None:
        super().__init__(
            f"another process has been starting or stopping servers for {seconds:.0f} s; "
            f"see who holds it: fuser {lock}"
        )
        self.lock, self.seconds = lock, seconds


class JarsUnavailable(ServicesError):
    """The Kafka jars could not be brought from Maven Central."""

    def __init__(self, last_words: str) -> None:
        super().__init__(
            f"Maven could not bring the Apache Kafka jars: {last_words}; check the network and "
            "the Maven settings, or name a broker in CITY_KAFKA_URL"
        )
        self.last_words = last_words


class TopicMismatch(ServicesError):
    """A topic exists with another number of partitions; the number is never changed."""

    def __init__(self, topic: str, found: int, wanted: int) -> None:
        super().__init__(
            f"topic {topic} has {found} partitions, {wanted} were asked for; keys would move: "
            "make a new topic name, or ask for what is there"
        )
        self.topic, self.found, self.wanted = topic, found, wanted
