"""The page of a model: one offline file in which it writes and shows how.

`payload` is what a page carries, made of `contents` (which part of a model is shown), `networks` (what each kind hands
over) and `arrays` (numbers as text). The folder `web` holds the program of the page: `web/engine` computes, the files
beside it show. `document` puts them into one file with the drawing from `diagram`, and `model_page` is the way in.
"""

from tinylm_keras.explain.model_page import Page as Page
from tinylm_keras.explain.model_page import page as page

__all__ = ["Page", "page"]
