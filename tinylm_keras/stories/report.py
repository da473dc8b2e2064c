"""What share of many stories is sound, and what is wrong with the others."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tinylm_keras.stories.judge import faults


@dataclass(frozen=True)
class Report:
    """The judge's findings on many stories.

    Attributes:
        count: How many stories were read.
        sound: The share, 0 to 1, in which nothing is wrong.
        new: The share that is not, word for word, in the training stories.
        sound_and_new: The share that is both; the number to compare models by.
        distinct: The share left when stories told more than once count once.
        problems: (kind of fault, number of stories with it), the commonest first.
    """

    count: int
    sound: float
    new: float
    sound_and_new: float
    distinct: float
    problems: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        lines = [
            f"{self.count} stories: {self.sound:.1%} sound, {self.new:.1%} new, "
            f"{self.sound_and_new:.1%} sound and new, {self.distinct:.1%} distinct"
        ]
        lines += [f"  {kind:<10} {stories:>6}  {stories / self.count:.1%}" for kind, stories in self.problems]
        return "\n".join(lines)


def report(stories: Iterable[str], training: Iterable[str] = ()) -> Report:
    """Judges many stories, for example those a model wrote.

    Args:
        stories: The stories to judge, each one text.
        training: The stories the model has seen; white space around them is left out of account.

    Returns:
        A `Report`; all its shares are 0 when there are no stories.

    Example:
        >>> from tinylm_keras.stories import write
        >>> print(report(write(20, seed=1) + ["Tom had a"], training=write(10, seed=1)))
        21 stories: 95.2% sound, 52.4% new, 47.6% sound and new, 100.0% distinct
          length          1  4.8%
          missing         1  4.8%
          sentence        1  4.8%
          unfinished      1  4.8%
    """
    told = [story.strip() for story in stories]
    seen = {story.strip() for story in training}
    kinds = [sorted({fault.kind for fault in faults(story)}) for story in told]
    fresh = [story not in seen for story in told]
    both = sum(new and not wrong for new, wrong in zip(fresh, kinds, strict=True))
    share = 1 / max(len(told), 1)
    problems = Counter(kind for wrong in kinds for kind in wrong)
    return Report(
        count=len(told),
        sound=share * sum(not wrong for wrong in kinds),
        new=share * sum(fresh),
        sound_and_new=share * both,
        distinct=share * len(set(told)),
        problems=tuple(sorted(problems.items(), key=lambda item: (-item[1], item[0]))),
    )
