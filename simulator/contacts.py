"""Contacts: one for each phone number, with the mark that nobody may call it."""

from simulator.dice import dice
from simulator.journal import Journal
from simulator.wire import ApiError, JsonObject, now_ms

_EDITABLE = ("first_name", "last_name", "do_not_call", "custom_fields", "contact_memory")


class Contacts:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by_number: dict[str, JsonObject] = {}

    def create(self, phone_number: str, facts: JsonObject) -> JsonObject:
        """Raises ApiError 400: the number has a contact already."""
        if phone_number in self._by_number:
            raise ApiError(400, "A contact with this phone number already exists.")
        return self._store(_new(phone_number) | _edited(facts))

    def by_number(self, phone_number: str) -> JsonObject:
        """Raises ApiError 404: no contact has this number."""
        contact = self._by_number.get(phone_number)
        if contact is None:
            raise ApiError(404)
        return contact

    def by_id(self, contact_id: str) -> JsonObject:
        for contact in self._by_number.values():
            if contact["contact_id"] == contact_id:
                return contact
        raise ApiError(404)

    def update(self, contact_id: str, facts: JsonObject) -> JsonObject:
        return self._store(self.by_id(contact_id) | _edited(facts) | {"user_modified_timestamp": now_ms()})

    def mark_do_not_call(self, phone_number: str) -> None:
        """What Retell's DNC detection does when the callee asks; the contact is made if there is none."""
        contact = self._by_number.get(phone_number) or _new(phone_number)
        self._store(contact | {"do_not_call": True})

    def may_not_be_called(self, phone_number: str) -> bool:
        return bool(self._by_number.get(phone_number, {}).get("do_not_call"))

    def restore(self, contact: JsonObject) -> None:
        self._by_number[contact["phone_number"]] = contact

    def clear(self) -> None:
        self._by_number.clear()

    def _store(self, contact: JsonObject) -> JsonObject:
        self.restore(contact)
        self._journal.write("contact", contact=contact)
        return contact


def _new(phone_number: str) -> JsonObject:
    return {
        "contact_id": f"contact_{dice(phone_number).getrandbits(96):024x}",
        "org_id": "org_simulator",
        "phone_number": phone_number,
        "created_timestamp": now_ms(),
        "do_not_call": False,
        "conversation_count": 0,
    }


def _edited(facts: JsonObject) -> JsonObject:
    return {name: facts[name] for name in _EDITABLE if name in facts}
