"""The product's settings with one more route: the floor that ``bench/gate.py`` holds the gate against."""

from config.settings import *  # noqa: F403 - settings are one name space

ROOT_URLCONF = "bench.synthetic.gate_floor"
