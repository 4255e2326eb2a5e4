"""Who is asking, and for which organisation."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """A person (``user_id``) or a machine (``api_key_id``) of an organisation, in a role there."""

    user_id: UUID | None
    organization_id: UUID
    role: str
    api_key_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """The person's, or else the key's."""
        found = self.user_id or self.api_key_id
        assert found is not None  # noqa: S101 - nobody else is a principal
        return found
