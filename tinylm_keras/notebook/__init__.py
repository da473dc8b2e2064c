"""What notebooks share: a quiet start, text from Colab, tables and shaded numbers, a picture of training."""

from tinylm_keras.notebook.colab import StopHere as StopHere
from tinylm_keras.notebook.colab import chosen as chosen
from tinylm_keras.notebook.colab import keep as keep
from tinylm_keras.notebook.colab import read as read
from tinylm_keras.notebook.live_picture import LivePicture as LivePicture
from tinylm_keras.notebook.start import start as start
from tinylm_keras.notebook.tables import coloured as coloured
from tinylm_keras.notebook.tables import quote as quote
from tinylm_keras.notebook.tables import shaded as shaded
from tinylm_keras.notebook.tables import table as table

__all__ = ["LivePicture", "StopHere", "chosen", "coloured", "keep", "quote", "read", "shaded", "start", "table"]
