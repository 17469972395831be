"""The statistics: arrays of numbers in, numbers out. No files, tables or sentences."""
