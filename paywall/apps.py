from django.apps import AppConfig


class PaywallConfig(AppConfig):
    name = "paywall"

    def ready(self) -> None:
        from paywall.gateway import checks as payments  # noqa: F401  (registers itself)
        from paywall.queries import proofs
        from paywall.vault import checks as media  # noqa: F401  (registers itself)

        proofs.register()
