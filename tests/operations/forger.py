"""Somebody who claims to come from elsewhere, again and again."""

from tests.wire import AUTH, Person

SIGN_UPS_A_MINUTE = 20  # settings.ACCOUNT_RATE_LIMITS


def sign_ups_as_many_people(person: Person) -> list[int]:
    """Ask once more than one address may, each time in the name of another; the answers."""
    return [
        person.http.post(
            f"{AUTH}/signup",
            json={"email": "not an address", "password": ""},
            headers=person._csrf
            | {"X-Forwarded-For": f"192.0.2.{n}", "X-Forwarded-Proto": "https"},
        ).status_code
        for n in range(SIGN_UPS_A_MINUTE + 1)
    ]
