"""Mistakes that an editor underlines: each marked line, and no other. Checked by test_types.py, never run."""

import tinylm_keras as tlm


def misspelled() -> None:
    tlm.train("my.txt", stepz=100)  # refused
    tlm.compare("my.txt", num_block=3)  # refused
    tlm.compare("my.txt", num_blocks=3)  # refused: the models differ in it
    tlm.MiniLM(vocabulary_size=10, embed_dims=32)  # refused
    tlm.RotaryLM(vocabulary_size=10, activation="relu")  # refused
    tlm.WhitespaceTokenizer(max_token=100)  # refused
    tlm.layers.TransformerBlock(8, 2, 16, droput=0.1)  # refused
    tlm.presets.override(tlm.presets.get("tinylm"), epoch=3)  # refused
    tlm.load("tiny.keras")  # refused
    tlm.data.reed("my.txt")  # refused


def of_another_type(model: tlm.LanguageModel) -> None:
    tlm.train("my.txt", steps="100")  # refused
    tlm.train("my.txt", learning_rate=None)  # refused
    tlm.MiniLM(vocabulary_size=10, norm="before")  # refused
    model.generate("Once", temperatur=0.8)  # refused
    model.generate("Once", top_k="all")  # refused
    model.generate({"Once"})  # refused
    model.stream(["Once"])  # refused
    model.score(3)  # refused
    number: int = model.generate("Once")  # refused
    text: str = model.generate(["Once", "Twice"])  # refused
    tlm.data.windows("Once upon a time", context_length=8, batch_size=2)  # refused
    tlm.data.lines(["Once"], context_length=8)  # refused
    tlm.stories.write("20")  # refused
    print(number, text, tlm.load_model("tiny.keras", trusted="yes"))  # refused
