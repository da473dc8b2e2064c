"""Pages of the repository's root are included in the site; their links begin there and are moved to where they lead."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What has a page of its own in the site.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/RESULTS.md": "measurements.md",
}


def moved(target, folder=ROOT):
    """The target of a link in a page that lies in `folder`, as a page in docs/ writes it: a page, or a file to open."""
    place, mark, anchor = target.partition("#")
    if "://" in target or not place or not (folder / place).exists():
        return target  # an address, a heading, or a link that Sphinx will not find
    place = (folder / place).resolve().relative_to(ROOT).as_posix()
    if place in PAGES:
        place = PAGES[place]
    elif place.startswith("docs/"):
        place = place.removeprefix("docs/")
    elif place.startswith("colab/") and place.endswith(".ipynb"):
        place = "notebooks/" + place.removeprefix("colab/")
    else:
        place = f"path:../{place}"
    return place + mark + anchor


def move_links(app, relative_path, parent, content):
    """Rewrite the links and images of an included page."""
    if relative_path.suffix == ".md":
        folder = pathlib.Path(app.srcdir, relative_path).resolve().parent
        content[0] = re.sub(r"\]\(([^)\s]+)\)", lambda match: f"]({moved(match[1], folder)})", content[0])


def setup(app):
    app.connect("include-read", move_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
