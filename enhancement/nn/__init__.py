"""Networks that enhance photos: their training, their checkpoints, photos through them. Knows no web framework.

::

    networks/                 one architecture a file
    pairs/                    aligns photo pairs, cuts patches from them, and opens patches for training (no torch)
    training/                 losses, the backbone they look through, recipes, the loop
    commands/                 what ``python -m enhancement.nn`` can do, a command a module
    files.py                  files that are whole or not there
    memory.py                 memory that is kept from one step to the next
    tensorflow.py             reads TensorFlow V2 checkpoints without TensorFlow
    conversion.py             the released DPED checkpoints → our networks
    checkpoint.py             our own checkpoints: safetensors with architecture, config and source
    whole/                    whole photos in strips of rows, exact at any size
    inference.py              a photo through a network
    export.py                 a network as an ONNX graph
    graph.py                  a photo through somebody's ONNX graph
    methods.py                the loaders that the methods table names
    table.py                  scores checkpoints on aligned patches
"""
