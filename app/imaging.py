"""Photos from strangers: decoded in a process of their own, small in memory and time.

Run as ``python -I -m app.imaging`` it reads a picture from its input and writes the display copy
to its output; exit code 1 with one line says why there is none.
"""

from __future__ import annotations

import asyncio
import io
import resource
import sys
import warnings
from typing import Final

from PIL import Image, ImageOps

MOST_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 2048
MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

_MEMORY_BYTES: Final = 1 << 30
_CPU_S: Final = 10
_PATIENCE_S: Final = 20.0
_QUALITY: Final = 85


class NotAPhoto(Exception):
    """The bytes are no picture that is taken here; *reason* says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a photo: {reason}")
        self.reason = reason


def media_type_of(content: bytes) -> str | None:
    """The type that the first bytes tell, whatever the sender calls it; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def display_copy(content: bytes) -> bytes:
    """The picture as JPEG, upright, at most 2048 pixels long, without any metadata.

    Raises NotAPhoto for what is damaged, animated, too large or of another kind.
    """
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _display_copy(content)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as err:
            raise NotAPhoto(f"it has more than {MOST_PIXELS:,} pixels") from err
        except (OSError, ValueError, SyntaxError, MemoryError) as err:
            raise NotAPhoto("it is damaged or of another kind") from err


def _display_copy(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=list(MEDIA_TYPES)) as photo:
        if getattr(photo, "is_animated", False):
            raise NotAPhoto("it is animated")
        photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        photo.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(photo)
        plain = Image.new("RGB", upright.size, "white")
        plain.paste(upright, mask=upright.getchannel("A") if "A" in upright.getbands() else None)
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


class Darkroom:
    """Makes display copies, a few at a time, each in its own limited process."""

    def __init__(self, at_once: int = 2) -> None:
        self._turn = asyncio.Semaphore(at_once)

    async def display_copy(self, content: bytes) -> bytes:
        """As `display_copy`; a picture that takes too much time or memory is not a photo either."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-m", "app.imaging"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    copy, reason = await process.communicate(content)
            except TimeoutError:
                raise NotAPhoto("it takes too long to read") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise NotAPhoto(_reason(process.returncode, reason))
        return copy


def _reason(code: int | None, written: bytes) -> str:
    return written.decode("utf-8", "replace").strip() if code == 1 else "it takes too much to read"


def main() -> int:
    """Read, copy, write; limited before the first byte is looked at."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    try:
        sys.stdout.buffer.write(display_copy(sys.stdin.buffer.read()))
    except NotAPhoto as problem:
        print(problem.reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
