"""The verification service's ports over the mesh."""
