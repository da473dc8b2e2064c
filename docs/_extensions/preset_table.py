"""The directive `preset-table`: what each preset is for and what its tokens are, from the presets themselves."""

from command_line import prose
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

COLUMNS = ("preset", "for", "tokens")


def rows():
    """A row of strings for each preset."""
    from tinylm_keras.recipe import presets

    yield presets.AUTO, presets.AUTO_LINE, "by the text"
    for name in presets.names():
        yield name, presets.describe(name), presets.get(name).tokenizer


class PresetTable(SphinxDirective):
    def run(self):
        head, body = nodes.thead("", self._row(COLUMNS)), nodes.tbody()
        for row in rows():
            body += self._row(row, literal_first=True)
        group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in COLUMNS), head, body, cols=len(COLUMNS))
        return [nodes.table("", group, classes=["presets"])]

    def _row(self, cells, literal_first=False):
        row = nodes.row()
        for index, cell in enumerate(cells):
            literal = literal_first and index == 0
            row += nodes.entry("", nodes.paragraph("", "", nodes.literal(text=cell)) if literal else prose(cell))
        return row


def setup(app):
    app.add_directive("preset-table", PresetTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
