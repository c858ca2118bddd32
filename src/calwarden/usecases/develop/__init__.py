"""What the owner of an Application does with it, and the operator with every one."""

from calwarden.usecases.develop.changing import Changes, change_application, delete_application, give_application
from calwarden.usecases.develop.looking import Known, Managed, list_applications, look_at, own_applications
from calwarden.usecases.develop.refusals import Told, forget_refusals, recent_refusals
from calwarden.usecases.develop.registering import NewApplication, Registered, Registration, create_application
from calwarden.usecases.develop.secrets import Secret, add_secret, rotate_secret, withdraw_secret

__all__ = [
    "Changes",
    "Known",
    "Managed",
    "NewApplication",
    "Registered",
    "Registration",
    "Secret",
    "Told",
    "add_secret",
    "change_application",
    "create_application",
    "delete_application",
    "forget_refusals",
    "give_application",
    "list_applications",
    "look_at",
    "own_applications",
    "recent_refusals",
    "rotate_secret",
    "withdraw_secret",
]
