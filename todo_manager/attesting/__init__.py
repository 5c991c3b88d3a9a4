"""Proof to hand on: statements about what was proven, signed, bundled, and judged elsewhere."""
