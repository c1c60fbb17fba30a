"""The report: one HTML file with everything that is known of every claim, readable without a network."""
