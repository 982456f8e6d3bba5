"""Data audit: what a table of training or test data holds that it should not, and lacks that it should have."""
