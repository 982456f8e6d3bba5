"""Signatures of models in the format of OpenSSF model signing, checked without asking anybody over a network."""
