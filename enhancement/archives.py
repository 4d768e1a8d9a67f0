"""Zip files from strangers: what in them is a file that may come out, and what isn't, each with its reason."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from enhancement.paths import StrangePathError, inside, left_by_systems
from enhancement.photo_files import matching_name

ZIP = ".zip"
ARCHIVES = (ZIP, ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
ZIP_MAGIC = b"PK\x03\x04"
READ_BYTES = 1 << 20

BOMB_RATIO = 200
"""Bytes out per byte in. Photos come to 1 to 4, a scan of white paper as TIFF to about 100."""

BOMB_FROM_BYTES = 32 << 20
"""Below this an entry may shrink as it likes: it harms nobody."""

END_RECORD = struct.Struct("<4s4H2LH")
END_MAGIC = b"PK\x05\x06"
LONG_LOCATOR = struct.Struct("<4sLQL")
LONG_LOCATOR_MAGIC = b"PK\x06\x07"
LONG_END_RECORD = struct.Struct("<4sQ2H2L4Q")
LONG_END_MAGIC = b"PK\x06\x06"
MAX_COMMENT_BYTES = 65535
DIRECTORY_BYTES_PER_ENTRY = 1024
"""More than a central directory needs on average: 46 bytes, a name, some extra fields."""

UNICODE_PATH_FIELD = 0x7075

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error)
"""What zipfile raises over broken or unknown zips; its NotImplementedError is a RuntimeError."""

AGAIN = "make the zip again, or send the photos themselves"


@dataclass(frozen=True)
class Limits:
    """How much may come out of one zip."""

    entries: int
    entry_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Refusal:
    """Something that doesn't come out of a zip.

    Attributes:
        name: The entry's, as the zip has it; empty where it is the whole zip.
    """

    name: str
    what: str
    remedy: str


class RefusedError(ValueError):
    """A zip, or one of its entries, that isn't taken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.name or 'the zip'}: {refusal.what}; {refusal.remedy}")
        self.refusal = refusal


@dataclass(frozen=True)
class Entry:
    """A file that may come out.

    Attributes:
        path: Where it belongs, below the folder that the zip stands for.
        bytes: Its size as the zip declares it; `Archive.take_out` holds it to that.
    """

    name: str
    path: PurePosixPath
    bytes: int
    info: zipfile.ZipInfo = field(compare=False, repr=False)


@dataclass(frozen=True)
class Archive:
    """An open zip, all its entries looked at."""

    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]
    _zip: zipfile.ZipFile = field(repr=False)

    def take_out(self, entry: Entry, target: BinaryIO) -> None:
        """Write an entry's bytes, a piece at a time, checking them against what the zip says of them.

        Raises:
            RefusedError: They are damaged, not as many as declared, or a zip again. What was written is not the file.
        """
        written = 0
        for piece in self._pieces(entry):
            if written == 0 and piece.startswith(ZIP_MAGIC):
                raise RefusedError(_nested(entry.name))
            written += len(piece)
            if written > entry.bytes:
                break
            target.write(piece)
        if written != entry.bytes:
            what = f"it is not the {entry.bytes} bytes long that the zip says"
            raise RefusedError(Refusal(entry.name, what, AGAIN))

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        try:
            with self._zip.open(entry.info) as source:
                while piece := source.read(READ_BYTES):
                    yield piece
        except DAMAGE as error:
            raise RefusedError(Refusal(entry.name, f"it is damaged in the zip ({error})", AGAIN)) from error


@contextmanager
def opened(place: Path, limits: Limits) -> Iterator[Archive]:
    """A zip with its entries sorted into those that may come out and those that don't.

    Raises:
        RefusedError: The whole is refused: no zip, cut short, too many entries, too much in all, or a bomb.
    """
    with place.open("rb") as file:
        _check_directory(file, place.stat().st_size, limits)
        try:
            opened_zip = zipfile.ZipFile(file)
        except DAMAGE as error:
            raise _whole(f"it can't be read as a zip ({error})", AGAIN) from error
        with opened_zip:
            infos = opened_zip.infolist()
            _check_total(infos, place.stat().st_size, limits)
            yield Archive(*_sorted_out(infos, limits), opened_zip)


def _whole(what: str, remedy: str) -> RefusedError:
    return RefusedError(Refusal("", what, remedy))


def _check_directory(file: IO[bytes], size: int, limits: Limits) -> None:
    """How many entries there are and how long their directory is, before anything is read by it."""
    tail_bytes = min(size, END_RECORD.size + MAX_COMMENT_BYTES + LONG_LOCATOR.size)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(END_MAGIC)
    if at < 0 or len(tail) - at < END_RECORD.size:
        raise _whole("it is no zip, or its end is missing", "send it again, or the photos themselves")
    _, _, _, _, entries, directory_bytes, _, _ = END_RECORD.unpack_from(tail, at)
    entries, directory_bytes = _long_directory(file, size, tail, at) or (entries, directory_bytes)
    file.seek(0)
    if entries > limits.entries:
        raise _whole(f"it holds {entries} files, more than {limits.entries}", "split it, or leave files out")
    if directory_bytes > max(entries, 64) * DIRECTORY_BYTES_PER_ENTRY:
        raise _whole("its list of files is longer than its number of files explains", AGAIN)


