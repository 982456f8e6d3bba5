"""Room: portal."""
