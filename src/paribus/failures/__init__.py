"""Test images over the seeds: which fail, how steadily, and which labels are suspect."""
