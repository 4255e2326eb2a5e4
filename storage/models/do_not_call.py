"""Lists of numbers that must not be called, as they were imported: registries and other people's lists."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Created, Identified, Owned


class DoNotCallListRow(Base, Identified, Created, Owned):
    """One list by its name.

    ``refreshed_at``: when whoever keeps the list last brought it up to date (a registry's list grows old); None until
    the first import came to its end. ``import_id``: the newest import that began; an older one that still runs stops.
    ``numbers``: how many the last import that came to its end left here.
    """

    __tablename__ = "do_not_call_lists"
    __table_args__ = (
        CheckConstraint("kind in ('registry', 'list')", name="kind"),
        UniqueConstraint("organization_id", "name"),
    )

    name: Mapped[str]
    kind: Mapped[str]
    source: Mapped[str | None]
    refreshed_at: Mapped[datetime | None]
    import_id: Mapped[UUID | None]
    numbers: Mapped[int] = mapped_column(default=0, server_default=text("0"))


class DoNotCallEntryRow(Base, Owned):
    """One number (E.164) on one list. ``import_id`` tells which import last had it; what it left out is removed."""

    __tablename__ = "do_not_call_entries"
    __table_args__ = (Index(None, "organization_id", "phone_number"),)

    list_id: Mapped[UUID] = mapped_column(ForeignKey("do_not_call_lists.id", ondelete="CASCADE"), primary_key=True)
    phone_number: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID]
