"""A registrar's file becomes checked rows."""
