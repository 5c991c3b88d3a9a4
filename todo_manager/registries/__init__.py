"""Registries of images, asked over HTTP as the distribution specification says; no engine takes part."""
