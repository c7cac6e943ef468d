"""What every process of the mesh stands on. It knows no service and no domain."""
