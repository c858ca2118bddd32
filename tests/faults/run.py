"""``make faults``: kill the server again and again, and say what became of what it had acknowledged."""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from contract.postgres import running_postgres
from faults.places import PLACES
from faults.scene import Scene, Tally, scene


def torment(where: Scene, kills: int, seed: int, places: tuple[str, ...] = PLACES) -> Tally:
    """Every named place once, then ``kills`` at random; the seed decides all that chance decides here."""
    chance = random.Random(seed)
    for number, place in enumerate(places, 1):
        where.kill_at(place, 1 if place.startswith(("cursor", "page")) else chance.randint(1, 5))
        _progress(f"place {number} of {len(places)}: {place}")
    for number in range(kills):
        where.kill_at_random(chance)
        _progress(f"kill {number + 1} of {kills}")
    return where.settle()


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")


@contextmanager
def _database(kind: str) -> Iterator[Mapping[str, str]]:
    if kind == "sqlite":
        yield {}
        return
    with running_postgres() as url:
        yield {"CALWARDEN_DATABASE_URL": url}


def main() -> int:
    """Exit status 0 if nothing was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--separate", action="store_true", help="the worker in a process of its own, killed too")
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="calwarden-faults-") as folder,
        _database(said.store) as settings,
        scene(Path(folder), said.seed, settings, separate=said.separate) as where,
    ):
        tally = torment(where, said.kills, said.seed)
    _say(tally, said)
    return 1 if tally.at_service or tally.at_api or tally.odd else 0


def _say(tally: Tally, said: argparse.Namespace) -> None:
    if said.json:
        print(json.dumps({"seed": said.seed, **asdict(tally)}))
        return
    print(
        f"\nfaults injected   {tally.kills}, of them {sum(tally.reached.values())} at {len(tally.reached)} named places"
    )
    print(f"acknowledged      {tally.acknowledged} writes")
    for name, verdict in (("calendar server", tally.at_service), ("API", tally.at_api)):
        assert verdict is not None
        counts = {kind: len(names) for kind, names in asdict(verdict).items()}
        print(f"{name:<17} " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
        for kind, names in asdict(verdict).items():
            for one in names:
                print(f"                  {kind}: {one}")
    for one in tally.odd[:20]:
        print(f"refused           {one}")
    print(f"again             make faults SEED={said.seed} KILLS={said.kills}")


if __name__ == "__main__":
    raise SystemExit(main())
