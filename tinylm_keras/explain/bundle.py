"""Several JavaScript modules as one script that a page can hold.

The modules import each other as browsers and Node do, one import a line. In the script each becomes a function that is
called at once, so its names stay its own. Comments stay in the package, and indentation is made of tabs: a sixth less
to send, and a page can still be read.
"""

import posixpath
import re

# `import { one, two } from "./other.js";`: the only form that is used here.
IMPORT = re.compile(r'^import \{ ([\w$, ]+) \} from "(\.{1,2}/[\w./-]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async function\*?|function\*?|class|const) ([\w$]+))", re.MULTILINE)
COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)  # that have their lines to themselves
INDENTATION = re.compile(r"^(?:  )+", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(modules, entry, without=()):
    """Return one script in which each module stands behind those that it imports from.

    Args:
        modules: dict from the path of each module to its text.
        entry: str. The module that imports the others.
        without: Paths of modules that are left out, with those that only they need; what is imported from them is
            undefined.

    Returns:
        str.

    Raises:
        ValueError: if an import or export has another form, a module or a name is missing, or imports go in a circle.

    Example:

    >>> modules = {"a.js": 'import { two } from "./b.js";\\nsay(two);\\n', "b.js": "export const two = 2;\\n"}
    >>> print(bundle(modules, "a.js"))
    // ---- b.js
    const $b = (() => {
    const two = 2;
    return { two };
    })();
    // ---- a.js
    const $a = (() => {
    const { two } = $b;
    say(two);
    return {};
    })();
    """
    order = []
    _visit(modules, entry, order, [], without)
    return "\n".join(_wrapped(path, modules[path], without) for path in order)


def _visit(modules, path, order, above, without):
    """Put a module into the order, behind those that it needs."""
    if path in above:
        raise ValueError(f"imports go in a circle: {' -> '.join([*above, path])}")
    if path in order or path in without:
        return
    if path not in modules:
        raise ValueError(f"{above[-1] if above else 'the page'} imports {path}, which is missing")
    for names, target in IMPORT.findall(modules[path]):
        other = _target(path, target)
        _visit(modules, other, order, [*above, path], without)
        exported = [name for _, name in EXPORT.findall(modules[other])]
        for name in names.split(","):
            if name.strip() not in exported:
                raise ValueError(f"{path} imports {name.strip()} from {other}, which does not export it")
    order.append(path)


def _wrapped(path, text, without):
    """A module as a function that returns what it exports."""
    exported = [name for _, name in EXPORT.findall(text)]

    def taken(found):
        other = _target(path, found[2])
        return f"const {{ {found[1]} }} = {'{}' if other in without else _variable(other)};"

    text = IMPORT.sub(taken, text)
    text = plain(EXPORT.sub(r"\1", text)).strip()
    left = OTHER.search(text)
    if left:
        raise ValueError(f"{path} has a line that cannot be bundled: {left[0]}")
    returned = f"{{ {', '.join(exported)} }}" if exported else "{}"
    return f"// ---- {path}\nconst {_variable(path)} = (() => {{\n{text}\nreturn {returned};\n}})();"


def plain(text):
    """Return a program without the comments that have lines of their own, indented with tabs."""
    return INDENTATION.sub(lambda found: "\t" * (len(found[0]) // 2), COMMENT.sub("", text))


def _target(path, target):
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _variable(path):
    """The name of a module in the script, which is that of no variable in it."""
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))
