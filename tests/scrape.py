"""Reads what a process of ours answers to its scraper."""

from collections.abc import Iterator

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Scrape:
    """What one process answers to its scraper."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"

    def is_a(self, role: str) -> bool:
        """Whether a process of ours with this role answers here; a stranger may have the port."""
        try:
            return f'aparte_process{{role="{role}"' in httpx.get(self._url).text
        except httpx.HTTPError:
            return False

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        return sum(
            sample.value
            for sample in self._samples(name)
            if labels.items() <= sample.labels.items()
        )

    def _samples(self, name: str) -> Iterator[Sample]:
        for family in text_string_to_metric_families(httpx.get(self._url).text):
            yield from (sample for sample in family.samples if sample.name == name)
