"""Zip files as strangers make them: what is good comes out byte for byte, everything else is named and stays in."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from enhancement.archives import Archive, Limits, RefusedError, opened

LIMITS = Limits(entries=50, entry_bytes=200 << 20, total_bytes=400 << 20)
PHOTO = bytes(range(256)) * 40

Change = Callable[[zipfile.ZipInfo], None]


def made(folder: Path, *names: str, change: Change = lambda info: None, data: bytes = PHOTO) -> Path:
    """A zip of files with the same bytes; ``change`` is done to each entry before it is written."""
    place = folder / "photos.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, data)
    return place


def look(place: Path, limits: Limits = LIMITS) -> tuple[list[str], dict[str, str]]:
    """Paths that may come out, and what is wrong with the others."""
    with opened(place, limits) as archive:
        return [str(entry.path) for entry in archive.entries], {no.name: no.what for no in archive.refusals}


def out(archive: Archive, number: int = 0) -> bytes:
    target = io.BytesIO()
    archive.take_out(archive.entries[number], target)
    return target.getvalue()


def refusal(place: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(RefusedError) as refused, opened(place, limits):
        pass
    assert refused.value.refusal.name == ""
    return str(refused.value)


def test_it_works(tmp_path: Path) -> None:
    place = made(tmp_path, "input/cat.jpg", "reference/cat.jpg")
    with opened(place, LIMITS) as archive:
        assert [str(entry.path) for entry in archive.entries] == ["input/cat.jpg", "reference/cat.jpg"]
        assert archive.refusals == ()
        assert out(archive, 1) == PHOTO


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("/etc/passwd.jpg", "absolute"),
        ("\\\\server\\share\\a.jpg", "absolute"),
        ("../a.jpg", "leads out"),
        ("in/../../a.jpg", "leads out"),
        ("..\\..\\a.jpg", "leads out"),
        ("C:/a.jpg", "drive"),
        ("C:a.jpg", "drive"),
        ("a\nb.jpg", "control characters"),
        ("a\x7fb.jpg", "control characters"),
        ("x" * 256 + ".jpg", "too long"),
        ("d/" * 300 + "a.jpg", "too long"),
        (".", "no name"),
    ],
)
def test_a_path_that_leads_elsewhere_stays_in(tmp_path: Path, name: str, what: str) -> None:
    paths, refused = look(made(tmp_path, "good.jpg", name))
    assert paths == ["good.jpg"]
    assert what in refused[name]


def test_what_follows_a_nul_is_seen(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg_x.exe")
    place.write_bytes(place.read_bytes().replace(b"a.jpg_x.exe", b"a.jpg\0x.exe"))
    paths, refused = look(place)
    assert paths == []
    assert "control characters" in refused["a.jpg\0x.exe"]


def test_backslashes_separate_as_old_windows_zips_mean_them(tmp_path: Path) -> None:
    assert look(made(tmp_path, "DCIM\\100APPLE\\a.jpg", ".\\b.jpg")) == (["DCIM/100APPLE/a.jpg", "b.jpg"], {})


@pytest.mark.parametrize(
    ("kind", "what"),
    [(stat.S_IFLNK, "a link"), (stat.S_IFCHR, "a device"), (stat.S_IFBLK, "a device"), (stat.S_IFIFO, "a pipe")],
)
def test_links_and_devices_stay_in(tmp_path: Path, kind: int, what: str) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = (kind | 0o777) << 16

    paths, refused = look(made(tmp_path, "a.jpg", change=change, data=b"/etc/passwd"))
    assert paths == []
    assert what in refused["a.jpg"]


def test_what_systems_put_into_zips_is_passed_over(tmp_path: Path) -> None:
    names = ("__MACOSX/._cat.jpg", "in/.DS_Store", "in/Thumbs.db", ".hidden/cat.jpg", "in/", "in/cat.jpg")
    assert look(made(tmp_path, *names)) == (["in/cat.jpg"], {})


def test_encrypted_entries_are_named(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg")
    data = bytearray(place.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    place.write_bytes(data)
    assert look(place) == ([], {"a.jpg": "it is encrypted"})


@pytest.mark.parametrize("name", ["more.zip", "more.ZIP", "more.tar", "old.tar.gz", "x.7z", "y.rar"])
def test_an_archive_within_stays_in(tmp_path: Path, name: str) -> None:
    assert look(made(tmp_path, name)) == ([], {name: "it is an archive within the zip"})


def test_a_zip_that_calls_itself_a_photo_is_found_out(tmp_path: Path) -> None:
    inner = made(tmp_path, "a.jpg").read_bytes()
    place = made(tmp_path, "photo.jpg", data=inner)
    with opened(place, LIMITS) as archive, pytest.raises(RefusedError, match="archive within"):
        out(archive)


@pytest.mark.parametrize(
    "second", ["cat.jpg", "CAT.jpg", "Cat.JPG", "./cat.jpg"], ids=["same", "upper", "mixed", "dotted"]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_colliding_names_are_named(tmp_path: Path, second: str) -> None:
    paths, refused = look(made(tmp_path, "cat.jpg", second))
    assert paths == ["cat.jpg"]
    assert "same name as cat.jpg" in refused[second]


def test_unicode_forms_collide(tmp_path: Path) -> None:
    paths, refused = look(made(tmp_path, "café.jpg", "cafe\u0301.jpg"))
    assert paths == ["café.jpg"]
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("raw", "name"),
    [("Übung.jpg".encode(), "Übung.jpg"), ("Übung.jpg".encode("cp437"), "Übung.jpg"), (b"plain.jpg", "plain.jpg")],
    ids=["UTF-8 without its mark", "cp437", "ASCII"],
)
def test_names_in_other_encodings(tmp_path: Path, raw: bytes, name: str) -> None:
    stand_in = "x" * len(raw)
    place = made(tmp_path, stand_in)
    place.write_bytes(place.read_bytes().replace(stand_in.encode(), raw))
    with opened(place, LIMITS) as archive:
        assert [str(entry.path) for entry in archive.entries] == [name]
        assert out(archive) == PHOTO


def test_a_unicode_name_beside_the_other(tmp_path: Path) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        told = struct.pack("<BL", 1, zlib.crc32(b"_____.jpg")) + "猫.jpg".encode()
        info.extra = struct.pack("<HH", 0x7075, len(told)) + told

    assert look(made(tmp_path, "_____.jpg", change=change)) == (["猫.jpg"], {})


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_rare_compressions_stay_in(tmp_path: Path, kind: int) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.compress_type = kind

    assert "compressed in a way" in look(made(tmp_path, "a.jpg", change=change))[1]["a.jpg"]


def test_stored_entries_come_out(tmp_path: Path) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_STORED

    with opened(made(tmp_path, "a.jpg", change=change), LIMITS) as archive:
        assert out(archive) == PHOTO


def test_zip64_is_read(tmp_path: Path) -> None:
    place = tmp_path / "long.zip"
    with (
        zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.jpg", "w", force_zip64=True) as target,
    ):
        target.write(PHOTO)
    whole = bytearray(place.read_bytes())
    end = whole.rindex(b"PK\x05\x06")
    entries, length, start = struct.unpack_from("<HLL", whole, end + 10)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    struct.pack_into("<HHLL", whole, end + 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    place.write_bytes(whole[:end] + record + locator + whole[end:])
    with opened(place, LIMITS) as archive:
        assert out(archive) == PHOTO


def test_two_lists_of_files_of_which_readers_would_take_either_are_refused(tmp_path: Path) -> None:
    """A small one where the locator points, and before it the one that Python reads."""
    place = made(tmp_path, *(f"{number}.jpg" for number in range(40)))
    whole = bytearray(place.read_bytes())
    end = whole.rindex(b"PK\x05\x06")
    entries, length, start = struct.unpack_from("<HLL", whole, end + 10)
    small, true = (
        struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
        for count, size in ((1, 46), (entries, length))
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    struct.pack_into("<HHLL", whole, end + 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    place.write_bytes(whole[:end] + small + true + locator + whole[end:])
    with pytest.raises(RefusedError, match="isn't where it says"), opened(place, LIMITS):
        pass


# ---- bombs


def test_a_bomb_is_not_set_off(tmp_path: Path) -> None:
    paths, refused = look(made(tmp_path, "white.tif", data=bytes(40 << 20)))
    assert paths == []
    assert "as only a trap does" in refused["white.tif"]


def test_what_shrinks_well_but_is_small_comes_out(tmp_path: Path) -> None:
    with opened(made(tmp_path, "white.tif", data=bytes(4 << 20)), LIMITS) as archive:
        assert len(out(archive)) == 4 << 20


def test_an_entry_that_is_larger_than_it_says(tmp_path: Path) -> None:
    """Its declared size, in both headers, is a lie; no more than that comes out, and it isn't taken for the file."""
    place = made(tmp_path, "a.jpg", data=PHOTO)
    honest, lie = struct.pack("<L", len(PHOTO)), struct.pack("<L", 100)
    place.write_bytes(place.read_bytes().replace(honest, lie))
    with opened(place, LIMITS) as archive:
        target = io.BytesIO()
        with pytest.raises(RefusedError, match=r"a\.jpg: it is damaged"):
            archive.take_out(archive.entries[0], target)
        assert len(target.getvalue()) <= 100


