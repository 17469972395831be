"""What a trained network does with pictures it was not trained on."""
