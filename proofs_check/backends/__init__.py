"""How claims are decided: exact numbers, certified balls, symbols, floats; search and Monte Carlo."""
