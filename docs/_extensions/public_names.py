"""The directive `public-names`: a reference of every name in the `__all__` of a module, from the docstrings."""

import importlib
import inspect
import re
import types

import sphinx.util.inspect
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

PACKAGE = "tinylm_keras"
FOR_KERAS = {"build", "compile_from_config", "from_config", "get_config", "get_metrics_result"}  # what Keras calls


def public_names(module):
    """The names that a module exports, submodules left out; each module has a page of its own."""
    found = importlib.import_module(PACKAGE)
    for part in module.split(".")[1:]:
        found = getattr(found, part)
    return [
        name for name in sorted(found.__all__, key=str.lower) if not isinstance(getattr(found, name), types.ModuleType)
    ]


def members(kind):
    """The methods and properties to show: those documented here, without those of a base that has its own entry."""
    bases = [base for base in kind.__mro__ if base.__module__.split(".")[0] == PACKAGE]
    with_entry = next((base for base in bases[1:] if base.__name__ in ("LanguageModel", "Tokenizer")), None)
    shown_there = set() if with_entry is None else set(dir(with_entry))
    names = {name for base in bases for name, value in vars(base).items() if _is_documented(value)}
    return sorted(name for name in names - shown_there - FOR_KERAS if not name.startswith("_"))


def _is_documented(value):
    kinds = (types.FunctionType, property, classmethod, staticmethod)
    return isinstance(value, kinds) and bool(value.__doc__)


class PublicNames(SphinxDirective):
    """`.. public-names:: MODULE` for every name of a module, `.. public-names:: MODULE NAME NAME` for some."""

    required_arguments = 1
    optional_arguments = 100

    def run(self):
        module, *only = self.arguments
        owner = importlib.import_module(PACKAGE)
        for part in module.split(".")[1:]:
            owner = getattr(owner, part)
        lines = []
        for name in only or public_names(module):
            value = getattr(owner, name)
            lines += ["", f".. auto{'class' if inspect.isclass(value) else 'function'}:: {module}.{name}"]
            if inspect.isclass(value) and members(value):
                lines += [f"   :members: {', '.join(members(value))}"]
        return self.parse_text_to_nodes("\n".join([*lines, ""]))


def resolve_short_name(app, env, node, contnode):
    """Link `tlm.train`, as everybody's code has it, and names of classes in docstrings of other modules."""
    target, domain = node.get("reftarget", ""), env.get_domain("py")
    if node.get("refdomain") != "py":
        return None
    if target.startswith("tlm."):
        target = PACKAGE + target.removeprefix("tlm")
    elif target[:1].isupper():
        found = [name for name, entry in domain.objects.items() if name.endswith(f".{target}") and not entry.aliased]
        if len(found) != 1:
            return None
        [target] = found
    else:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, contnode)


def signature_of_init(app, what, name, thing, options, signature, returns):
    """The arguments of a class are those of its `__init__`; Keras's `__new__` takes anything."""
    if what == "class" and hasattr(thing, "get_config"):
        plain = sphinx.util.inspect.signature(thing.__init__, bound_method=True)
        return sphinx.util.inspect.stringify_signature(plain, show_annotation=False), None
    return None


def warn_about_short_names(app, doctree, docname):
    """Sphinx is silent about unknown names; those of this package must exist."""
    known = {name for name, *_ in app.env.get_domain("py").get_objects()}
    for node in doctree.findall(nodes.literal):
        text = node.astext()
        if "xref" not in node["classes"] or not re.fullmatch(r"tlm(\.\w+)+", text):
            continue
        if PACKAGE + text.removeprefix("tlm") not in known:
            logging.getLogger(__name__).warning("there is no %s in the reference", text, location=node)


def setup(app):
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-signature", signature_of_init)
    app.connect("missing-reference", resolve_short_name)
    app.connect("doctree-resolved", warn_about_short_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
