"""Other places to look from: machines over ssh, and containers from inside.

`errand` and what it imports (`errand_program`, `figures`, `files`, `frames`, `names`, `netns`, `network`,
and the nanny) need the standard library only: their text is sent to the other machine and works there. The rest
is this machine's side; `elsewhere` is what checks use of it.
"""
