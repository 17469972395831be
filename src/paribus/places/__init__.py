"""Places other than this machine: what performs a study's tasks on clusters."""
