"""Load generators, comparison relays and the accounting behind `aparte bench`."""
