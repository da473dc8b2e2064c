"""Pictures in the pages of notebooks get the sentence that the output keeps: MyST-NB leaves out `alt` of an output."""

import base64
import hashlib
import json
import pathlib

from docutils import nodes


def sentences(notebook):
    """The alternative texts of a notebook's pictures by the SHA-256 of the picture, which MyST-NB names files by."""
    found = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            picture, alt = (output.get(name, {}).get("image/png") for name in ("data", "metadata"))
            if picture and alt and alt.get("alt"):
                data = base64.b64decode("".join(picture))
                found[hashlib.sha256(data).hexdigest()] = alt["alt"]
    return found


def add_sentences(app, doctree):
    path = pathlib.Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    found = sentences(json.loads(path.read_text(encoding="utf-8")))
    for image in doctree.findall(nodes.image):
        alt = found.get(pathlib.PurePosixPath(image.get("uri", "")).stem)
        if alt:
            image["alt"] = alt


def setup(app):
    app.connect("doctree-read", add_sentences)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
