from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        """Say who carries out what people decide about messages and edits."""
        from chat.commands.ruling import apply_decision, apply_revision_decision
        from chat.queries import cases, proofs
        from safety import decisions

        proofs.register()

        decisions.register(
            "message",
            apply=apply_decision,
            context=cases.message_context,
            lock=cases.lock_message_subject,
            count_paid=cases.count_paid_messages,
        )
        decisions.register(
            "revision",
            apply=apply_revision_decision,
            context=cases.revision_context,
            lock=cases.lock_revision_subject,
            count_paid=cases.count_paid_revisions,
        )
