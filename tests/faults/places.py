"""The places at which a server can be killed by name."""

PLACES = (
    "request",  # a write has arrived
    "accept.before",  # its transaction is about to commit
    "accept.after",
    "answer.before",  # 202 is about to be sent
    "answer.after",
    "send.before",  # the calendar service is about to be called
    "send.leaving",  # the connection stands, the first byte is next
    "send.after",  # the calendar service has answered
    "settle.before",  # what came of a write is about to be committed
    "settle.after",
    "page.before",  # a page of a sync that is not the last
    "page.after",
    "cursor.before",  # the last page of a sync, with the cursor
    "cursor.after",
)

DEFECT = "yes-man"
"""A server that acknowledges what it does not do, to see that it is found out."""
