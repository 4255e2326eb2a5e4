import gc

from runtime.long_lived import keep_what_is_there


def test_what_is_there_is_set_aside_from_collections_and_garbage_is_not() -> None:
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    Knot()
    before = gc.get_freeze_count()
    try:
        keep_what_is_there()
        assert gc.get_freeze_count() > before
        assert not any(isinstance(one, Knot) for one in gc.get_objects())
    finally:
        gc.unfreeze()
    assert not any(isinstance(one, Knot) for one in gc.get_objects())
