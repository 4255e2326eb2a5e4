"""Files of leads: how far each has been taken in, the file itself until then, and the rows that couldn't be."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.vocabulary import ImportFormat, ImportStatus
from storage.models.base import Base, Created, Identified, Owned, one_of

OPEN = text("status in ('queued', 'running')")


class LeadImportRow(Base, Identified, Created, Owned):
    """``targets``: where the cells of each of ``columns`` go, as it was decided when the file came in.

    ``row_number`` is the last row that was taken in, by the number that a spreadsheet shows; it is committed with the
    leads of that row, so that whoever goes on after a crash goes on behind it. ``touched_at``: when that was.
    ``bytes_read`` is about as much of the file. ``problem``: why the import failed, for whoever sent the file.
    """

    __tablename__ = "lead_imports"
    __table_args__ = (
        CheckConstraint(one_of("status", ImportStatus), name="status"),
        CheckConstraint(one_of("format", ImportFormat), name="format"),
        CheckConstraint(
            "(status in ('done', 'failed', 'cancelled')) = (done_at is not null)", name="done_has_an_instant"
        ),
        Index(None, "organization_id", "created_at", "id"),
        Index("ix_lead_imports_open", "touched_at", postgresql_where=OPEN),
        Index(
            "ix_lead_imports_with_rejections",
            "done_at",
            postgresql_where=text("rejections_deleted_at is null and rows_rejected > 0"),
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(default=ImportStatus.QUEUED)
    problem: Mapped[str | None]
    file_name: Mapped[str | None]
    format: Mapped[str]
    encoding: Mapped[str]
    delimiter: Mapped[str | None]
    columns: Mapped[list[str]]
    targets: Mapped[list[str]]
    mapping: Mapped[dict[str, Any]]
    bytes_total: Mapped[int] = mapped_column(BigInteger)
    bytes_read: Mapped[int] = mapped_column(BigInteger, default=0)
    row_number: Mapped[int]
    rows_total: Mapped[int | None]
    rows_accepted: Mapped[int] = mapped_column(default=0)
    rows_duplicate: Mapped[int] = mapped_column(default=0)
    rows_rejected: Mapped[int] = mapped_column(default=0)
    touched_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    rejections_deleted_at: Mapped[datetime | None]


class LeadImportPieceRow(Base):
    """A part of the file as it came, counted from 0; gone once the import is over."""

    __tablename__ = "lead_import_pieces"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("lead_imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class LeadImportRejectionRow(Base):
    """A row that is no lead, as it stood in the file, and why."""

    __tablename__ = "lead_import_rejections"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("lead_imports.id", ondelete="CASCADE"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
    cells: Mapped[list[str]]
