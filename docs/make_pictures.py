"""Make the pictures of README.md: the transformer block, the loss of a training run, and the comparison of models.

Train a model on a text of your own first; the text is not part of this repository:

    tinylm train paradise_lost.txt --preset fast --minutes 3 --out runs/verse
    python docs/make_pictures.py runs/verse

The loss is the picture that the run wrote. The figures of the comparison stand in docs/presets.md, which says how they
were measured. The block is the drawing of the page of a model, and needs no run: `python docs/make_pictures.py`. The
picture of such a page is made by hand, with the browser's own means.
"""

import argparse
import pathlib
import re
import shutil

from tinylm_keras import plots
from tinylm_keras.explain import diagram

DOCS = pathlib.Path(__file__).resolve().parent


def comparison(page):
    """The bits per character of each model, in the order of the table: a dict from name to number."""
    [rows] = re.findall(r"^\| model \| bits per character \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, flags=re.M)
    cells = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in rows.splitlines()]
    return {name: float(bits) for name, bits, *_ in cells}


def draw_comparison(bits):
    """A bar for each model; hollow where its numbers are counts from the text and nothing is trained."""
    rows = [
        {"name": name, "bits_per_character": value, "trained": not name.endswith("counts")}
        for name, value in bits.items()
    ]
    return plots.draw_comparison(rows, digits=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, nargs="?", help="the folder of a training run; none: the block alone")
    parser.add_argument("--out", type=pathlib.Path, default=DOCS / "_static", help="where the pictures go")
    chosen = parser.parse_args()
    (chosen.out / "block.svg").write_text(diagram.blocks_figure(), encoding="utf-8", newline="\n")
    if chosen.run is None:
        return
    shutil.copyfile(chosen.run / "loss.png", chosen.out / "loss.png")
    bits = comparison((DOCS / "presets.md").read_text(encoding="utf-8"))
    # Without the version of matplotlib, the same figures give the same file.
    draw_comparison(bits).savefig(chosen.out / "comparison.png", dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()
