"""The defaults of generation that a model keeps: a dict that only a whole new one, which is checked, can replace."""

import copy


class ReadOnly(dict):
    """A dict that refuses to be changed. JSON writes it as any dict.

    Example:

    >>> defaults = ReadOnly(temperature=0.8)
    >>> defaults | {"top_k": 5}
    {'temperature': 0.8, 'top_k': 5}
    """

    def _refuse(self, *args, **kwargs):
        raise TypeError(
            "generation_defaults cannot be changed in place, because each change is checked. Set them as a whole: "
            'model.generation_defaults = {**model.generation_defaults, "temperature": 0.8}.'
        )

    __setitem__ = __delitem__ = update = pop = popitem = setdefault = clear = _refuse

    def __ior__(self, other):  # `model.generation_defaults |= …` sets the result, which is then checked
        return dict(self) | dict(other)

    def copy(self):
        return dict(self)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self), memo)

    def __reduce__(self):
        return dict, (dict(self),)
