"""Programs that checks start: one nanny process, one supervisor a program, nothing left behind."""
