"""Commands and functions as trainers: what a run is started by, and what it leaves."""
