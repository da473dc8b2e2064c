"""Drawings of the models: what happens to a vector, top to bottom, as SVG text.

`blocks_figure` is the picture of README.md and of the documentation, `model_drawing` the one of a page, whose parts can
be clicked. Both come from the same columns.
"""

import dataclasses
import html

WIDTH, MIDDLE = 250, 140  # of a column; the middle leaves room for the skip connections on the left
BOX, GAP, RADIUS = 34, 22, 11


@dataclasses.dataclass(frozen=True)
class Part:
    """One thing in a column.

    Attributes:
        name: str. What a click on it opens; empty where nothing is to be seen.
        words: str. What stands in it.
        look: str. "part" and "norm": a box; "sum": a circle with a plus, which ends a skip connection; "split": where
            one begins; "text": words alone; "begin" and "end": the frame around a block.
    """

    name: str
    words: str
    look: str = "part"


SPLIT = Part("", "", "split")


def block(norm, normalization="LayerNormalization", attention="CausalSelfAttention"):
    """The parts of a transformer block with its norm "pre" or "post"."""
    norms = [Part(f"{half}_norm", normalization, "norm") for half in ("attention", "feed_forward")]
    halves = [Part("attention", attention), Part("feed_forward", "feed-forward network")]
    parts = []
    for half, normalized in zip(halves, norms, strict=True):
        added = Part(f"{half.name}_sum", "add", "sum")
        parts += [SPLIT, normalized, half, added] if norm == "pre" else [SPLIT, half, added, normalized]
    return parts


def model_parts(kind, config):
    """The parts of a model of a kind (the name of its class), from token ids to the next token."""
    start, end = Part("", "token ids", "text"), Part("", "next token", "text")
    if kind == "MixtureLM":
        network = config["network"]
        return [*model_parts(network["kind"], network["config"])[:-1], Part("counts", "mix with the counts"), end]
    inner = {
        "MiniLM": _transformer,
        "RotaryLM": _transformer,
        "AverageLM": lambda _: [Part("token", "token vector"), Part("mean", "mean of all so far"), *_layers(config)],
        "MLPLM": lambda _: [Part("window", "codes of the last tokens"), *_layers(config)],
        "BigramLM": lambda _: [Part("row", "row of the table")],
        "NGramLM": lambda _: [Part("counts", "counts of n-grams")],
    }[kind](config)
    head = [Part("head", "Dense (head)")] if kind not in ("BigramLM", "NGramLM") else []
    return [start, *inner, *head, *([Part("softmax", "softmax")] if kind != "NGramLM" else []), end]


def _transformer(config):
    norm = config.get("norm")  # a RotaryLM has none: it normalizes before each half
    parts = block(norm) if norm else block("pre", "RMSNormalization", "RotaryAttention")
    position = [Part("position", "+ position vector")] if norm else []
    frame = [Part("block", "block", "begin"), *parts, Part("", "", "end")]
    final = [Part("final_norm", parts[1].words, "norm")] if norm != "post" else []
    return [Part("token", "token vector"), *position, *frame, *final]


def _layers(config):
    return [Part(f"layer_{i}", f"hidden layer {i + 1}") for i in range(config["num_hidden_layers"])]


