"""The page that shows the document to people."""

import re
from urllib.parse import urljoin

import httpx
import pytest

PAGE = "http://leadline/docs"
REFERRED_TO = re.compile(r'(?:src|href)="([^"]*)"')


async def policy_of(anyone: httpx.AsyncClient) -> dict[str, str]:
    written = (await anyone.get("/docs")).headers["content-security-policy"]
    return dict(directive.strip().split(" ", 1) for directive in written.split(";"))


async def test_all_that_the_page_needs_comes_from_here(anyone: httpx.AsyncClient) -> None:
    page = (await anyone.get("/docs")).text
    addresses = [urljoin(PAGE, address) for address in REFERRED_TO.findall(page)]
    assert len(addresses) == 4
    for address in addresses:
        answer = await anyone.get(address)
        assert (answer.status_code, answer.url.host) == (200, "leadline")
        assert answer.headers["content-type"].split(";")[0] in {"text/javascript", "text/css", "image/png"}
    assert 'url: "openapi.json"' in (await anyone.get("/docs/start.js")).text


async def test_no_script_runs_but_those_from_here(anyone: httpx.AsyncClient) -> None:
    policy = await policy_of(anyone)
    assert [policy[what] for what in ("default-src", "script-src", "style-src")] == ["'none'", "'self'", "'self'"]
    page = (await anyone.get("/docs")).text
    assert re.findall(r"<script(?![^>]* src=)|\son\w+=|javascript:|<style", page) == []


@pytest.mark.parametrize("address", ["https:", "//"])
async def test_the_page_names_no_other_host(anyone: httpx.AsyncClient, address: str) -> None:
    assert address not in (await anyone.get("/docs")).text


async def test_what_is_kept_has_its_version_in_its_address(anyone: httpx.AsyncClient) -> None:
    page = (await anyone.get("/docs")).text
    for address in REFERRED_TO.findall(page):
        kept = (await anyone.get(urljoin(PAGE, address))).headers["cache-control"]
        assert ("immutable" in kept) == ("?" in address)


@pytest.mark.parametrize("path", ["/docs/oauth2-redirect", "/redoc", "/docs/main.py"])
async def test_nothing_else_of_the_package_is_served(anyone: httpx.AsyncClient, path: str) -> None:
    assert (await anyone.get(path)).status_code == 404
