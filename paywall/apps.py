from django.apps import AppConfig


class PaywallConfig(AppConfig):
    name = "paywall"

    def ready(self) -> None:
        from paywall.gateway import checks  # noqa: F401  (registers itself)
        from paywall.queries import proofs

        proofs.register()
