"""The Account as an Application sees it, and taking one of its Profiles out of what the Application reaches."""

from calwarden.usecases.account.profiles import ProfileList, list_profiles, revoke_profile
from calwarden.usecases.account.reading import AccountInfo, ProfileEntry, UserInfo, read_account, read_userinfo

__all__ = [
    "AccountInfo",
    "ProfileEntry",
    "ProfileList",
    "UserInfo",
    "list_profiles",
    "read_account",
    "read_userinfo",
    "revoke_profile",
]
