"""The training engine: the networks that studies use most, trained as fast as one core can."""
