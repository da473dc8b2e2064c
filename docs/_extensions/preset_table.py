"""The directive `preset-table`: what each preset is for and the shape of its model, from the presets themselves."""

from command_line import prose
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

COLUMNS = ("preset", "for", "tokens", "model", "context", "training")


def rows():
    """A row of strings for each preset."""
    from tinylm_keras.recipe import presets

    for name in presets.names():
        recipe = presets.get(name)
        length = f"{recipe.steps:,} steps" if recipe.steps else f"{recipe.epochs:,} epochs"
        training = f"{recipe.optimizer}, {length}, batches of {recipe.batch_size}"
        yield name, presets.describe(name), recipe.tokenizer, recipe.model, str(recipe.context_length), training


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
