"""The directive `command-line`: every command, argument and option, from the help texts of the commands themselves."""

import re

from docutils import nodes
from rich.markup import render
from sphinx.util.docutils import SphinxDirective


def commands():
    """The commands of `tinylm` by name, as the parser has them."""
    from tinylm_keras.cli._main import parser

    return parser().commands


def usage(name, command):
    """The first line of the help, without colours."""
    return " ".join([f"tinylm {name}", "[OPTIONS]", *(_metavar(one) for one in command.params if _is_argument(one))])


def _is_argument(parameter):
    return not parameter.opts[0].startswith("-")


def _metavar(parameter):
    if _is_argument(parameter):
        name = (parameter.metavar or parameter.name).upper() + ("…" if parameter.nargs == -1 else "")
        return name if parameter.required else f"[{name}]"
    if getattr(parameter, "is_flag", False):
        return ""
    return parameter.metavar or parameter.name.upper()


def prose(text):
    """A paragraph in which options and escapes such as `\\n` are code: outside of code, Sphinx halves backslashes."""
    parts = re.split(r"((?<!\S)(?:--[a-z][a-z-]*|\\[^\s,.;:]+))", text)
    return nodes.paragraph(
        "", "", *(nodes.literal(text=one) if i % 2 else nodes.Text(one) for i, one in enumerate(parts))
    )


class CommandLine(SphinxDirective):
    """One section for each command, in the order of `tinylm --help`."""

    def run(self):
        return [self._section(name, command) for name, command in commands().items()]

    def _section(self, name, command):
        section = nodes.section(names=[f"tinylm-{name}"])  # the target of links
        self.state.document.note_explicit_target(section)
        section += nodes.title(text=name)
        section += nodes.literal_block(text=usage(name, command), language="text")
        for paragraph in render(command.help).plain.split("\n\n"):
            section += prose(" ".join(paragraph.split()))
        panels = {}
        for parameter in command.params:
            default = "Arguments" if _is_argument(parameter) else "Options"
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or default, []).append(parameter)
        for title, parameters in panels.items():
            section += nodes.rubric(text=title)
            section += self._list(parameters)
        return section

    def _list(self, parameters):
        items = nodes.definition_list(classes=["options"])
        for parameter in parameters:
            metavar = _metavar(parameter)
            named = metavar if _is_argument(parameter) else " ".join([", ".join(parameter.opts), metavar]).strip()
            term = nodes.term("", "", nodes.literal(text=named))
            text = render(parameter.help or "").plain
            if parameter.default not in (None, False, ()) and not callable(parameter.default):
                text += f" Default: {parameter.default}."
            items += nodes.definition_list_item("", term, nodes.definition("", prose(text)))
        return items


def setup(app):
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
