"""Authorization and token rules of OAuth 2.0 as far as they need no I/O: one module per RFC section we implement.

``authorize_request`` (RFC 6749 4.1.1), ``redirect`` (3.1.2, RFC 8252 7.3, RFC 9207), ``pkce`` (RFC 7636), ``tokens``
(10.10), ``metadata`` (RFC 8414), ``errors`` (RFC 6749 4.1.2.1 and 5.2).
"""
