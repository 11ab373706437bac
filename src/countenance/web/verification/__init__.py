"""Verifications in the page of another app: what its browser asks for, and the socket.

Nothing here reads or sets a cookie. A page is believed by its client secret, and heard only from
the origin that the app's own server named.
"""
