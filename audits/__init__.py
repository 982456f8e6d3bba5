"""Audits: what did we measure?"""
