"""A host app that registers models whose classes it cannot edit."""
