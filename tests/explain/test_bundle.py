"""Modules of JavaScript as one script."""

import pytest

from tinylm_keras.explain.bundle import bundle, plain


def test_a_module_stands_behind_those_it_imports_from_and_only_once():
    modules = {
        "main.js": 'import { one } from "./a.js";\nimport { two } from "./deep/b.js";\nrun(one, two);\n',
        "a.js": 'import { two } from "./deep/b.js";\nexport function one() { return two; }\nconst own = 1;\n',
        "deep/b.js": 'import { three } from "../c.js";\nexport const two = three;\n',
        "c.js": "export class three {}\nconst own = 2;\n",
        "unused.js": "never();\n",
    }
    script = bundle(modules, "main.js")
    assert [line for line in script.splitlines() if line.startswith("// ----")] == [
        "// ---- c.js",
        "// ---- deep/b.js",
        "// ---- a.js",
        "// ---- main.js",
    ]
    assert "import" not in script and "export" not in script
    assert "const { two } = $deep_b;" in script and "never" not in script


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ({"main.js": 'import { a } from "./a.js";\n'}, "imports a.js, which is missing"),
        ({"main.js": 'import { a } from "./a.js";\n', "a.js": "const a = 1;\n"}, "does not export it"),
        ({"main.js": 'import * as a from "./a.js";\n', "a.js": ""}, "cannot be bundled"),
        ({"main.js": "export default 3;\n"}, "cannot be bundled"),
        (
            {
                "main.js": 'import { a } from "./a.js";\nexport const b = 1;\n',
                "a.js": 'import { b } from "./main.js";\nexport const a = 1;\n',
            },
            "in a circle: main.js -> a.js -> main.js",
        ),
    ],
)
def test_what_cannot_be_bundled_is_refused(modules, words):
    with pytest.raises(ValueError, match=words):
        bundle(modules, "main.js")


def test_what_is_left_out_is_undefined_and_what_only_it_needs_is_left_out_too():
    modules = {
        "main.js": 'import { a } from "./a.js";\nimport { c } from "./c.js";\n',
        "a.js": 'import { b } from "./b.js";\nexport const a = b;\n',
        "b.js": "export const b = 1;\n",
        "c.js": "export const c = 1;\n",
    }
    script = bundle(modules, "main.js", without={"a.js"})
    assert "const { a } = {};" in script and "const { c } = $c;" in script
    assert "// ---- a.js" not in script and "// ---- b.js" not in script


def test_comments_with_lines_of_their_own_are_left_out_and_text_is_kept():
    text = "/** What it\n * does. */\nconst a = 'x // y'; // why\n    // more\n    b();\n"
    assert plain(text) == "const a = 'x // y'; // why\n\t\tb();\n"
