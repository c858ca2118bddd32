"""Nouns and errors of calwarden: frozen values, standard library only."""
