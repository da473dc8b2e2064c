"""Prompts to text, whatever computes: what the compiled loop of `generation` and the numpy of `runtime` share.

`texts` leads from prompts to texts, `prompts` reads what a caller passes, `arguments` and `sampling` say how tokens are
chosen, `session` keeps what has been written, and `text_stream` makes text of ids, piece by piece.
"""
