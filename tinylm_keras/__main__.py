"""`python -m tinylm_keras` is the command `tinylm`."""

import sys

from tinylm_keras.cli import main

if __name__ == "__main__":
    sys.exit(main())
