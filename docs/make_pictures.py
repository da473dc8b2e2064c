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

from matplotlib.figure import Figure

from tinylm_keras.explain import diagram

DOCS = pathlib.Path(__file__).resolve().parent
BLUE, INK, GRID = "#2a6f97", "#333333", "#dddddd"  # the colours of the pictures that a run writes


def comparison(page):
    """The bits per character of each model, in the order of the table: a dict from name to number."""
    [rows] = re.findall(r"^\| model \| bits per character \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, flags=re.M)
    cells = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in rows.splitlines()]
    return {name: float(bits) for name, bits, *_ in cells}


def draw_comparison(bits):
    """A bar for each model; hollow where its numbers are counts from the text and nothing is trained."""
    figure = Figure(figsize=(6.4, 0.42 * len(bits) + 0.8), layout="constrained")
    axes = figure.add_subplot()
    for place, (name, value) in enumerate(bits.items()):
        fill = "white" if name.endswith("counts") else BLUE
        axes.barh(place, value, color=fill, edgecolor=BLUE, linewidth=1.2, height=0.62)
        axes.annotate(f"{value:.2f}", (value, place), (5, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(bits)), list(bits))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12 * max(bits.values()))  # room for the number of the longest bar
    axes.set_xlabel("bits per character of validation text (lower is better)", color=INK)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, length=0)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    return figure


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
