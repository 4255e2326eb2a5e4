"""The state folder: one supervisor at a time, secrets for its owner only."""

import json
import os
from pathlib import Path

import pytest

from runtime.embedded.errors import HomeInUse, HomeUnusable
from runtime.embedded.home import locked_home


def test_a_second_supervisor_on_a_home_is_told_which_process_runs(tmp_path: Path) -> None:
    with locked_home(tmp_path), pytest.raises(HomeInUse, match=rf"process {os.getpid()}"), locked_home(tmp_path):
        pytest.fail("two supervisors on one home")


def test_a_home_is_free_again_after_the_first_has_left(tmp_path: Path) -> None:
    with locked_home(tmp_path):
        pass
    with locked_home(tmp_path) as home:
        assert home.folder == tmp_path


def test_a_home_that_cannot_be_a_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match=r"cannot be written .* LEADLINE_HOME"), locked_home(tmp_path / "file"):
        pytest.fail("a file is no folder")


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    with locked_home(tmp_path) as home:
        first, made = home.secret("jwt_secret")
        again, made_again = home.secret("jwt_secret")
        other, _ = home.secret("other")
    assert (first, made, made_again) == (again, True, False)
    assert other != first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_addresses_are_for_the_owner_and_withdrawn_at_the_end(tmp_path: Path) -> None:
    with locked_home(tmp_path) as home:
        home.write_addresses({"api": "http://127.0.0.1:1", "simulator": None})
        assert json.loads(home.addresses_file.read_text()) == {"api": "http://127.0.0.1:1", "simulator": None}
        assert home.addresses_file.stat().st_mode & 0o077 == 0
        home.withdraw_addresses()
        assert not home.addresses_file.exists()
