"""Faults: real processes are killed, stopped, starved and lied to, and what they leave is counted against the input.

Nothing lost, nothing twice, no gap in the ranges, findings equal to those of a clean run: `oracle` says what must be
there from the messages alone, `workload` makes them. Each fault runs once in `make test`; `make faults` runs them in
full numbers and writes docs/guarantees.md.
"""
