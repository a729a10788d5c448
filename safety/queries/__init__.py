"""Reading the desk, the rule book and statements; nothing here changes anything."""

from safety.queries.circumstances import Circumstances
from safety.queries.desk import (
    CaseRow,
    CaseView,
    NoOpenCase,
    Page,
    Standing,
    case_view,
    counts,
    open_case,
    queue,
    standing,
)
from safety.queries.floods import FloodView, open_floods
from safety.queries.health import CAUSES, Degraded, degraded
from safety.queries.rescreening import TechnicalCase, judged_content, technical_cases
from safety.queries.rulebook import REPORT_REASONS, Rule, articles, report_reasons, rules
from safety.queries.statements import (
    OwnReport,
    StatementView,
    reports_of,
    statement_for,
    statement_urls,
    statements_of,
)
from safety.queries.versions import Published, VersionRow, all_versions, published, rules_only
from safety.screening import rule_book_version

__all__ = [
    "CAUSES",
    "REPORT_REASONS",
    "CaseRow",
    "CaseView",
    "Circumstances",
    "Degraded",
    "FloodView",
    "NoOpenCase",
    "OwnReport",
    "Page",
    "Published",
    "Rule",
    "Standing",
    "StatementView",
    "TechnicalCase",
    "VersionRow",
    "all_versions",
    "articles",
    "case_view",
    "counts",
    "degraded",
    "judged_content",
    "open_case",
    "open_floods",
    "published",
    "queue",
    "report_reasons",
    "reports_of",
    "rule_book_version",
    "rules",
    "rules_only",
    "standing",
    "statement_for",
    "statement_urls",
    "statements_of",
    "technical_cases",
]
