"""From prompts to text: the code that the compiled loop of `generation` and the numpy of `runtime` share.

`prompts` reads the prompts, `arguments` and `sampling` define how tokens are chosen, `session` keeps the state of a
call, `text_stream` turns ids into text piece by piece, and `texts` puts these together.
"""
