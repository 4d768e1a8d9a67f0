"""Two photos of one scene: how the reference lies on the input, and the patches that are cut from both. No torch.

::

    sources.py      pairs on disk          aligning.py   all of them aligned     cutting.py    cut into a store
    alignment.py    one pair aligned       windows.py    one pair cut            copying.py    or taken over
    overlap.py      its geometry           split.py      scenes that test        building.py   the store put together
    store.py        opens patches          patch_set.py  what is opened          manifest.py   what it says of itself
    published.py    DPED's own patches     pieces.py     work that is kept       report.py     tables, contact sheet
    processes.py    several at once        workplace.py  one at a time, and room
"""
