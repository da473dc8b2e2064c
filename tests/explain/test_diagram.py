"""The drawings of the models."""

import pathlib
import xml.etree.ElementTree

import pytest

from tinylm_keras.explain import diagram

ROOT = pathlib.Path(__file__).parents[2]
KINDS = {
    "MiniLM": {"norm": "pre"},
    "RotaryLM": {},
    "AverageLM": {"num_hidden_layers": 2},
    "MLPLM": {"num_hidden_layers": 3},
    "BigramLM": {},
    "NGramLM": {},
    "MixtureLM": {"network": {"kind": "MiniLM", "config": {"norm": "post"}}},
}


def test_the_picture_of_the_documentation_is_the_drawing_of_the_page():
    picture = (ROOT / "docs" / "_static" / "block.svg").read_text(encoding="utf-8")
    assert picture == diagram.blocks_figure(), "run: python docs/make_pictures.py"


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_a_button_with_a_name_and_the_drawing_is_well_formed(kind):
    drawn = xml.etree.ElementTree.fromstring(diagram.model_drawing(kind, KINDS[kind]))
    buttons = [one for one in drawn.iter() if one.get("role") == "button"]
    assert buttons
    assert len({one.get("data-part") for one in buttons}) == len(buttons)
    assert all(one.get("aria-label") and one.get("tabindex") == "0" for one in buttons)


def test_the_norm_stands_before_each_half_or_after_each_sum():
    names = {norm: [part.name for part in diagram.block(norm) if part.name] for norm in ("pre", "post")}
    assert names["pre"][:3] == ["attention_norm", "attention", "attention_sum"]
    assert names["post"][:3] == ["attention", "attention_sum", "attention_norm"]
