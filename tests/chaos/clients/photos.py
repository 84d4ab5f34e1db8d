"""A small photo, different every time, and the form it is sent in. Pure."""

from __future__ import annotations

import io
import random
from typing import Final

from PIL import Image

from tests.chaos.clients.door import Message

_BOUNDARY: Final = "----a-photo-of-chaos"


def a_photo(rng: random.Random) -> bytes:
    """A JPEG of one colour."""
    out = io.BytesIO()
    colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
    Image.new("RGB", (rng.randint(16, 64), rng.randint(16, 64)), colour).save(out, "JPEG")
    return out.getvalue()


def photo_form(receipt: str, secret: str, photo: bytes) -> Message:
    """The request that adds the photo to the report with the receipt."""
    head = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()
    headers = {
        "X-Api-Key": secret,
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
    }
    return Message("POST", f"/api/reports/{receipt}/photos", headers, body)
