"""The report of a plan as one page that asks nobody for anything: no script, no request, no font."""
