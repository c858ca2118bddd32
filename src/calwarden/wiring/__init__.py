"""Where everything is put together: the environment, clock and randomness are read here and nowhere else.

``system`` gives those three, ``opening`` keys, store and kit, ``server`` the whole server, ``logs`` the log.
"""
