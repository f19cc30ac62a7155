"""Pictures of maps: palettes, overlay, heat, masked."""