def test_an_entry_that_is_smaller_than_it_says(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg", data=PHOTO)
    honest, lie = struct.pack("<L", len(PHOTO)), struct.pack("<L", len(PHOTO) + 1)
    place.write_bytes(place.read_bytes().replace(honest, lie))
    with opened(place, LIMITS) as archive, pytest.raises(RefusedError):
        out(archive)


def test_overlapping_entries_are_a_trap(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg", data=bytes(range(256)))
    whole = bytearray(place.read_bytes())
    start, end = whole.index(b"PK\x01\x02"), whole.rindex(b"PK\x05\x06")
    many = bytes(whole[start:end]) * 40
    struct.pack_into("<HHL", whole, end + 8, 40, 40, len(many))
    place.write_bytes(bytes(whole[:start]) + many + bytes(whole[end:]))
    assert "overlap" in refusal(place)


def test_too_many_entries(tmp_path: Path) -> None:
    place = made(tmp_path, *(f"{number}.jpg" for number in range(51)), data=b"x")
    assert "51 files, more than 50" in refusal(place)


def test_too_much_in_all_and_in_one(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg", "b.jpg")
    assert "more than 0 MB" in refusal(place, Limits(50, 1 << 20, len(PHOTO)))
    assert "more than 0 MB" in look(place, Limits(50, 100, 1 << 20))[1]["a.jpg"]


def test_a_directory_longer_than_its_entries_need(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg")
    whole = bytearray(place.read_bytes())
    struct.pack_into("<L", whole, whole.rindex(b"PK\x05\x06") + 12, 1 << 30)
    place.write_bytes(whole)
    assert "longer than its number of files explains" in refusal(place)


# ---- damage


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_truncated_zip_is_refused_whole(tmp_path: Path, share: float) -> None:
    place = made(tmp_path, "a.jpg", "b.jpg")
    whole = place.read_bytes()
    place.write_bytes(whole[: int(share * len(whole))])
    assert "no zip, or its end is missing" in refusal(place)


def test_a_photo_that_is_called_zip(tmp_path: Path) -> None:
    place = tmp_path / "photos.zip"
    place.write_bytes(PHOTO)
    assert "no zip" in refusal(place)


def test_one_damaged_entry_is_named_and_the_others_come_out(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg", "b.jpg")
    whole = bytearray(place.read_bytes())
    whole[60] ^= 0xFF
    place.write_bytes(whole)
    with opened(place, LIMITS) as archive:
        with pytest.raises(RefusedError, match=r"a\.jpg: it is"):
            out(archive, 0)
        assert out(archive, 1) == PHOTO


def test_no_flipped_byte_does_more_than_refuse(tmp_path: Path) -> None:
    """Every byte of a small zip, changed: it comes out as it was, or it is refused in words."""
    whole = made(tmp_path, "in/a.jpg", "b.jpg", data=b"photo " * 9).read_bytes()
    place = tmp_path / "changed.zip"
    outcomes = set()
    for at in range(len(whole)):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
        try:
            with opened(place, LIMITS) as archive:
                for number in range(len(archive.entries)):
                    outcomes.add(out(archive, number) == b"photo " * 9)
        except RefusedError as refused:
            outcomes.add(bool(refused.refusal.what and refused.refusal.remedy))
    assert outcomes == {True}


def test_a_full_disk_is_no_fault_of_the_zip(tmp_path: Path) -> None:
    place = made(tmp_path, "a.jpg")
    with (
        opened(place, LIMITS) as archive,
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        archive.take_out(archive.entries[0], full)
