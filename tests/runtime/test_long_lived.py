import gc
import weakref

from runtime.long_lived import keep_what_is_there


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_is_set_aside_from_collections_and_garbage_is_not() -> None:
    garbage = weakref.ref(Knot())
    before = gc.get_freeze_count()
    try:
        keep_what_is_there()
        assert gc.get_freeze_count() > before
        assert garbage() is None
    finally:
        gc.unfreeze()
