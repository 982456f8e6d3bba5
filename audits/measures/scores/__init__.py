"""What a score says beyond the decision made from it: its calibration, its ranking, its spread by group."""
