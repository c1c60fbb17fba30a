"""Where the expected error of a schedule arises, context by context, step by step and position by position."""
