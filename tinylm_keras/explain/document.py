"""The HTML document of a page: markup, style, data and script in one file that loads nothing else."""

import base64
import hashlib
import json
import pathlib

from tinylm_keras.explain.bundle import bundle, plain
from tinylm_keras.explain.diagram import model_drawing

WEB = pathlib.Path(__file__).parent / "web"
STYLES = ("colours.css", "layout.css", "controls.css", "figures.css", "print.css")

SOURCE = "// With comments, each file by itself: the folder tinylm_keras/explain/web of the package tinylm_keras."

# Modules that only some models and tokenizers need. A page holds those of its own.
ONLY_FOR = {
    "engine/mini.js": {"MiniLM"},
    "engine/rotary.js": {"RotaryLM"},
    "engine/baselines.js": {"AverageLM", "BigramLM", "MLPLM"},
    "engine/counts.js": {"NGramLM", "MixtureLM"},
    "engine/byte_pair.js": {"BytePairTokenizer"},
    "engine/word_punct.js": {"WordPunctTokenizer"},
}

# Where the drawing of the model stands in page.html.
DRAWING = "<!-- drawing -->"


def document(payload):
    """Return the document of a page.

    The browser runs this script and this style alone: a policy in the document names both by their digests, and allows
    no connection. What comes from a model is data in JSON, which the script shows as text.

    Args:
        payload: dict of JSON values, from `payload.payload`.

    Returns:
        str. HTML, the same for the same payload.
    """
    style = plain("\n".join((WEB / name).read_text(encoding="utf-8").strip() for name in STYLES))
    style, script = f"\n{style}\n", f"\n{SOURCE}\n{bundle(_modules(), 'main.js', _left_out(payload))}\n"
    before, after = (WEB / "page.html").read_text(encoding="utf-8").split(DRAWING)
    model = payload["model"]
    # Joined from parts: nothing is replaced in a text that holds megabytes of base64 or words of a stranger.
    parts = ["<!doctype html>\n", '<html lang="en">\n', "<head>\n", '<meta charset="utf-8">\n']
    parts += [f'<meta http-equiv="Content-Security-Policy" content="{policy(script, style)}">\n']
    parts += ['<meta name="viewport" content="width=device-width, initial-scale=1">\n']
    parts += ['<meta name="color-scheme" content="light dark">\n', '<meta name="referrer" content="no-referrer">\n']
    parts += ["<title>A small language model</title>\n", f"<style>{style}</style>\n", "</head>\n", "<body>\n"]
    parts += [before.rstrip("\n"), "\n", model_drawing(model["kind"], model["config"]), after.rstrip("\n"), "\n"]
    parts += ['<script type="application/json" id="payload">', as_json(payload), "</script>\n"]
    parts += [f'<script type="module">{script}</script>\n', "</body>\n", "</html>\n"]
    return "".join(parts)


def _left_out(payload):
    """The modules that this model has no use for."""
    parts = [payload["model"], payload["tokenizer"], *payload["model"]["config"].values()]
    kinds = {part["kind"] for part in parts if isinstance(part, dict) and "kind" in part}
    left_out = {path for path, used_by in ONLY_FOR.items() if not kinds & used_by}
    return left_out | ({"engine/recorded.js"} if payload["live"] else set())


def _modules():
    """The text of every module by its path."""
    return {path.relative_to(WEB).as_posix(): path.read_text(encoding="utf-8") for path in sorted(WEB.rglob("*.js"))}


def policy(script, style):
    """Return a content security policy that allows one script, one style and compiled WebAssembly, and nothing else."""
    allowed = {
        "default-src": "'none'",
        "script-src": f"'{digest(script)}' 'wasm-unsafe-eval'",
        "style-src": f"'{digest(style)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def digest(text):
    """Return what a content security policy calls a script or a style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def as_json(value):
    r"""Return a value as JSON that can stand in a script element: no `<`, and no line end that is not JSON's.

    Example:

    >>> as_json({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
