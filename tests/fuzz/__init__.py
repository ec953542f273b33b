"""A coverage-guided fuzzer over the parsers: ``python -m tests.fuzz.parsers -max_total_time=600``."""
