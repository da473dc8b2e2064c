"""The shares of consistent and new stories, and the faults of the others."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from tinylm_keras import _renamed
from tinylm_keras.stories.judge import faults


@dataclass(frozen=True)
class Report:
    """The results of the judge for many stories.

    Attributes:
        count: Number of stories.
        consistent: Share, 0 to 1, of stories without a fault.
        new: Share of stories that are not, word for word, among the training stories.
        consistent_and_new: Share of stories that are both; compare models by this number.
        distinct: Number of different stories, divided by `count`.
        problems: (kind of fault, number of stories with it), the most frequent first.
    """

    count: int
    consistent: float
    new: float
    consistent_and_new: float
    distinct: float
    problems: tuple[tuple[str, int], ...]

    def __getattr__(self, name: str) -> NoReturn:
        raise _renamed.of_report(name)

    def __str__(self) -> str:
        lines = [
            f"{self.count} stories: {self.consistent:.1%} consistent, {self.new:.1%} new, "
            f"{self.consistent_and_new:.1%} consistent and new, {self.distinct:.1%} distinct"
        ]
        lines += [f"  {kind:<10} {stories:>6}  {stories / self.count:.1%}" for kind, stories in self.problems]
        return "\n".join(lines)


def report(stories: Iterable[str], training: Iterable[str] = ()) -> Report:
    """Judge many stories, for example those of a model.

    Args:
        stories: The stories, one text each.
        training: The training stories of the model; white space around them is ignored.

    Returns:
        A `Report`; without stories all its shares are 0.

    Example:
        >>> from tinylm_keras.stories import write
        >>> print(report(write(20, seed=1) + ["Tom had a"], training=write(10, seed=1)))
        21 stories: 95.2% consistent, 52.4% new, 47.6% consistent and new, 100.0% distinct
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
        consistent=share * sum(not wrong for wrong in kinds),
        new=share * sum(fresh),
        consistent_and_new=share * both,
        distinct=share * len(set(told)),
        problems=tuple(sorted(problems.items(), key=lambda item: (-item[1], item[0]))),
    )
