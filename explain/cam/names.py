"""The names of the methods, for those who only need to check a name. A test keeps them equal to METHODS."""

METHOD_NAMES = (
    "grad-cam",
    "ablation-cam",
    "pixel-ablation-cam",
)
