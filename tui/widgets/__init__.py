"""What the screens are made of: bars, tables, readers and logs, each drawn line by line."""
