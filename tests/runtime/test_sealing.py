import pytest

from runtime.sealing import CannotUnseal, Sealing, sealing_of
from runtime.settings import Settings, SettingsError, load_settings

OLD, NEW = "o" * 32, "n" * 32
SECRET = "key_of_an_account"


def test_what_was_sealed_is_unsealed_and_looks_like_nothing_in_between() -> None:
    sealing = Sealing([OLD])
    sealed = sealing.seal(SECRET)
    assert SECRET not in sealed
    assert sealed != sealing.seal(SECRET)
    assert sealing.unseal(sealed) == SECRET


def test_while_a_key_is_replaced_the_new_one_seals_and_both_unseal() -> None:
    sealed_before = Sealing([OLD]).seal(SECRET)
    both = Sealing([NEW, OLD])
    assert both.unseal(sealed_before) == SECRET
    assert Sealing([NEW]).unseal(both.seal(SECRET)) == SECRET


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda sealed: sealed[:-4] + "AAA=", id="changed"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "no token", id="something-else"),
        pytest.param(lambda _: Sealing([NEW]).seal(SECRET), id="another-key"),
    ],
)
def test_what_another_key_sealed_or_somebody_changed_stays_closed(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(CannotUnseal, match="LEADLINE_SECRETS_KEY"):
        Sealing([OLD]).unseal(spoil(Sealing([OLD]).seal(SECRET)))


def test_without_a_key_nothing_can_be_sealed() -> None:
    assert sealing_of(Settings()) is None


def test_a_short_key_stops_the_start_and_no_key_is_ever_shown() -> None:
    with pytest.raises(SettingsError, match="LEADLINE_SECRETS_KEY: each key must have at least 32 characters"):
        load_settings({"LEADLINE_SECRETS_KEY": f"{OLD},short"})
    assert OLD not in repr(load_settings({"LEADLINE_SECRETS_KEY": OLD}))
