"""Why a network predicts what it does; needs torch."""
