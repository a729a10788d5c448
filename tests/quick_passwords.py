"""The product's settings, but a password is hashed at once: it is slow on purpose, 0.3 s."""

from settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
