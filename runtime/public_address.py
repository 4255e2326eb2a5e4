"""Whether an address can be reached from the internet, as far as it tells by itself."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".localdomain")


def is_public(url: str) -> bool:
    """Whether the host is a public address or a name of the internet; nothing is asked of anybody.

    A name without a dot is one of this machine's or of its network's, such as a container's.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_LOCAL_ENDINGS)


def how_to_be_reached(url: str) -> str:
    """What a person does so that the provider's webhooks arrive at an address that isn't public."""
    return (
        f"Retell can't reach {url}: its webhooks don't arrive; ends of calls are asked for every 10 seconds."
        f" To hear of them at once, run `cloudflared tunnel --url {url}` (or `ngrok http {url}`), set"
        " LEADLINE_PUBLIC_URL to the https address that it prints, and start again."
    )
