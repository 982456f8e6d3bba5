"""What the benchmarks hold against us, where more than one needs it."""
