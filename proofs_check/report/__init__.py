"""The report: one HTML file with everything that is known of every claim, readable without a network.

`page` fills a template with drawings (`plot`, `graph`) and with sentences whose plain notation becomes MathML
(`notation`, `formulas`, `tokens`), the `proofs` of the files of claims among them.
"""
