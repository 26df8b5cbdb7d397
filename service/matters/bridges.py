"""Other platforms: what happens with matters is told to webhooks, ids only, by the job queue."""

import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import func, select, update

from service import jobs
from service.areas.queries import prefix_of
from service.audit import actions as audit
from service.db import announce, ask, session, transaction, uuid7
from service.matters import hooks
from service.matters.models import Webhook, WebhookDelivery
from service.policy import Caller
from service.telemetry import log

TELL = "matters.tell"
MOST_TRIES = 10
TURN = 20.0  # s, until other jobs have their turn
FIRST_WAIT = timedelta(seconds=30)  # doubled with each try
IS_HEARD = "EXISTS (SELECT FROM webhooks WHERE revoked_at IS NULL) AS is_heard"  # by anybody at all
_HOOKS = "SELECT id, area_code FROM webhooks WHERE revoked_at IS NULL"
_ENTER = """
INSERT INTO webhook_deliveries (id, webhook_id, body)
SELECT * FROM unnest(%(ids)s::uuid[], %(webhook_ids)s::uuid[], %(bodies)s::jsonb[])"""


def tell(
    steps: Sequence[dict[str, Any]],
    place_codes: Mapping[UUID, str],
    told: Mapping[UUID, Collection[UUID]],
    *,
    is_heard: bool = True,
) -> None:
    """Let everybody who listens know of steps, once this transaction has been committed.

    `told` names the members and teams who hear of a matter wherever it lies.
    """
    announce("matters stepped", steps=steps, place_codes=place_codes, told=told)
    if not is_heard:
        return
    listeners = [(row.id, prefix_of(row.area_code)) for row in ask(_HOOKS)]
    due = [
        (webhook_id, _body(step))
        for step in steps
        for webhook_id, prefix in listeners
        if place_codes[step["matter_id"]].startswith(prefix)
    ]
    if due:
        webhook_ids, bodies = zip(*due, strict=True)
        ids = [uuid7() for _ in due]
        ask(_ENTER, ids=ids, webhook_ids=list(webhook_ids), bodies=[Jsonb(body) for body in bodies])
        jobs.later(TELL)


def _body(step: dict[str, Any]) -> dict[str, Any]:
    """Ids and words of the table only; whoever is told asks for the rest with a sign-in of their own."""
    return {
        "matter_id": str(step["matter_id"]),
        "version": step["version"],
        "step": step["step"],
        "stage": step["stage"],
        "level": step["level"],
        "at": step["at"].astimezone(UTC).isoformat(),
    }


def enter(url: str, area: str, caller: Caller) -> Webhook:
    """A new webhook, with a key that is shown this once."""
    webhook = Webhook(id=uuid7(), url=url, area_code=area, member_id=caller.member_id)
    webhook.secret = secrets.token_bytes(32)
    webhook.created_at = session.scalars(select(func.now())).one()
    session.add(webhook)
    session.flush()
    audit.record("webhook.enter", "webhook", webhook.id)
    return webhook


def revoke(webhook: Webhook) -> None:
    """Tell it nothing more; its key is forgotten."""
    webhook.revoked_at = session.scalars(select(func.now())).one()
    webhook.secret = b""
    waiting = WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.next_at.is_not(None)
    session.execute(update(WebhookDelivery).where(*waiting).values(next_at=None, result="revoked"))
    audit.record("webhook.revoke", "webhook", webhook.id)


@jobs.task(TELL, every="* * * * *", line="hooks")
def tell_all() -> int:
    """Tell whatever is due, one after another; gives how many were told.

    After a while it makes room for other jobs and goes on behind them. Who could not be told waits with
    everything that they are to be told, so that a dead platform holds up nobody else.
    """
    with transaction():
        jobs.absorb(TELL)
    told, end = 0, time.monotonic() + TURN
    while (delivery_id := _claim()) is not None:
        try:
            told += _tell_one(delivery_id)
        except Exception:
            log.exception("a webhook could not be told", delivery_id=str(delivery_id))
        if time.monotonic() > end:
            with transaction():
                jobs.later(TELL)
            break
    return told


def _claim() -> UUID | None:
    """The next delivery that is due; whatever happens to us, it is not due again at once."""
    now = datetime.now(UTC)
    with transaction():
        due = select(WebhookDelivery).where(WebhookDelivery.next_at <= now)
        ordered = due.order_by(WebhookDelivery.next_at, WebhookDelivery.id).limit(1)
        delivery = session.scalars(ordered.with_for_update(skip_locked=True)).one_or_none()
        if delivery is None:
            return None
        delivery.next_at = now + FIRST_WAIT * 2**delivery.tries
        delivery.tries += 1
        return delivery.id


def _tell_one(delivery_id: UUID) -> bool:
    with transaction():
        delivery = session.get_one(WebhookDelivery, delivery_id)
        webhook = session.get_one(Webhook, delivery.webhook_id)
        url, secret, body = webhook.url, webhook.secret, hooks.body_of(delivery.body)
        is_revoked = webhook.revoked_at is not None
    if is_revoked:
        return False
    signed = hooks.sign(secret, int(time.time()), body)
    headers = {"Gridpatrol-Signature": signed, "Gridpatrol-Delivery": str(delivery_id)}
    try:
        result = str(hooks.tell(url, body, headers))
    except hooks.Unreachable as error:
        result = str(error)
    is_told = result.isdecimal() and 200 <= int(result) < 300
    with transaction():
        delivery = session.get_one(WebhookDelivery, delivery_id, with_for_update=True)
        delivery.result = result
        if is_told:
            delivery.told_at, delivery.next_at = datetime.now(UTC), None
            return True
        _wait(delivery)
    return False


def _wait(delivery: WebhookDelivery) -> None:
    """Leave this webhook alone until the delivery is due again; after many tries it is given up."""
    others = WebhookDelivery.webhook_id == delivery.webhook_id, WebhookDelivery.next_at < delivery.next_at
    session.execute(update(WebhookDelivery).where(*others).values(next_at=delivery.next_at))
    if delivery.tries >= MOST_TRIES:
        delivery.next_at = None
