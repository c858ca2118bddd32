"""Clients that write without pause, and keep a record of what they were told."""

import random
import threading
from collections.abc import Mapping
from datetime import timedelta

import httpx

from demo.icalendar import wire
from faults.record import Told, notes, start, title

_TIMEOUT = 20.0
_PAUSE = 0.1


class Client(threading.Thread):
    """One thread that upserts, updates and deletes events of its own, and changes some of the person's, one request
    after the other. ``theirs``: names of the person's events, and the ``event_uid`` of each.
    """

    def __init__(
        self, number: int, url: str, token: str, calendar_id: str, theirs: Mapping[str, str], seed: int
    ) -> None:
        super().__init__(daemon=True, name=f"client-{number}")
        self._number, self._random = number, random.Random(seed * 1_000 + number)
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT, trust_env=False
        )
        self._where = f"/v1/calendars/{calendar_id}/events"
        self._theirs = dict(theirs)
        self._version = 0
        self.told: dict[str, Told] = {}
        self.odd: list[str] = []
        self._running, self._idle, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._idle.set()

    def go(self) -> None:
        self._running.set()

    def pause(self) -> None:
        """Returns once no request is under way."""
        self._running.clear()
        self._idle.wait(_TIMEOUT * 2)

    def end(self) -> None:
        self._ended.set()
        self._running.set()
        self.join(_TIMEOUT * 2)
        self._http.close()

    @property
    def acknowledged(self) -> int:
        return sum(one.acknowledged for one in list(self.told.values()))

    def run(self) -> None:
        while True:
            if not self._running.is_set():
                self._idle.set()
                self._running.wait()
            if self._ended.is_set():
                self._idle.set()
                return
            self._idle.clear()
            self._one()
            self._ended.wait(self._random.random() * _PAUSE)

    def _one(self) -> None:
        self._version += 1
        name = self._choose()
        told = self.told.setdefault(name, Told(0 if name in self._theirs else None))
        theirs = name in self._theirs
        deletes = not theirs and told.allowed != {None} and self._random.random() < 0.25
        version = None if deletes else self._version
        told.ask(version)
        key = {"event_uid": self._theirs[name]} if theirs else {"event_id": name}
        try:
            answer = self._http.request(
                "DELETE" if deletes else "POST", self._where, json=self._body(name, version, key)
            )
        except httpx.TransportError:
            self._ended.wait(0.02)  # it was killed: what came of it nobody was told
            return
        if answer.is_success:
            told.hear_yes()
        else:
            self.odd.append(f"{answer.status_code} {answer.text[:200]}")

    def _body(self, name: str, version: int | None, key: dict[str, str]) -> dict[str, object]:
        if version is None:
            return dict(key)
        if "event_uid" in key:
            return {**key, "summary": title(name, version)}
        begins = start(version)
        times = {"start": wire(begins), "end": wire(begins + timedelta(minutes=30)), "tzid": "Etc/UTC"}
        return {**key, "summary": title(name, version), "description": notes(name, version), **times}

    def _choose(self) -> str:
        """Half of the time something new, else what is there or was."""
        if self._theirs and self._random.random() < 0.2:
            return self._random.choice(list(self._theirs))
        own = [name for name in self.told if name not in self._theirs]
        if not own or self._random.random() < 0.5:
            return f"own-{self._number}-{self._version}"
        return self._random.choice(own[-8:])