class Column:
    """Draws parts below each other.

    Args:
        middle: int. Where its middle is.
        clickable: bool. Whether the parts are buttons of a page.
    """

    def __init__(self, middle, clickable=False):
        self.middle, self.clickable = middle, clickable
        self.lines, self.y, self.split, self.frame, self.waiting = [], 0, 0, None, False

    def draw(self, parts):
        """Draw parts; return the SVG elements as a list of lines."""
        for part in parts:
            getattr(self, f"_{part.look}")(part)
        return self.lines

    def _arrow(self, length=GAP):
        """A line to the next part, unless this is the first."""
        if self.waiting:
            end = self.y + length
            self.lines.append(f'<path d="M{self.middle} {self.y} V{end}" class="line" marker-end="url(#tip)"/>')
            self.y = end
        self.waiting = True

    def _text(self, part):
        self._arrow()
        self.lines.append(f'<text x="{self.middle}" y="{self.y + 15}">{_escaped(part.words)}</text>')
        self.y += 22

    def _box(self, part):
        self._arrow()
        shape = f'<rect x="{self.middle - 90}" y="{self.y}" width="180" height="{BOX}" rx="6" class="{part.look}"/>'
        words = f'<text x="{self.middle}" y="{self.y + 22}">{_escaped(part.words)}</text>'
        self._add(part, shape + words)
        self.y += BOX

    _part = _norm = _box

    def _split(self, part):
        """The skip connection begins here: half an arrow above what follows."""
        self.lines.append(f'<path d="M{self.middle} {self.y} v14" class="line"/>')
        self.y += 14
        self.split = self.y

    def _sum(self, part):
        self._arrow()
        self.y += RADIUS
        left = self.middle - 112
        path = f"M{self.middle} {self.split} H{left} V{self.y} H{self.middle - RADIUS}"
        self.lines.append(f'<path d="{path}" class="line" marker-end="url(#tip)"/>')
        circle = f'<circle cx="{self.middle}" cy="{self.y}" r="{RADIUS}" class="line sum"/>'
        plus = f'<path d="M{self.middle - 6} {self.y} h12 M{self.middle} {self.y - 6} v12" class="line"/>'
        self._add(part, circle + plus)
        self.y += RADIUS

    def _begin(self, part):
        self._arrow(14)
        self.frame = len(self.lines), self.y
        self.waiting = True

    def _end(self, part):
        place, top = self.frame
        self.y += 14
        left, height = self.middle - 130, self.y - top
        self.lines.append(f'<path d="M{self.middle} {self.y - 14} V{self.y}" class="line"/>')
        frame = f'<rect x="{left}" y="{top}" width="236" height="{height}" rx="10" class="frame"/>'
        self.lines.insert(place, frame)

    def _add(self, part, drawn):
        if self.clickable and part.name:
            attributes = f'class="button" data-part="{part.name}" role="button" tabindex="0" aria-pressed="false"'
            drawn = f'<g {attributes} aria-label="{_escaped(part.words)}">{drawn}</g>'
        self.lines.append(drawn)


TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L8 4 L0 8 z" class="tip"/></marker></defs>'
)


def model_drawing(kind, config):
    """Return the SVG of a whole model for its page, whose style sheet colours it.

    Args:
        kind: str. The class of the model.
        config: dict. Its settings.

    Example:

    >>> print(model_drawing("BigramLM", {})[:40])
    <svg class="diagram" width="250" height=
    """
    column = Column(MIDDLE, clickable=True)
    lines = column.draw(model_parts(kind, config))
    size = f'width="{WIDTH}" height="{column.y + 4}" viewBox="0 0 {WIDTH} {column.y + 4}"'
    label = 'role="group" aria-label="The parts of the model, from token ids to the next token"'
    return "\n".join([f'<svg class="diagram" {size} {label}>', TIP, *lines, "</svg>"])


STYLE = """<style>
.diagram { color: #24292f; }
.diagram .paper { fill: #ffffff; }
@media (prefers-color-scheme: dark) { .diagram { color: #e6edf3; } .diagram .paper { fill: #0d1117; } }
.diagram text { font: 14px system-ui, sans-serif; text-anchor: middle; fill: currentColor; }
.diagram .title { font: 600 15px ui-monospace, monospace; }
.diagram .line { fill: none; stroke: currentColor; stroke-width: 1.5; }
.diagram .tip { fill: currentColor; }
.diagram .part { fill: #3b82f6; fill-opacity: 0.18; stroke: #3b82f6; }
.diagram .norm { fill: #f59e0b; fill-opacity: 0.18; stroke: #f59e0b; }
</style>"""


def blocks_figure():
    """Return the SVG of a transformer block with norm="pre" and one with norm="post", side by side."""
    ends = Part("", "x (B, T, embed_dim)", "text")
    drawn, height = [], 0
    for norm, middle in (("pre", 160), ("post", 440)):
        column = Column(middle)
        column.y = 34
        drawn += [f'<text x="{middle}" y="20" class="title">norm="{norm}"</text>']
        drawn += column.draw([ends, *block(norm), ends])
        height = column.y + 6
    words = (
        'A transformer block. norm="pre": layer normalization, attention, add; layer normalization, feed-forward '
        'network, add. norm="post": attention, add, layer normalization; feed-forward network, add, layer '
        "normalization."
    )
    size = f'class="diagram" width="560" height="{height}" viewBox="0 0 560 {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{_escaped(words)}">'
    paper = f'<rect width="560" height="{height}" class="paper"/>'
    return "\n".join([head, STYLE, TIP, paper, *drawn, "</svg>", ""])


def _escaped(words):
    return html.escape(words, quote=True)
