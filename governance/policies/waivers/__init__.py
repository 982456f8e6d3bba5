"""Waivers: asking for one, answering it, taking it back, and what they come to."""
