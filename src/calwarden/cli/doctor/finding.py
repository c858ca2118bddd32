"""What the doctor can find, and how it says so."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Code(StrEnum):
    """Everything there is to find; ``MEANING`` says what each is. Programs may rely on the words."""

    SETTING_INVALID = "setting_invalid"
    DATA_MISSING = "data_missing"
    DATA_NO_FOLDER = "data_no_folder"
    DATA_OPEN = "data_open"
    KEYS_MISSING = "keys_missing"
    KEYS_NOT_MADE = "keys_not_made"
    KEYS_UNFIT = "keys_unfit"
    KEYS_OTHER = "keys_other"
    DATABASE_EMPTY = "database_empty"
    DATABASE_UNREACHABLE = "database_unreachable"
    DATABASE_NOT_MIGRATED = "database_not_migrated"
    DATABASE_NOT_WRITABLE = "database_not_writable"
    DISK_NEARLY_FULL = "disk_nearly_full"
    ROLE_LACKS_GRANTS = "role_lacks_grants"
    ROLE_PASSES_BY = "role_passes_by"
    POLICIES_MISSING = "policies_missing"
    CLOCK_WRONG = "clock_wrong"
    PUBLIC_URL_LOCAL = "public_url_local"
    PUBLIC_URL_SILENT = "public_url_silent"
    PUBLIC_URL_CERTIFICATE = "public_url_certificate"
    PUBLIC_URL_ELSEWHERE = "public_url_elsewhere"
    PROXY_NOT_TRUSTED = "proxy_not_trusted"
    LISTENS_OPENLY = "listens_openly"
    OPERATOR_GRANTS = "operator_grants"
    MAIL_MISSING = "mail_missing"
    MAIL_IN_LOG = "mail_in_log"
    MAIL_IN_CLEAR = "mail_in_clear"
    MAIL_UNREACHABLE = "mail_unreachable"
    MAIL_PASSWORD = "mail_password"
    PASSWORD_REFUSED = "password_refused"
    SYNC_FAILING = "sync_failing"
    WORKER_NOT_RUNNING = "worker_not_running"
    WRITES_STUCK = "writes_stuck"
    LEDGER_BROKEN = "ledger_broken"
    ROWS_ORPHANED = "rows_orphaned"


MEANING: dict[Code, str] = {
    Code.SETTING_INVALID: "A setting can not be used, such as a public address without TLS. Nothing else is looked at.",
    Code.DATA_MISSING: "There is no data folder yet.",
    Code.DATA_NO_FOLDER: "What stands in its place is no folder.",
    Code.DATA_OPEN: "Other users of the machine may look into the data folder.",
    Code.KEYS_MISSING: "The database is in use, and its key file is not there.",
    Code.KEYS_NOT_MADE: "Nothing was made yet.",
    Code.KEYS_UNFIT: "The key file can not be read, is damaged, or may be read by other users.",
    Code.KEYS_OTHER: "The key file belongs to another database, or to a later state of this one.",
    Code.DATABASE_EMPTY: "There are no tables yet.",
    Code.DATABASE_UNREACHABLE: "The database does not answer, can not be opened, or is damaged.",
    Code.DATABASE_NOT_MIGRATED: "The tables are those of another version of calwarden.",
    Code.DATABASE_NOT_WRITABLE: "The database can be read and not be written: its file, a standby, a lock.",
    Code.DISK_NEARLY_FULL: "Less than 500 MB are left where the database is.",
    Code.ROLE_LACKS_GRANTS: "The PostgreSQL role may not do all that a server does.",
    Code.ROLE_PASSES_BY: "The PostgreSQL role is a superuser or has BYPASSRLS: no policy keeps it to an account.",
    Code.POLICIES_MISSING: "Row-level security was switched off in some tables.",
    Code.CLOCK_WRONG: "The clock is years off, or behind the last change of the database.",
    Code.PUBLIC_URL_LOCAL: "Only this machine can reach the public address.",
    Code.PUBLIC_URL_SILENT: "The public address does not answer from here.",
    Code.PUBLIC_URL_CERTIFICATE: "Its certificate is not one that this machine trusts.",
    Code.PUBLIC_URL_ELSEWHERE: "Something else answers there.",
    Code.PROXY_NOT_TRUSTED: "No reverse proxy is named: everybody seems to ask from one address, and shares limits.",
    Code.LISTENS_OPENLY: "Others than the reverse proxy can speak to the server without TLS.",
    Code.OPERATOR_GRANTS: "Access can be given in people's stead.",
    Code.MAIL_MISSING: "No mail can be sent.",
    Code.MAIL_IN_LOG: "Mails are written into the log, with the links in them.",
    Code.MAIL_IN_CLEAR: "Mails cross the network without TLS.",
    Code.MAIL_UNREACHABLE: "The mail server does not answer, or not as it should.",
    Code.MAIL_PASSWORD: "The mail server refuses the user name or password.",
    Code.PASSWORD_REFUSED: "A calendar service refuses the password of a connected account.",
    Code.SYNC_FAILING: "A calendar service has not been read for longer than free/busy may be stale.",
    Code.WORKER_NOT_RUNNING: "Work is due and nobody does it.",
    Code.WRITES_STUCK: "Acknowledged writes have waited for their calendar service for over an hour.",
    Code.LEDGER_BROKEN: "The ledger was changed by somebody else than calwarden.",
    Code.ROWS_ORPHANED: "Rows belong to an account, calendar, grant or application that is not there.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``code`` is None, and ``fix`` empty, if there is nothing to do."""

    check: str
    status: Status
    message: str
    code: Code | None = None
    fix: str = ""


def fine(check: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Status.OK, message)


def warning(check: str, code: Code, message: str, fix: str) -> Finding:
    """The server works, and something should be done."""
    return Finding(check, Status.WARNING, message, code, fix)


def problem(check: str, code: Code, message: str, fix: str) -> Finding:
    """Something does not work, or is not safe."""
    return Finding(check, Status.PROBLEM, message, code, fix)
