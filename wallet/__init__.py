"""A holder's service: claims, keeps and shares credentials that nobody reads while the holder is away."""
