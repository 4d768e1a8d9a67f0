"""Networks that enhance photos, their checkpoints, and the alignment of photo pairs. Knows no web framework.

::

    generator.py  dong.py     one architecture each, top to bottom
    architectures.py          name → architecture
    tensorflow.py             reads TensorFlow V2 checkpoints without TensorFlow
    conversion.py             the released DPED checkpoints → our networks
    checkpoint.py             our own checkpoints: safetensors with architecture, config and source
    inference.py              a photo through a network
    graph.py                  a photo through somebody's ONNX graph
    methods.py                the loaders that the methods table names
    alignment.py overlap.py   registers a reference photo on an input photo (no torch)
    table.py                  scores checkpoints on aligned patches
"""
