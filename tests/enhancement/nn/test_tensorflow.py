"""TensorFlow V2 checkpoints: what is read, and every way in which a file can be wrong."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enhancement.nn.tensorflow import TensorFlowCheckpointError, data_files, read_checkpoint

TENSORS = {
    "generator/W1": np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5),
    "generator/W10": np.linspace(-1, 1, 300, dtype=np.float32),
    "generator/b1": np.float32([0.5]),
    "step": np.array(20_000, dtype=np.int64),
}


@pytest.fixture
def index(tmp_path: Path, write_bundle: Any) -> Path:
    path: Path = write_bundle(tmp_path / "net.index", TENSORS)
    return path


def test_every_tensor_comes_back_as_it_was(index: Path) -> None:
    tensors = read_checkpoint(index)
    assert list(tensors) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        np.testing.assert_array_equal(tensors[name], tensor, strict=True)


@pytest.mark.parametrize(
    ("name", "tensors", "floats"),
    [
        ("iphone_orig", 40, 401_475),
        ("blackberry_orig", 40, 401_475),
        ("dped_resnet_8_32", 24, 71_331),
        ("dped_srcnn", 6, 69_249),
    ],
)
def test_released_checkpoints(shared: Callable[[str], Path], name: str, tensors: int, floats: int) -> None:
    index = shared(f"dped/weights/{name}.index")
    read = read_checkpoint(index)
    assert (len(read), sum(tensor.size for tensor in read.values())) == (tensors, floats)
    # In these files the tensors lie one after the other in the order of their names.
    np.testing.assert_array_equal(
        np.concatenate([tensor.ravel() for tensor in read.values()]), np.fromfile(data_files(index)[0], "<f4")
    )


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damage_goes_unseen(write_bundle: Any, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        index = write_bundle(Path(folder, "net.index"), TENSORS)
        victim = data.draw(st.sampled_from([index, *data_files(index)]))
        content = bytearray(victim.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] ^= data.draw(st.integers(1, 255))
        else:
            del content[place:]
        victim.write_bytes(content)
        # The footer's padding says nothing, so only there a change may pass.
        padding = victim == index and len(content) - 42 <= place < len(content) - 8
        with nullcontext() if padding else pytest.raises(TensorFlowCheckpointError, match=folder):
            tensors = read_checkpoint(index)
            assert all(np.array_equal(tensors[name], tensor) for name, tensor in TENSORS.items())


def test_a_changed_tensor_is_named(index: Path) -> None:
    path = data_files(index)[0]
    content = bytearray(path.read_bytes())
    content[4 * 50] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        TensorFlowCheckpointError, match=r"data-00000-of-00001: the tensor generator/W1 was changed \(its CRC32C"
    ):
        read_checkpoint(index)


def test_a_changed_index_is_refused(index: Path) -> None:
    content = bytearray(index.read_bytes())
    content[30] ^= 1
    index.write_bytes(content)
    with pytest.raises(TensorFlowCheckpointError, match=r"net.index: the block at byte 0 was changed"):
        read_checkpoint(index)


def test_a_truncated_data_file_is_refused(index: Path) -> None:
    path = data_files(index)[0]
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        TensorFlowCheckpointError, match=r"truncated: the tensor generator/W10 should end at byte 1680, .* 1000"
    ):
        read_checkpoint(index)


def test_a_missing_data_file_is_named(index: Path) -> None:
    data_files(index)[0].unlink()
    with pytest.raises(
        TensorFlowCheckpointError, match=r"net.data-00000-of-00001: the checkpoint's data file is missing"
    ):
        read_checkpoint(index)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", bytes(1000)])
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.index").write_bytes(content)
    with pytest.raises(TensorFlowCheckpointError, match="not the index of a TensorFlow V2 checkpoint"):
        read_checkpoint(tmp_path / "some.index")


def test_a_missing_index(tmp_path: Path) -> None:
    with pytest.raises(
        TensorFlowCheckpointError, match=r"no such file; give the checkpoint's file that ends in \.index"
    ):
        read_checkpoint(tmp_path / "none.index")


def test_a_tensor_of_an_unsupported_type(tmp_path: Path, write_bundle: Any) -> None:
    index = write_bundle(tmp_path / "net.index", {"pixels": np.zeros(3, np.uint8)})
    with pytest.raises(TensorFlowCheckpointError, match="pixels is of the unsupported type 4"):
        read_checkpoint(index)
