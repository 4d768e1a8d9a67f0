"""The paper's table: networks on held-out patches, by camera and method, with intervals over scenes."""
