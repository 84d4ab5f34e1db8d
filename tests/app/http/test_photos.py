"""Photos: what is taken, what the display copy leaves out, who may see it."""

import io
import struct
import zlib

import httpx
from PIL import Image

from tests.app.town import METER, PHONE, Town


def a_photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "seagreen").save(written, kind, **options)
    return written.getvalue()


def with_position() -> bytes:
    """A photo whose metadata tells where somebody lives."""
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    exif.get_ifd(0x8825)[1] = "N"
    return a_photo(exif=exif)


def a_bomb(side: int = 20_000) -> bytes:
    """A PNG of *side*² pixels in some kilobytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)

    rows = zlib.compress(b"\x00" * ((side // 8 + 1) * side), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def animated() -> bytes:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "green", "blue")]
    written = io.BytesIO()
    frames[0].save(written, "WEBP", save_all=True, append_images=frames[1:])
    return written.getvalue()


async def add(
    town: Town, receipt: str, content: bytes, name: str = "p.jpg", source: str = PHONE
) -> httpx.Response:
    return await town.client.post(
        f"/api/reports/{receipt}/photos",
        files={"photo": (name, content, "image/jpeg")},
        headers={"x-api-key": town.keys[source]},
    )


async def test_a_photo_is_kept_as_sent_and_shown_without_its_metadata(town: Town):
    receipt = (await town.submit()).json()["receipt"]
    sent = with_position()

    answer = await add(town, receipt, sent)

    assert answer.status_code == 201
    found = await town.conn.execute("SELECT original, display, media_type FROM photo")
    [(original, display, media_type)] = await found.fetchall()
    assert (bytes(original), media_type) == (sent, "image/jpeg")
    assert b"SECRETMAKER" in sent
    assert b"SECRETMAKER" not in bytes(display)
    assert not Image.open(io.BytesIO(display)).getexif()


async def test_the_same_photo_again_is_the_same_photo(town: Town):
    receipt = (await town.submit()).json()["receipt"]

    first, second = [await add(town, receipt, a_photo()) for _ in range(2)]

    assert first.json() == second.json()


async def test_png_and_webp_are_taken_whatever_they_are_called(town: Town):
    receipt = (await town.submit()).json()["receipt"]

    png = await add(town, receipt, a_photo("PNG"), name="../../x.php\x00")
    webp = await add(town, receipt, a_photo("WEBP"), name="n" * 4000)

    assert (png.status_code, webp.status_code) == (201, 201)


async def test_what_is_no_still_picture_is_refused(town: Town):
    receipt = (await town.submit()).json()["receipt"]
    crooked = {
        "a bomb": a_bomb(),
        "an animation": animated(),
        "half a photo": a_photo(size=(800, 600))[:-2000],
        "a script": b"<?php system($_GET[0]);",
        "a drawing": b"<svg onload='alert(1)'/>",
        "only the first bytes": b"\xff\xd8\xff",
        "nothing": b"",
    }

    answers = {name: await add(town, receipt, content) for name, content in crooked.items()}

    assert {name: a.status_code for name, a in answers.items()} == dict.fromkeys(crooked, 422)
    assert answers["a bomb"].json()["errors"][0]["problem"] == "it has more than 50,000,000 pixels"
    found = await town.conn.execute("SELECT count(*) FROM photo")
    assert await found.fetchone() == (0,)


async def test_thirteen_megabytes_are_refused(town: Town):
    receipt = (await town.submit()).json()["receipt"]

    answer = await add(town, receipt, a_photo() + bytes(13 * 1024 * 1024))

    assert answer.status_code == 413


async def test_only_the_sender_adds_photos_to_a_report(town: Town):
    receipt = (await town.submit()).json()["receipt"]

    other = await add(town, receipt, a_photo(), source=METER)
    unknown = await add(town, "0" * 32, a_photo())

    assert (other.status_code, unknown.status_code) == (404, 404)


async def test_a_report_takes_a_dozen_photos(town: Town):
    receipt = (await town.submit()).json()["receipt"]

    statuses = [(await add(town, receipt, a_photo(size=(8, n)))).status_code for n in range(1, 14)]

    assert statuses == [201] * 12 + [429]


async def test_forms_that_hold_no_photo_are_refused(town: Town):
    receipt = (await town.submit()).json()["receipt"]
    url, key = f"/api/reports/{receipt}/photos", {"x-api-key": town.keys[PHONE]}

    plain = await town.client.post(url, content=a_photo(), headers=key)
    text = await town.client.post(url, files={"other": a_photo()}, headers=key)
    torn = await town.client.post(
        url, content=b"--x", headers={**key, "content-type": "multipart/form-data; boundary=y"}
    )

    assert [plain.status_code, text.status_code, torn.status_code] == [415, 422, 422]


async def test_a_photo_is_shown_to_those_who_may_read_the_case(town: Town):
    receipt = (await town.submit()).json()["receipt"]
    photo = (await add(town, receipt, a_photo())).json()["photo"]
    await town.decide_all()
    found = await town.conn.execute("SELECT case_id FROM inbox")
    [case_id] = await found.fetchone() or (0,)
    path = f"/api/cases/{case_id}/photos/{photo}"

    statuses = {}
    for login in ("dispatcher.city", "handler.water", "admin"):
        async with await town.logged_in(login) as browser:
            statuses[login] = (await browser.get(path)).status_code
    async with await town.logged_in("dispatcher.city") as browser:
        shown = await browser.get(path)

    assert statuses == {"dispatcher.city": 200, "handler.water": 404, "admin": 403}
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert shown.headers["x-content-type-options"] == "nosniff"
