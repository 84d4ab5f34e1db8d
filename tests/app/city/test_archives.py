import stat
import zipfile
from pathlib import Path

import pytest

from app.city import archives
from app.city.archives import opened
from app.city.checking import check_pack
from app.city.faults import NotAPack
from tests.app.city.makers import write_pack


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("inside", ["", "yunxi/"])
def test_a_zip_is_read_like_the_folder_it_was_made_of(tmp_path: Path, inside: str):
    folder = tmp_path / "pack"
    folder.mkdir()
    write_pack(folder)
    files = {inside + path.name: path.read_bytes() for path in folder.iterdir()}

    packed = check_pack(zipped(tmp_path / "pack.zip", files)).sound()

    plain = check_pack(folder).sound()
    assert packed.parts == plain.parts
    assert packed.tiling.digest() == plain.tiling.digest()


def test_what_was_unpacked_is_gone_afterwards(tmp_path: Path):
    path = zipped(tmp_path / "pack.zip", {"city.toml": b""})

    with opened(path) as folder:
        assert (folder / "city.toml").is_file()

    assert not folder.exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil"])
def test_a_zip_that_would_write_elsewhere_is_refused(tmp_path: Path, name: str):
    path = zipped(tmp_path / "pack.zip", {name: b"x"})

    with pytest.raises(NotAPack, match="outside its folder"), opened(path):
        pass


def test_a_link_in_a_zip_is_refused(tmp_path: Path):
    path = tmp_path / "pack.zip"
    link = zipfile.ZipInfo("city.toml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/hostname")

    with pytest.raises(NotAPack, match="is a link"), opened(path):
        pass


def test_a_bomb_is_refused(tmp_path: Path):
    path = zipped(tmp_path / "pack.zip", {"city.toml": bytes(8 * archives.CHUNK)})

    with pytest.raises(NotAPack, match="absurd size"), opened(path):
        pass


def test_too_many_files_are_refused(tmp_path: Path):
    path = zipped(tmp_path / "pack.zip", {f"{n}.csv": b"" for n in range(archives.MOST_FILES + 1)})

    with pytest.raises(NotAPack, match="501 files"), opened(path):
        pass


@pytest.mark.parametrize("content", [b"", b"city", b"PK\x03\x04" + bytes(40)])
def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "pack.zip"
    path.write_bytes(content)

    with pytest.raises(NotAPack, match="zip"), opened(path):
        pass


def test_a_damaged_zip_is_refused(tmp_path: Path):
    path = zipped(tmp_path / "pack.zip", {"city.toml": bytes(range(256)) * 20})
    content = bytearray(path.read_bytes())
    content[60:120] = bytes(60)
    path.write_bytes(content)

    with pytest.raises(NotAPack, match="unpacked"), opened(path):
        pass
