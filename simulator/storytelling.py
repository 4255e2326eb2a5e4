"""Tells the story of a call: the same call always gives the same words."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulator import phrases
from simulator.call import Call
from simulator.dice import dice
from simulator.scenarios import Scenario
from simulator.story import Story, ToolUse

DEFAULT_TRANSFER_NUMBER = "+12125550199"


def tell(call: Call) -> Story:
    """The whole story of a call; nobody speaks in one that was not answered."""
    teller = _Teller(call)
    chapters: dict[Scenario, Callable[[], None]] = {
        Scenario.ANSWER: teller.conversation,
        Scenario.PLATFORM_ERROR: teller.broken_off,
        Scenario.VOICEMAIL: teller.machine,
        Scenario.DO_NOT_CALL: teller.do_not_call,
        Scenario.CALLBACK: teller.callback,
        Scenario.TRANSFERRED: lambda: teller.transfer(bridged=True),
        Scenario.TRANSFER_CANCELLED: lambda: teller.transfer(bridged=False),
    }
    chapters.get(call.plan.scenario, teller.nobody)()
    return teller.story


def transfer_number(call: Call) -> str:
    asked = (call.dynamic_variables or {}).get("transfer_number")
    return call.plan.transfer_number or asked or DEFAULT_TRANSFER_NUMBER


def fill(template: str, variables: dict[str, str] | None) -> str:
    """Put dynamic variables in the place of ``{{name}}``; what isn't known stays as it is."""
    for name, value in (variables or {}).items():
        template = template.replace("{{" + name + "}}", value)
    return template


class _Teller:
    def __init__(self, call: Call) -> None:
        variables = call.dynamic_variables or {}
        self.story = Story()
        self._call = call
        self._throw: random.Random = dice(call.plan.key, "story")
        self._accepted = datetime.fromtimestamp(call.accepted_ms // 1000, UTC)
        self._fields = {
            "name": variables.get("first_name") or variables.get("lead_name") or variables.get("name") or "there",
            "company": variables.get("company") or "Northwind Services",
            "agent": variables.get("agent_name") or self._throw.choice(phrases.AGENT_NAMES),
            "audience": self._throw.choice(phrases.AUDIENCES),
            "subject": self._throw.choice(phrases.SUBJECTS),
        }

    def nobody(self) -> None:
        self.story.summary = "The call did not connect; nobody was reached."

    def broken_off(self) -> None:
        self._open()
        self.story.summary = "The call broke off because of a technical error."

    def conversation(self) -> None:
        self._open()
        self._pitch(self._throw.randint(1, 3))
        interest = self._throw.choice(("high", "high", "medium", "low", "none"))
        self.story.custom = {"interest": interest}
        if interest in {"high", "medium"}:
            self._user(self._throw.choice(phrases.INTERESTED))
            self._book(booked=interest == "high")
        else:
            self._user(self._throw.choice(phrases.NOT_INTERESTED))
        self._close(f"{self._fields['name']} was reached; interest is {interest}.", positive=interest == "high")
        self.story.successful = interest in {"high", "medium"}

    def machine(self) -> None:
        self.story.in_voicemail = True
        self._user(self._throw.choice(phrases.MACHINES))
        action = (self._call.terms.get("voicemail_option") or {}).get("action", {})
        left = action.get("type") in {"prompt", "static_text"}
        if left:
            text = fill(str(action.get("text") or ""), self._call.dynamic_variables)
            self.story.agent(text or phrases.VOICEMAIL_MESSAGE.format_map(self._fields))
        self.story.summary = f"A voicemail picked up; {'a message was left' if left else 'no message was left'}."

    def do_not_call(self) -> None:
        self._open()
        self._user(self._throw.choice(phrases.STOP_CALLING))
        self._agent(phrases.SORRY)
        self.story.summary = "The callee asked not to be called again."
        self.story.sentiment = "Negative"
        self.story.custom = {"interest": "none", "do_not_call": True}

    def callback(self) -> None:
        after = timedelta(seconds=self._call.plan.callback_after_seconds)
        instant = self._accepted + after
        self._fields["callback"] = "at " + instant.strftime("%H:%M") + " UTC"
        self._open()
        self._user(self._throw.choice(phrases.CALL_LATER))
        self._agent(phrases.WILL_CALL_LATER)
        self.story.summary = "The callee was busy and asked to be called back."
        self.story.sentiment = "Neutral"
        self.story.custom = {"interest": "medium", "callback_at": instant.isoformat()}

    def transfer(self, *, bridged: bool) -> None:
        self._open()
        self._pitch(1)
        self._user(self._throw.choice(phrases.WANT_PERSON))
        self._agent(phrases.TRANSFERRING)
        number = transfer_number(self._call)
        outcome = {"status": "transferred" if bridged else "no answer"}
        self.story.lines.append(ToolUse("transfer_call", {"number": number}, outcome))
        if not bridged:
            self._agent(phrases.NOBODY_FREE)
        self.story.summary = "The callee was put through to a person." if bridged else "The transfer found nobody."
        self.story.sentiment = "Positive" if bridged else "Neutral"
        self.story.successful = bridged
        self.story.custom = {"interest": "high"}

    def _open(self) -> None:
        self._user(self._throw.choice(phrases.PICKUPS))
        self._agent(self._throw.choice(phrases.GREETINGS))
        self._user(self._throw.choice(phrases.YES_THIS_IS))

    def _pitch(self, rounds: int) -> None:
        self._agent(self._throw.choice(phrases.PITCHES))
        questions = self._throw.sample(phrases.QUESTIONS, rounds)
        answers = self._throw.sample(phrases.ANSWERS, rounds)
        for question, answer in zip(questions, answers, strict=True):
            self._agent(question)
            self._user(answer)
            self._agent(self._throw.choice(phrases.REACTIONS))

    def _book(self, *, booked: bool) -> None:
        day = self._accepted + timedelta(days=self._throw.randint(1, 4))
        appointment = day.replace(hour=self._throw.randint(14, 20), minute=0, second=0)
        self._fields["appointment"] = appointment.strftime("%A at %H:%M UTC")
        self._agent(phrases.OFFER_APPOINTMENT)
        if not booked:
            self._user("Send me something in writing first, please.")
            return
        self._user(self._throw.choice(phrases.ACCEPT))
        start = appointment.isoformat()
        self.story.lines.append(ToolUse("book_appointment", {"start": start}, {"booked": True}))
        self._agent(phrases.BOOKED)
        self.story.custom["appointment_at"] = start

    def _close(self, summary: str, *, positive: bool) -> None:
        self._agent(self._throw.choice(phrases.GOODBYES))
        self._user(self._throw.choice(phrases.USER_GOODBYES))
        self.story.summary = summary
        self.story.sentiment = "Positive" if positive else "Neutral"

    def _agent(self, words: str) -> None:
        self.story.agent(words.format_map(self._fields))

    def _user(self, words: str) -> None:
        self.story.user(words.format_map(self._fields))