def _long_directory(file: IO[bytes], end: int, tail: bytes, at: int) -> tuple[int, int] | None:
    """The same of a zip64, which has a second record for what doesn't fit into the first."""
    before = at - LONG_LOCATOR.size
    if before < 0 or tail[before : before + 4] != LONG_LOCATOR_MAGIC:
        return None
    _, _, place, _ = LONG_LOCATOR.unpack_from(tail, before)
    if place != end - (len(tail) - before) - LONG_END_RECORD.size:
        # Pythons differ in which of the two they read: the one that is named, or the one that stands before.
        raise _whole("its list of files isn't where it says", AGAIN)
    try:
        file.seek(place)
        record = file.read(LONG_END_RECORD.size)
        magic, _, _, _, _, _, _, entries, directory_bytes, _ = LONG_END_RECORD.unpack(record)
    except (OSError, OverflowError, ValueError, struct.error) as error:
        raise _whole(f"its list of files can't be found ({error})", AGAIN) from error
    if magic != LONG_END_MAGIC:
        raise _whole("its list of files can't be found", AGAIN)
    return int(entries), int(directory_bytes)


def _check_total(infos: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    if len(infos) > limits.entries:
        raise _whole(f"it holds {len(infos)} files, more than {limits.entries}", "split it, or leave files out")
    if sum(info.compress_size for info in infos) > size:
        raise _whole("its files overlap, as only a trap's do", AGAIN)
    total = sum(info.file_size for info in infos)
    if total > limits.total_bytes:
        what = f"{_megabytes(total)} would come out of it, more than {_megabytes(limits.total_bytes)}"
        raise _whole(what, "split it, or leave files out")


def _sorted_out(infos: list[zipfile.ZipInfo], limits: Limits) -> tuple[tuple[Entry, ...], tuple[Refusal, ...]]:
    entries: dict[str, Entry] = {}
    refusals = []
    for info in infos:
        name = _name(info)
        try:
            entry = _entry(info, name, limits)
            if entry is not None and (first := entries.get(matching_name(str(entry.path)))):
                what = f"it has the same name as {first.name}, but for case or Unicode form at most"
                raise RefusedError(Refusal(name, what, "rename one of them and make the zip again"))
        except RefusedError as refused:
            refusals.append(refused.refusal)
            continue
        if entry is not None:
            entries[matching_name(str(entry.path))] = entry
    return tuple(entries.values()), tuple(refusals)


def _name(info: zipfile.ZipInfo) -> str:
    """An entry's name in Unicode: what isn't marked as UTF-8 often is, and cp437 otherwise."""
    named = info.orig_filename
    if info.flag_bits & 0x800:
        return named
    try:
        raw = named.encode("cp437")
    except UnicodeEncodeError:
        return named
    told = _unicode_path(info.extra, raw)
    if told is not None:
        return told
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return named


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Info-ZIP's extra field: the name in UTF-8, with a checksum of the name that it is meant for."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        data, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH_FIELD and len(data) > 5 and struct.unpack_from("<L", data, 1)[0] == zlib.crc32(raw):
            try:
                return data[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _entry(info: zipfile.ZipInfo, name: str, limits: Limits) -> Entry | None:
    """A file that may come out; None for a folder, or what systems leave in zips.

    Raises:
        RefusedError: Neither.
    """
    try:
        path = inside(name)
    except StrangePathError as strange:
        raise RefusedError(Refusal(name, str(strange), "leave it out")) from strange
    if refusal := _kind_refused(info, name):
        raise RefusedError(refusal)
    if name.endswith(("/", "\\")) or left_by_systems(path):
        return None
    if refusal := _content_refused(info, name, path, limits):
        raise RefusedError(refusal)
    return Entry(name, path, info.file_size, info)


def _kind_refused(info: zipfile.ZipInfo, name: str) -> Refusal | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return Refusal(name, "it is a link, not a file", "put the photo itself into the zip, or leave it out")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Refusal(name, "it is a device or a pipe, not a file", "leave it out")
    return None


def _content_refused(info: zipfile.ZipInfo, name: str, path: PurePosixPath, limits: Limits) -> Refusal | None:
    if info.flag_bits & 0x1:
        return Refusal(name, "it is encrypted", "make the zip again without a password")
    if path.suffix.lower() in ARCHIVES:
        return _nested(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Refusal(name, "it is compressed in a way that isn't read here", "make the zip again, the ordinary way")
    if info.file_size > limits.entry_bytes:
        what = f"it has {_megabytes(info.file_size)}, more than {_megabytes(limits.entry_bytes)}"
        return Refusal(name, what, "scale it down, or leave it out")
    if info.file_size > max(BOMB_FROM_BYTES, BOMB_RATIO * info.compress_size):
        what = f"it would grow {info.file_size // max(info.compress_size, 1)}-fold, as only a trap does"
        return Refusal(name, what, "leave it out, or send the photo itself")
    return None


def _nested(name: str) -> Refusal:
    return Refusal(name, "it is an archive within the zip", "unpack it, and send its photos or a zip of them")


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
