"""Plots, drawn as PNG files: one module for each thing that is drawn, and the style that all of them share."""
