"""`aparte bench campaign`: there is nothing to measure yet, and it says so."""

from bench.options import Options, Say
from bench.report import Report, begin, end


def run(options: Options, say: Say) -> Report:
    """One row that says it; no figure, no goal."""
    report = begin("campaign", {})
    report.rows = [{"case": "campaign", "status": "not built"}]
    report.notes = ["Aparté has no mass messages yet: nothing is measured."]
    return end(report)
