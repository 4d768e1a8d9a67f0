"""The short version of `python -m tests.fuzz`: broken files of every format end as a photo or a refusal."""

import numpy as np

from enhancement.formats.table import FORMATS
from tests.fuzz import FINDINGS, mutations, run, table
from tests.fuzz_files import real_files

MUTATIONS = 105


def test_broken_files_are_photos_or_refusals() -> None:
    counted = run(MUTATIONS, seed=2)
    assert sum(counted.values()) == MUTATIONS
    assert not {kind: end for (kind, end) in counted if end in FINDINGS}, table(counted, 0, 2)
    assert {kind for kind, _ in counted} == {*FORMATS, "by survey"}
    assert {end for _, end in counted} == {"photo", "refusal"}


def test_the_same_seed_breaks_the_same_way() -> None:
    files = real_files()
    first, second, other = (list(mutations(files, 21, seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other
    assert np.mean([mutation.data not in files[mutation.format] for mutation in first]) > 0.8
