"""What a published report's confusion matrices can bear: figures, claims, one run a setting."""
