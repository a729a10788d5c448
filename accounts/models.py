"""Who people are, what they proved, and when their open sessions must be looked at again."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from uuid_utils.compat import uuid7


class Role(models.TextChoices):
    FAN = "fan"
    CREATOR = "creator"
    MODERATOR = "moderator"


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Account":
        account = self.model(email=self.normalize_email(email).lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """A person. `name` is what others see; for a moderator it is the pseudonym."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=64)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.FAN)
    language = models.CharField(max_length=2, default="fr")
    country = models.CharField(max_length=2, default="FR")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[AccountManager] = AccountManager()
    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_account_is_a_fan_a_creator_or_a_moderator",
                condition=models.Q(role__in=Role.values),
            )
        ]
        indexes = [
            models.Index(
                fields=["name", "id"],
                condition=models.Q(role="creator", is_active=True),
                name="open_creators_by_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Certification(models.Model):
    """That a named moderator saw the five proofs of a creator; without it nothing is earned."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, primary_key=True)
    certified_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    certified_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class Suspension(models.Model):
    """A human decision that closes an account to every act until it is lifted."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="suspensions")
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_account_has_one_running_suspension",
                fields=["account"],
                condition=models.Q(lifted_at=None),
            )
        ]


class SessionEnd(models.Model):
    """Something ended a session of this account: its open sockets are to be checked again."""

    account_id = models.UUIDField()
    at = models.DateTimeField(db_index=True)
