"""Whole photos through networks of ours, exact at any size, in strips of rows: docs/decisions/whole-photos.md.

::

    rows.py         one layer's convolution, fed strips of rows
    finishing.py    what follows it, and what is seen of a strip on its way
    kernels.py      the same, compiled: in one pass over memory
    queues.py       strips that wait, and the memory they wait in
    moments.py      an instance norm's statistics, strip by strip
    passes.py       the layers one after the other, activations kept (``fast``) or computed again (``lean``)
    modes.py        which of the two, by the memory there is
    precision.py    bfloat16 or float32, by what the processor or GPU multiplies in
    agreement.py    and by whether the network gives the same picture with it
"""
