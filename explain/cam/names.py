"""The names of the methods, for those who only need to check a name. A test keeps them equal to METHODS."""

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
