"""What the edges share: the declared route table, request decoding, the OpenAPI document and the rate gate."""

from calwarden.httpkit.answers import empty_answer, json_answer, protected
from calwarden.httpkit.openapi import document
from calwarden.httpkit.rate import RateGate
from calwarden.httpkit.table import Auth, Call, Operation, Place, build_nowhere, build_routes

__all__ = [
    "Auth",
    "Call",
    "Operation",
    "Place",
    "RateGate",
    "build_nowhere",
    "build_routes",
    "document",
    "empty_answer",
    "json_answer",
    "protected",
]
