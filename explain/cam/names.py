"""The names of the methods, for those who only need a name, without torch. A test keeps them equal to METHODS."""

METHOD_NAMES = (
    "grad-cam",
    "grad-cam++",
    "hirescam",
    "layer-cam",
    "score-cam",
    "ablation-cam",
    "ablation-cam++",
    "pixel-ablation-cam",
    "pixel-ablation-cam/authors",
    "pixel-ablation-cam/weights",
    "recipro-cam",
    "random",
    "centre",
)
CONTROL_NAMES = ("random", "centre")  # maps that know nothing of the network
