"""Our checkpoints: what is kept, and what is refused."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from enhancement.nn.checkpoint import CheckpointError, Source, load, save
from enhancement.nn.files import sha256_of
from enhancement.nn.networks.architectures import Network
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator

SOURCE = Source("net", {"net.index": "ab" * 32})


def header(**changes: Any) -> dict[str, Any]:
    whole = {
        "format": 1,
        "architecture": "dped",
        "config": {"blocks": 1, "channels": 4, "norm": "instance"},
        "source": {"name": "net", "files": {}},
        "code_version": "1.0",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def write(path: Path, tensors: dict[str, torch.Tensor], **changes: Any) -> Path:
    save_file(tensors, path, {"phoropter": json.dumps(header(**changes))})
    return path


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    return dict(Generator(blocks=1, channels=4).state_dict())


@pytest.mark.parametrize(
    "network", [Generator(blocks=1, channels=4), Generator(blocks=2, channels=3, norm="batch"), Dong()]
)
def test_a_network_comes_back_as_it_was(tmp_path: Path, network: Network) -> None:
    digest = save(tmp_path / "net.safetensors", network, source=SOURCE, code_version="1.0")
    checkpoint = load(tmp_path / "net.safetensors")
    assert digest == checkpoint.sha256 == sha256_of((tmp_path / "net.safetensors").read_bytes())
    assert type(checkpoint.network) is type(network)
    assert (checkpoint.config, checkpoint.source, checkpoint.code_version) == (network.config, SOURCE, "1.0")
    assert not checkpoint.network.training
    for name, value in network.state_dict().items():
        torch.testing.assert_close(checkpoint.network.state_dict()[name], value, rtol=0, atol=0)


def test_the_same_network_gives_the_same_bytes_wherever_it_came_from(tmp_path: Path) -> None:
    network = Generator(blocks=2, channels=3)
    first = save(tmp_path / "a", network, source=SOURCE, code_version="1")
    copy = load(tmp_path / "a").network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert save(tmp_path / "b", copy, source=SOURCE, code_version="1") == first
    assert save(tmp_path / "c", copy, source=Source("other"), code_version="1") != first


def test_an_existing_file_is_replaced_and_nothing_else_left(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes(b"before")
    save(path, Dong(), source=SOURCE, code_version="1")
    assert load(path).architecture == "dong"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.safetensors: can't be read"):
        load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps({"weight": 1}), bytes(100)])
def test_what_is_no_safetensors_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"net\.pt: not a whole safetensors file .* pickled ones are never read"):
        load(tmp_path / "net.pt")


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return Path.touch, (tmp_path / "exploded",)

    torch.save({"weight": Bomb()}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError):
        load(tmp_path / "net.pt")
    assert not (tmp_path / "exploded").exists()


def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "net"
    save(path, Dong(), source=SOURCE, code_version="1")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load(path)


def test_a_safetensors_file_of_somebody_else(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(tensors, tmp_path / "net", {"format": "pt"})
    with pytest.raises(CheckpointError, match="no checkpoint of this program"):
        load(tmp_path / "net")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"architecture": "unet"},
            "no architecture 'unet'; known are dped, dong, johnson. Was it written by a newer",
        ),
        ({"config": {"blocks": 1, "width": 4}}, "don't fit the architecture 'dped'"),
        ({"format": 2}, "its format is 2, this version reads 1; update it"),
        ({"format": None}, r"its header is damaged \('format'\)"),
        ({"code_version": None}, r"its header is incomplete \('code_version'\)"),
        ({"source": {"url": "x"}}, "its header is incomplete"),
    ],
)
def test_a_wrong_header(
    tmp_path: Path, tensors: dict[str, torch.Tensor], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        load(write(tmp_path / "net", tensors, **changes))


def test_a_missing_and_an_unknown_tensor_are_named(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    tensors["extra"] = tensors.pop("out.bias")
    with pytest.raises(CheckpointError, match=r"missing \['out.bias'\], unknown \['extra'\]"):
        load(write(tmp_path / "net", tensors))


def test_a_wrong_shape_is_named(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.weight"] = tensors["head.weight"][:, :, :7].contiguous()
    with pytest.raises(
        CheckpointError, match=r"head.weight should be torch.float32 of shape \(4, 3, 9, 9\), not .*7, 9"
    ):
        load(write(tmp_path / "net", tensors))


def test_a_wrong_type_is_named(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.bias"] = tensors["head.bias"].double()
    with pytest.raises(CheckpointError, match=r"head\.bias should be torch\.float32 .* not torch\.float64"):
        load(write(tmp_path / "net", tensors))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_tensor_of_no_numbers_is_named(tmp_path: Path, tensors: dict[str, torch.Tensor], value: float) -> None:
    tensors["head.weight"][2, 1, 5, 5] = value
    with pytest.raises(CheckpointError, match=r"net: head\.weight holds values that are no finite numbers"):
        load(write(tmp_path / "net", tensors))


def test_the_file_is_plain_safetensors(tmp_path: Path) -> None:
    network = Dong()
    save(tmp_path / "net", network, source=SOURCE, code_version="1")
    assert set(load_file(tmp_path / "net")) == set(network.state_dict())
