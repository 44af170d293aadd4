"""Sets the campaign up, runs it and tells the figures; Django is set up already."""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from contacts.models import Contact
from django_polyimages import storage
from organizations.models import Membership, Organization
from tests import seaweedfs
from tests.faults import actions
from tests.faults.auditor import Auditor
from tests.faults.children import Pool
from tests.faults.kills import KINDS, Broken, Campaign, Figures, Kind, TimeIsUp, shares
from tests.faults.meetings import MEETINGS, meet
from tests.faults.table import table, tell
from tests.faults.without import PROTECTIONS, without
from tests.faults.world import World


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """Returns the exit code: 1 if anything is broken, or if a protection is not missed."""
    begun = time.monotonic()
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        world = _world(folder)
        log = folder / "log"
        if arguments.without == "all":
            code = _without_each(world, log, arguments)
        elif arguments.without:
            with without(arguments.without):
                code = _campaign(world, log, arguments)
        else:
            code = _campaign(world, log, arguments)
    finally:
        connection.close()
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)
    tell(
        f"Seed {arguments.seed}, {connection.vendor}, {os.cpu_count()} cores, "
        f"{time.monotonic() - begun:.0f} seconds."
    )
    return code


def _campaign(world: World, log: Path, arguments: argparse.Namespace) -> int:
    is_whole = True
    with _set_up(world, log, arguments) as campaign:
        try:
            for one in _all(campaign, arguments):
                tell(f"{one.action}: {one.kills} kills, {len(one.broken)} broken")
                if one.points:
                    tell(f"  {', '.join(one.points)}")
        except TimeIsUp:
            is_whole = False
    tell(table(campaign.figures))
    broken = [line for one in campaign.figures for line in one.broken]
    if broken:
        tell("\n".join([*broken[:50], "The log of the processes ends with:", *_end_of(log)]))
    elif kills := sum(one.kills for one in campaign.figures):
        tell(
            f"Nothing is broken after {kills} kills: with 95 % confidence, fewer than "
            f"{300 / kills:.2f} % of such kills break anything."
        )
    if not is_whole:
        tell(f"Stopped after {arguments.minutes} minutes; some actions are missing.")
    return 1 if broken or not is_whole else 0


def _end_of(log: Path) -> list[str]:
    return log.read_text().splitlines()[-30:] if log.exists() else []


def _all(campaign: Campaign, arguments: argparse.Namespace) -> Iterator[Figures]:
    if arguments.short:
        for kind in _chosen(arguments.only or ["upload", "delete"]):
            yield campaign.run(kind, at_random=2, at_points=-1, only="after")
        return
    for kind, kills in shares(_chosen(arguments.only), arguments.kills):
        yield campaign.run(kind, at_random=kills - kills // 2, at_points=kills // 2)
    for name in MEETINGS:
        if not arguments.only or name in arguments.only:
            yield meet(campaign, name, arguments.meetings)


def _without_each(world: World, log: Path, arguments: argparse.Namespace) -> int:
    """Turn off each protection, one at a time, until something is broken. 1 if nothing is."""
    tell("| without | the campaign says |\n|---|---|")
    unnoticed = 0
    for name, protection in PROTECTIONS.items():
        if arguments.only and name not in arguments.only:
            continue
        said = "NOTHING"
        with without(name), _set_up(world, log, arguments) as campaign:
            campaign.stops_at_first = True
            try:
                _notice(campaign, protection.noticed_by)
                unnoticed += 1
            except Broken as error:
                said = str(error)
        tell(f"| {name}: {protection.meaning} | {said} |")
    return 1 if unnoticed else 0


def _notice(campaign: Campaign, names: Sequence[str]) -> None:
    """Each meeting twice, and each point of each action once."""
    for name in names:
        if name in MEETINGS:
            meet(campaign, name, 2)
        else:
            [kind] = _chosen([name])
            campaign.run(kind, at_random=0, at_points=-1)


def _chosen(names: list[str]) -> list[Kind]:
    there = [kind for kind in KINDS if kind.action in actions.ACTIONS]
    return [kind for kind in there if not names or kind.action in names]


@contextmanager
def _set_up(world: World, log: Path, arguments: argparse.Namespace) -> Iterator[Campaign]:
    with Pool(actions.serve, str(log)) as pool:
        world.wipe()
        with pool.take() as child:
            order = {"action": "upload", "session": world.session, "seed": 1, "files": 1}
            child.pipe.send(order)
            answer = child.pipe.receive()
            assert answer, "the first upload has ended without an answer"
            world.keep_template(*answer["answer"]["uploaded"])
        deadline = time.monotonic() + arguments.minutes * 60
        yield Campaign(world, pool, random.Random(arguments.seed), deadline)


def _world(folder: Path) -> World:
    organization = Organization.objects.create(name="Acme", slug="acme")
    user = User.objects.create_user("editor")
    Membership.objects.create(user=user, organization=organization, role="editor")
    contact = Contact.objects.create(organization=organization, name="Ada")
    browser = Client()
    browser.force_login(user)
    browser.get(f"{actions.ROOT}/images/")  # imports what requests need, for all children
    storage.connect()  # creates what boto3 needs, and no connection that children could share
    return World(
        auditor=Auditor(_client(), _bucket(), connection, crops=settings.CROPS),
        uploads=folder / "uploads",
        session=browser.cookies[settings.SESSION_COOKIE_NAME].value,
        contact=str(contact.pk),
    )


def _bucket() -> str:
    return os.environ["POLYIMAGES_S3_BUCKET"]


def _client() -> Any:
    client = seaweedfs.client(os.environ["POLYIMAGES_S3_ENDPOINT"])
    client.create_bucket(Bucket=_bucket())
    return client
