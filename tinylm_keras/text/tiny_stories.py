"""TinyStories as a data set of TensorFlow Datasets: `tfds:tiny_stories`, or `tfds:tiny_stories/gpt4`."""

import dataclasses

import tensorflow_datasets as tfds

from tinylm_keras.text.chunks import chunks_of_texts, joined

ADDRESS = "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/"
END = "<|endoftext|>"


@dataclasses.dataclass(eq=False, kw_only=True)
class TinyStoriesConfig(tfds.core.BuilderConfig):
    """One edition of the stories.

    Args:
        file: str. Beginning of the names of its two files.
    """

    file: str = "TinyStories"


class TinyStories(tfds.core.GeneratorBasedBuilder):
    """Short stories in the words of small children, two million of them, written by GPT-3.5 and GPT-4.

    The files hold one story after the other, with a line `<|endoftext|>` between. The first download records its
    checksums in `tiny_stories/checksums.tsv` of the data folder; later ones are checked against them.

    References:
        Eldan and Li, "TinyStories: How Small Can Language Models Be and Still Speak Coherent English?",
        https://arxiv.org/abs/2305.07759.
    """

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [  # noqa: RUF012 (TensorFlow Datasets reads a list here)
        TinyStoriesConfig(name="all", description="The stories of both models."),
        TinyStoriesConfig(name="gpt4", description="Only those that GPT-4 wrote.", file="TinyStoriesV2-GPT4"),
    ]

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()}),
            homepage="https://arxiv.org/abs/2305.07759",
            description=type(self).__doc__,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(path) for split, path in dl_manager.download(self.addresses()).items()}

    def addresses(self):
        """The address of the file of each split."""
        parts = {"train": "train", "validation": "valid"}
        return {split: f"{ADDRESS}{self.builder_config.file}-{part}.txt" for split, part in parts.items()}

    def _generate_examples(self, path):
        with path.open(encoding="utf-8") as file:
            blocks = iter(lambda: file.read(1 << 20), "")
            for number, story in enumerate(joined(chunks_of_texts(blocks, END))):
                yield number, {"text": story}

    # Checksums: beside the data, because the package's own folder may be read-only

    @property
    def _checksums_path(self):
        return self.data_dir_root / self.name / "checksums.tsv"

    @property
    def url_infos(self):
        """Sizes and checksums of the files from earlier downloads, by address, or None."""
        path = self._checksums_path
        return tfds.download.checksums.load_url_infos(path) if path.exists() else None

    def _make_download_manager(self, download_dir, download_config):
        if not set(self.addresses().values()) <= set(self.url_infos or ()):
            self._checksums_path.parent.mkdir(parents=True, exist_ok=True)
            download_config = dataclasses.replace(download_config, register_checksums=True)
        return super()._make_download_manager(download_dir, download_config)
