"""Published statements as claims, one file a source."""
