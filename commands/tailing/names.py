"""What campaigns are called, for people who know them by name."""

from commands.api_access import Api, address
from commands.api_errors import ApiRefused

SHORT = 8
PATIENCE_SECONDS = 2.0


class CampaignNames:
    """Asked for once for all of them, and for one that came later when it is heard of first."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._names = {one["id"]: str(one["name"]) for one in api.everything("/api/v1/campaigns", archived="true")}

    def __call__(self, campaign_id: str | None) -> str:
        if campaign_id is None:
            return "no campaign"
        if campaign_id not in self._names:
            self._names[campaign_id] = self._name_of(campaign_id)
        return self._names[campaign_id]

    def _name_of(self, campaign_id: str) -> str:
        """The beginning of its id where it can't be asked for now: its calls are worth more than its name."""
        try:
            return str(self._api.ask("GET", address("campaigns", campaign_id), timeout=PATIENCE_SECONDS)["name"])
        except ApiRefused:
            return campaign_id[:SHORT]
