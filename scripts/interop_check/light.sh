#!/usr/bin/env bash
# Write text in an environment without Keras and TensorFlow: light.sh FOLDER, in which the environment is made anew.
# Needs the network, and .venv with the package, which makes the models.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
mkdir -p "$1"
folder="$(cd "$1" && pwd)"
rm -rf "$folder/light"
"$root/.venv/bin/python" -m venv "$folder/light"
light="$folder/light/bin/python"
"$light" -m pip install --quiet --disable-pip-version-check --no-deps "$root" -r "$root/requirements-light.txt"

packages="$("$light" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
size="$(du -sm --exclude 'pip' --exclude 'pip-*' --exclude 'setuptools*' --exclude pkg_resources "$packages" | cut -f1)"
echo "The environment takes $size MB without pip."
[ "$size" -le 180 ]

cat > "$folder/models.py" <<'PYTHON'
import sys

import tinylm_keras as tlm

texts = tlm.stories.write(200, seed=0)
sizes = {"context_length": 32, "embed_dim": 32, "num_heads": 2}
for kind in (tlm.WhitespaceTokenizer, tlm.WordPunctTokenizer, tlm.CharacterTokenizer, tlm.BytePairTokenizer):
    tokenizer = kind(max_tokens=400).adapt(texts)
    model = tlm.RotaryLM if kind is tlm.CharacterTokenizer else tlm.MiniLM
    model(tokenizer=tokenizer, **sizes).save(f"{sys.argv[1]}/{kind.__name__}.keras")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$root/.venv/bin/python" "$folder/models.py" "$folder"

cd "$folder"
for model in *Tokenizer.keras; do
  for engine in numpy keras; do
    python="$light"
    [ "$engine" = numpy ] || python="$root/.venv/bin/python"
    TF_CPP_MIN_LOG_LEVEL=3 "$python" -m tinylm_keras generate "$model" "One day" --seed 1 --engine "$engine" > "$engine.txt"
  done
  cmp numpy.txt keras.txt
  "$light" -m tinylm_keras info "$model" > info.txt
  "$light" -m tinylm_keras tokenize "One day" --model "$model" > tokens.txt
  echo "$model: numpy writes in the light environment what Keras writes."
done
