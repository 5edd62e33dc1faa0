"""Free what a request leaves behind in the traceback of its error."""

from __future__ import annotations


def drop_tracebacks(error: BaseException) -> None:
    """Remove the tracebacks of `error` and of all errors that led to it.

    A traceback holds the frames that the error passed, and these hold the request's body and the backend's answer. A
    frame that holds the error in turn, in a variable or in an attribute of its `self`, closes a ring. Only the garbage
    collector would free it, which counts objects, not bytes, and so comes after gigabytes.

    Call it where an error is kept or answered, after its traceback was logged, if it is.
    """
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        seen.add(id(one))
        one.__traceback__ = None
        waiting += [other for other in (one.__cause__, one.__context__) if other is not None and id(other) not in seen]
