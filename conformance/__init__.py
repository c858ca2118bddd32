"""A conformance kit for servers of the Cronofy v1 API: does this server keep to the permissions people gave?

Knows nothing of calwarden: the standard library, httpx, and the contract. ``python -m conformance CONFIG.json``.
"""
