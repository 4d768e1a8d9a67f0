"""Folders of pairs that several tests read."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from enhancement.nn.pairs.aligning import align_all
from enhancement.nn.pairs.sources import find_pairs
from enhancement.pictures import Photo
from tests.enhancement.nn.pairs.synthetic import recoloured, seen_through, similarity, write_pair


@pytest.fixture(scope="session")
def pairs_folder(tmp_path_factory: pytest.TempPathFactory, coffee: Photo, astronaut: Photo) -> Path:
    """``phone/`` and ``canon/``: scenes 1, 2 and 10, and 3, which is no pair."""
    folder = tmp_path_factory.mktemp("pairs")
    for scene, reference in (("1", coffee), ("2", astronaut), ("10", skimage.data.chelsea())):
        photo = seen_through(reference, similarity(1.25, 0.01, 12.0, 9.0), (320, 220))
        write_pair(folder, scene, recoloured(photo), reference)
    write_pair(folder, "3", np.full((300, 400, 3), 128, np.uint8), coffee)
    return folder


@pytest.fixture(scope="session")
def aligned_folder(tmp_path_factory: pytest.TempPathFactory, pairs_folder: Path) -> Path:
    """The alignments of ``pairs_folder``."""
    folder = tmp_path_factory.mktemp("aligned")
    align_all(find_pairs(pairs_folder / "phone", pairs_folder / "canon"), folder, processes=1)
    return folder
