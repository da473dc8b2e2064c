# Read by the scripts beside it: moves to the repository's root and makes .venv with the package in it, once.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." >/dev/null
venv=.venv

# Print the first Python that really runs (a pyenv shim may exist and fail), is new enough and can make environments.
find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
  else
    set -- python3.13 python3.12 python3.11 python3
  fi
  for candidate in "$@"; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
      >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  echo "tinylm_keras needs Python 3.11, 3.12 or 3.13 with its venv module. Not usable here: $*." \
    "Install one of them, or name it: PYTHON=/path/to/python3.12 $0" >&2
  return 1
}

# Install Chromium, in which the page of a model is tested, where this machine has none and Debian's packages can be had:
# in at most three minutes. Without it those tests are skipped.
make_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then return; fi
  done
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then return; fi
  echo "Installing Chromium …"
  timeout 180 sh -c 'apt-get update --quiet --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet \
    --yes --no-install-recommends chromium' >/dev/null 2>&1 || echo "Chromium cannot be installed here: its tests are skipped."
}

# make_environment [test]: a second call is quick; it installs again only when pyproject.toml, the lock or the Python changed.
make_environment() {
  local lock="requirements${1:+-$1}.lock" python stamp wanted
  if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python="$(find_python)"
    echo "Making a virtual environment in $venv with $("$python" --version) …"
    "$python" -m venv --clear "$venv"
  fi
  stamp="$venv/.installed${1:+-$1}"
  wanted="$("$venv/bin/python" -c '
import hashlib, pathlib, sys
content = b"".join(pathlib.Path(name).read_bytes() for name in ("pyproject.toml", sys.argv[1]))
print(sys.version_info[:2], hashlib.sha256(content).hexdigest())' "$lock")"
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    echo "Installing tinylm_keras and what it needs into $venv (TensorFlow is large: some minutes, only once) …"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .
    echo "$wanted" >"$stamp"
  fi
}
