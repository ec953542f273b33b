"""What the README claims about speed, to be run again: ``python -m benchmarks.verify``."""
