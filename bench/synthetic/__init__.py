"""Drawn worlds for the benchmarks."""
