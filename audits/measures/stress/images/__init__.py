"""Corruptions of images with ImageNet-C's constants, and the errors that are made of them."""
