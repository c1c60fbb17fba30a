"""Fast float paths behind the public functions, each with a plain twin it is tested against."""
