"""Invitations, for servers where sign-up is by invitation."""

from calwarden.ports.mail import Mail
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.addresses import acceptable_address
from calwarden.usecases.people.links import Purpose, make_link

_LIFE = 7 * 86_400


def invite(kit: Kit, email: str) -> Mail:
    """A link that lets the owner of ``email`` sign up, once, within a week; as the mail that carries it."""
    address = acceptable_address(email)
    with kit.store.write() as uow:
        secret = make_link(kit, uow, Purpose.INVITATION, {"email": address}, _LIFE)
    return Mail(
        address,
        "You are invited",
        f"You can open an account at {kit.public_url}.\n\n"
        f"Start here within a week:\n{kit.public_url}/sign-up?invitation={secret}\n",
    )
