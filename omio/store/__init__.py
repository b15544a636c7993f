"""Destinations that are whole or absent."""
