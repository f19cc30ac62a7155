"""What each method does, in a line for someone who has to choose."""

METHODS_IN_WORDS = {
    "grad-cam": "Weighs each channel by how fast the score changes with it. The usual baseline.",
    "grad-cam++": "Grad-CAM with weights that follow several instances of an object better.",
    "hirescam": "Multiplies gradient and feature cell by cell, so a map shows only what was used.",
    "layer-cam": "Keeps positive gradients cell by cell; finer at early layers.",
    "score-cam": "Weighs a channel by the score of the photo masked with it. Slow: one pass for each channel.",
    "ablation-cam": "Weighs a channel by how far the score drops when it is set to zero. No gradients.",
    "ablation-cam++": "Ablation-CAM on groups of similar channels, to need fewer passes.",
    "pixel-ablation-cam": "Weighs each cell by how far the score drops when it is set to zero. The paper’s own method.",
    "pixel-ablation-cam/authors": "The same as in the authors’ published code: weights are stretched to 0…1 first.",
    "pixel-ablation-cam/weights": "The cells’ weights alone, without the features.",
    "recipro-cam": "Weighs each cell by the score that it gives on its own. No gradients.",
    "random": "A control: noise. Nobody should prefer it.",
    "centre": "A control: always the middle of the photo. Hard to beat where objects are in the middle.",
}
