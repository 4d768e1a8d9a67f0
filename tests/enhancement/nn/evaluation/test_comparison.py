"""The table: who stands in it, how it is printed, and what is refused."""

import csv
import io
from pathlib import Path

import pytest
import torch

from enhancement.nn.__main__ import main
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.evaluation.comparison import INPUT, POLYNOMIAL, Comparison, compare, read_comparison
from enhancement.nn.evaluation.layout import as_csv, as_latex, as_text
from enhancement.nn.networks.dong import Dong


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, patches_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    save(folder / "dong.safetensors", Dong(), source=Source("fresh"), code_version="1")
    path = folder / "table.toml"
    path.write_text(
        f'title = "A table"\n[cameras."Phone & co"]\npatches = "{patches_folder}"\ntrain_first = 12\n'
        '[cameras."Phone & co".weights]\n"Dong et al." = "dong.safetensors"\n'
    )
    return path


@pytest.fixture(scope="module")
def comparison(file: Path) -> Comparison:
    return compare(*read_comparison(file), torch.device("cpu"))


def test_input_and_polynomial_stand_in_every_table(comparison: Comparison) -> None:
    assert comparison.methods == (INPUT, POLYNOMIAL, "Dong et al.")
    polynomial, as_it_is = (comparison.cell("Phone & co", name) for name in (POLYNOMIAL, INPUT))
    assert polynomial is not None
    assert as_it_is is not None
    assert polynomial.estimates["psnr_batch50"].value > as_it_is.estimates["psnr_batch50"].value + 3


def test_every_pair_is_compared(comparison: Comparison) -> None:
    pairs = [(one.method, one.other) for one in comparison.differences]
    assert pairs == [(POLYNOMIAL, INPUT), ("Dong et al.", INPUT), ("Dong et al.", POLYNOMIAL)]
    values = {cell.method: cell.estimates["ssim_per_image"].value for cell in comparison.cells}
    for one in comparison.differences:
        assert one.estimates["ssim_per_image"].value == pytest.approx(values[one.method] - values[one.other])
    assert comparison.differences[0].estimates["psnr_batch50"].excludes_zero


def test_it_says_that_intervals_over_patches_are_too_short(comparison: Comparison) -> None:
    assert "50 patches; 95 % intervals over patches, whose scenes aren't known: too short" in as_text(comparison)


def test_the_csv_has_every_number(comparison: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(comparison))))
    assert len(rows) == (3 + 3) * 4
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows)


def test_latex_is_escaped_and_balanced(comparison: Comparison) -> None:
    latex = as_latex(comparison)
    assert "Phone \\& co" in latex
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}") == 2
    assert latex.count("{") == latex.count("}")


def test_the_command_prints_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(file), "--device", "cpu"]) == 0
    assert "As in the paper" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it needs a table"),
        ("titel = 1\n[cameras.a]\npatches = 'x'", "'titel' is not known"),
        ("[cameras.a]\nweights = {}", r"\[cameras.a\] needs patches"),
        ("[cameras.a]\npatches = 'x'\nweights = { Input = 'y' }", "Input stands in every table"),
        ("[cameras.a]\npatches = 'x'\nweights = { a = 1 }", "must name a checkpoint"),
        ("[cameras.a]\npatches = 'x'\ntrain_first = 'all'", "must be a whole number"),
        ("[cameras", "table.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "table.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_comparison(path)
