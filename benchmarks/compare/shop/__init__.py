"""The app that the models of the candidates belong to."""
