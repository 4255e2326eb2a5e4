"""``./leadline import`` says what became of a file, and its status says it to programs."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from commands.api_access import running_api
from commands.api_errors import ApiRefused
from commands.daily import campaign_id_of
from commands.demo.screen import Screen
from commands.importing import import_file, status_of, tell

Json = dict[str, Any]

ENVIRON = {"LEADLINE_ADMIN_PASSWORD": "secret"}


def an_import(**fields: object) -> Json:
    counts = {"rows_accepted": 0, "rows_duplicate": 0, "rows_rejected": 0, "bytes_total": 10, "bytes_read": 0}
    return {"id": "1", "status": "queued", "problem": None, "rejected": [], **counts, **fields}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "addresses.json").write_text(json.dumps({"api": "http://leadline"}))
    return {**ENVIRON, "LEADLINE_HOME": str(tmp_path)}


def api_with(*answers: Json) -> httpx.MockTransport:
    """Signs in, lists two campaigns, and tells of an import in one answer after the other."""
    told = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/v1/auth/token":
                return httpx.Response(200, json={"access_token": "t"})
            case "/api/v1/auth/sign-out":
                return httpx.Response(204)
            case "/api/v1/campaigns":
                items = [{"id": "a", "name": "Spring"}, {"id": "b", "name": "Autumn"}]
                return httpx.Response(200, json={"items": items, "next_cursor": None})
            case "/api/v1/imports/1/rejected":
                return httpx.Response(200, text="leadline_row\n")
            case _:
                assert request.headers["authorization"] == "Bearer t"
                one = next(told)
                return httpx.Response(one.get("status_code", 200), json=one)

    return httpx.MockTransport(answer)


def test_a_file_is_sent_and_watched_until_it_is_taken_in(home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("phone\n1\n")
    states = [an_import(), an_import(status="running", bytes_read=5), an_import(status="done", rows_accepted=1)]
    waits: list[float] = []
    with running_api(home, api_with(*states)) as api:
        done = import_file(api, file, "a", None, Screen(Console(file=io.StringIO())), waits.append)
        api.download("/api/v1/imports/1/rejected", tmp_path / "rejected.csv")
    assert (done["rows_accepted"], len(waits)) == (1, 2)
    assert (tmp_path / "rejected.csv").read_text() == "leadline_row\n"


def test_an_api_that_is_away_for_a_moment_is_asked_again(home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("phone\n1\n")
    away = {"status_code": 503, "detail": "The database is away."}
    waits: list[float] = []
    with running_api(home, api_with(an_import(), away, away, an_import(status="done", rows_accepted=1))) as api:
        done = import_file(api, file, "a", None, Screen(Console(file=io.StringIO())), waits.append)
    assert (done["rows_accepted"], len(waits)) == (1, 3)


@pytest.mark.parametrize(
    ("done", "status"),
    [
        pytest.param(an_import(status="done", rows_accepted=3), 0, id="all"),
        pytest.param(an_import(status="done", rows_duplicate=3), 0, id="all-there-already"),
        pytest.param(an_import(status="done", rows_accepted=3, rows_rejected=1), 3, id="some-rejected"),
        pytest.param(an_import(status="done", rows_rejected=1), 1, id="none"),
        pytest.param(an_import(status="failed", rows_accepted=3), 1, id="failed"),
        pytest.param(an_import(status="cancelled", rows_accepted=3), 1, id="cancelled"),
    ],
)
def test_the_status_says_how_much_is_in(done: Json, status: int) -> None:
    assert status_of(done) == status


def test_one_that_somebody_cancels_is_watched_no_longer(home: dict[str, str], tmp_path: Path) -> None:
    file, shown = tmp_path / "leads.csv", io.StringIO()
    file.write_text("phone\n1\n")
    with running_api(home, api_with(an_import(), an_import(status="cancelled"))) as api:
        done = import_file(api, file, "a", None, Screen(Console(file=shown)), lambda _: None)
    tell(done, tmp_path / "r.csv", Screen(Console(file=shown)))
    assert "cancelled" in shown.getvalue()


def test_people_are_told_what_was_rejected_and_where_it_is(tmp_path: Path) -> None:
    shown = io.StringIO()
    rejected = [{"row": 4, "reason": "phone_number: no."}]
    tell(
        an_import(status="done", rows_accepted=1_000, rows_rejected=1, rejected=rejected),
        tmp_path / "r.csv",
        Screen(Console(file=shown)),
    )
    assert "1,000 leads accepted" in shown.getvalue()
    assert "row 4: phone_number: no." in shown.getvalue()
    assert str(tmp_path / "r.csv") in shown.getvalue()


@pytest.mark.parametrize(("wanted", "found"), [("Spring", "a"), ("b", "b"), (None, None)])
def test_a_campaign_is_known_by_its_name_or_id(home: dict[str, str], wanted: str | None, found: str | None) -> None:
    with running_api(home, api_with()) as api:
        assert campaign_id_of(api, wanted) == found


def test_an_unknown_campaign_is_answered_with_those_there_are(home: dict[str, str]) -> None:
    with running_api(home, api_with()) as api, pytest.raises(ApiRefused, match=r"'Winter'.*'Spring', 'Autumn'"):
        campaign_id_of(api, "Winter")


def refused(_: httpx.Request) -> httpx.Response:
    return httpx.Response(401, json={"detail": "Wrong password."})


def absent(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(refused, "Wrong password.", id="not-let-in"),
        pytest.param(absent, "doesn't answer", id="not-there"),
    ],
)
def test_an_api_that_says_no_is_quoted(
    home: dict[str, str], answer: Callable[[httpx.Request], httpx.Response], said: str
) -> None:
    with pytest.raises(ApiRefused, match=said), running_api(home, httpx.MockTransport(answer)):
        pass


def test_where_nothing_runs_one_is_told_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(ApiRefused, match=r"\./leadline up"), running_api({"LEADLINE_HOME": str(tmp_path)}):
        pass


def test_a_password_that_was_generated_is_found_in_the_home(home: dict[str, str], tmp_path: Path) -> None:
    without = {name: value for name, value in home.items() if name != "LEADLINE_ADMIN_PASSWORD"}
    with pytest.raises(ApiRefused, match="LEADLINE_ADMIN_PASSWORD"), running_api(without, api_with()):
        pass
    (tmp_path / "secrets.json").write_text(json.dumps({"admin_password": "generated"}))
    with running_api(without, api_with()) as api:
        assert campaign_id_of(api, "Spring") == "a"
