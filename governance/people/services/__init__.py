"""Bringing people in, giving them roles and tokens, and taking these away.

``by`` is who does it: an administrator of the team that it is about, or None for a command on the server.
"""
