"""Opens aligned patches: a store that ``python -m enhancement.nn patches`` wrote, or published patches as they are.

A store is a folder::

    manifest.json      settings, sources, scenes, split, and the sha256 of the other files
    inputs.npy         (N, size, size, 3), uint8, sRGB; all patches of a scene together
    references.npy     the same, of the better camera
    patches.csv        a row a patch: scene, split, place, shift, correlation
    report.csv         a row a scene
    contact_sheet.png  some patches, to look at
"""

from dataclasses import asdict
from pathlib import Path

from enhancement.nn.files import sha256_of, sha256_of_file
from enhancement.nn.pairs.manifest import Manifest, PatchesError, PatchSettings, Scene
from enhancement.nn.pairs.patch_set import MappedPatches, Patches, PatchSet
from enhancement.nn.pairs.published import is_published, open_published

__all__ = ["Manifest", "PatchSet", "PatchSettings", "Patches", "PatchesError", "Scene", "open_patches", "read_manifest"]

MANIFEST, INPUTS, REFERENCES = "manifest.json", "inputs.npy", "references.npy"


def open_patches(
    path: Path, *, expecting: PatchSettings | None = None, verify: bool = False, train_first: int | None = None
) -> PatchSet:
    """Open aligned patches; they are read when they are asked for.

    Args:
        path: A store, or a folder of published patches (``find_published`` says which layouts).
        expecting: Refuse patches that were cut otherwise.
        verify: Read all of a store first, and refuse it if a byte was changed.
        train_first: Of published patches in one folder, so many are for training.

    Raises:
        PatchesError: Nothing there, half there, damaged, cut otherwise, or the split isn't said or is said twice.
        PictureError: The first of the published patches can't be read.

    Example:
        >>> open_patches(Path("nowhere"))
        Traceback (most recent call last):
        ...
        enhancement.nn.pairs.manifest.PatchesError: nowhere: no patches here; make a store with `python -m ...
    """
    if (path / MANIFEST).is_file():
        opened = open_store(path, train_first)
    elif is_published(path):
        opened = open_published(path, train_first=train_first)
    else:
        raise PatchesError(f"{path}: no patches here; make a store with `python -m enhancement.nn patches`.")
    if expecting is not None:
        check_settings(path, opened.manifest, expecting)
    if verify:
        check_files(path, opened.manifest)
    return opened


def open_store(path: Path, train_first: int | None = None) -> PatchSet:
    """Open a store.

    Raises:
        PatchesError: It is half there or damaged, or another split is asked for.
    """
    manifest, sha256 = read_manifest(path)
    if train_first is not None:
        raise PatchesError(f"{path}: this store's split was made with it; leave train_first out.")
    try:
        return PatchSet(MappedPatches(path / INPUTS), MappedPatches(path / REFERENCES), manifest, sha256)
    except PatchesError as error:
        raise PatchesError(f"{path}: {error}") from error


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """A store's manifest, and the sha256 of its bytes in hex.

    Raises:
        PatchesError: It isn't there or damaged.
    """
    try:
        content = (path / MANIFEST).read_bytes()
        return Manifest.from_json(content), sha256_of(content)
    except OSError as error:
        raise PatchesError(f"{path}: its manifest can't be read ({error.strerror}); make the store again.") from error
    except PatchesError as error:
        raise PatchesError(f"{path}: {error}") from error


def check_settings(path: Path, manifest: Manifest, expecting: PatchSettings) -> None:
    """Refuse patches that were cut otherwise than asked.

    Raises:
        PatchesError: Names each setting that differs.
    """
    if manifest.settings is None:
        if manifest.size_px != expecting.size_px:
            raise PatchesError(f"{path}: size_px is {manifest.size_px}, {expecting.size_px} was asked for.")
        return
    cut, asked = asdict(manifest.settings), asdict(expecting)
    differing = [f"{name} is {cut[name]}, {asked[name]} was asked for" for name in cut if cut[name] != asked[name]]
    if differing:
        raise PatchesError(f"{path}: cut with other settings: {'; '.join(differing)}. Cut patches into another store.")


def check_files(path: Path, manifest: Manifest) -> None:
    """Read every file that the manifest has a hash of.

    Raises:
        PatchesError: One is missing or was changed.
    """
    for name, expected in manifest.files.items():
        try:
            found = sha256_of_file(path / name)
        except OSError as error:
            raise PatchesError(f"{path / name}: can't be read ({error.strerror}); make the store again.") from error
        if found != expected:
            raise PatchesError(f"{path / name}: its bytes aren't those that were written; make the store again.")
