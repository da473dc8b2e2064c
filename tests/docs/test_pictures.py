"""The pictures of README.md are small and show what the pages say; the program that makes them runs."""

import importlib.util
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PRESETS = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def make_pictures():
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_picture_is_a_png_or_svg_below_60_kb_and_is_described():
    assert len(PICTURES) == 4
    for described, place in PICTURES:
        data = (ROOT / place).read_bytes()
        assert data.startswith((b"\x89PNG\r\n", b"<svg ")), place
        assert len(data) < 60_000, place
        assert len(described.split()) > 5, place


def test_the_description_of_the_comparison_has_the_figures_of_the_table(make_pictures):
    [described] = [described for described, place in PICTURES if place.endswith("comparison.png")]
    figures = ", ".join(f"{name} {bits:.2f}" for name, bits in make_pictures.comparison(PRESETS).items())
    assert described == f"Bits per character: {figures}"


def test_the_program_draws_the_comparison_and_takes_the_loss_of_the_run(make_pictures, tmp_path, monkeypatch):
    run, out = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    out.mkdir()
    (run / "loss.png").write_bytes(b"the picture of a run")
    monkeypatch.setattr(sys, "argv", ["make_pictures.py", str(run), "--out", str(out)])
    make_pictures.main()
    assert (out / "loss.png").read_bytes() == b"the picture of a run"
    [bars] = make_pictures.draw_comparison(make_pictures.comparison(PRESETS)).axes
    assert [text.get_text() for text in bars.texts] == ["4.83", "4.39", "3.59", "3.60", "2.77", "2.19", "2.51"]
    assert (out / "comparison.png").read_bytes().startswith(b"\x89PNG\r\n")
