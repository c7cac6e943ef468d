"""The credential service's ports over the mesh."""
