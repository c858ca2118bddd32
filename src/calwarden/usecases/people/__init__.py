"""People: how they sign up, prove an address, sign in, come back after forgetting, and leave with everything."""

from calwarden.usecases.people.accounts import NewAccount, create_account, remove_account
from calwarden.usecases.people.erase import delete_own_account
from calwarden.usecases.people.invite import invite
from calwarden.usecases.people.ledger import Chapter, Names, read_chapter
from calwarden.usecases.people.links import Door
from calwarden.usecases.people.overview import Access, Activity, Overview, activity, overview, own_profile
from calwarden.usecases.people.passwords import check_password, hash_password
from calwarden.usecases.people.reset import request_reset, reset_password
from calwarden.usecases.people.sessions import SignedIn, Visitor, current_visitor, sign_out
from calwarden.usecases.people.sign_in import Attempt, SignInFailed, sign_in
from calwarden.usecases.people.sign_up import SignUp, SignUpForm, SignUpMode, request_sign_up, sign_up_open
from calwarden.usecases.people.throttle import DEVICE_LIFE
from calwarden.usecases.people.tidy import forget_expired
from calwarden.usecases.people.verify import peek_sign_up, verify_sign_up

__all__ = [
    "DEVICE_LIFE",
    "Access",
    "Activity",
    "Attempt",
    "Chapter",
    "Door",
    "Names",
    "NewAccount",
    "Overview",
    "SignInFailed",
    "SignUp",
    "SignUpForm",
    "SignUpMode",
    "SignedIn",
    "Visitor",
    "activity",
    "check_password",
    "create_account",
    "current_visitor",
    "delete_own_account",
    "forget_expired",
    "hash_password",
    "invite",
    "overview",
    "own_profile",
    "peek_sign_up",
    "read_chapter",
    "remove_account",
    "request_reset",
    "request_sign_up",
    "reset_password",
    "sign_in",
    "sign_out",
    "sign_up_open",
    "verify_sign_up",
]
