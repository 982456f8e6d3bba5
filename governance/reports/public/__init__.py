"""Summaries of bias audits that anybody may read: New York City Local Law 144."""
