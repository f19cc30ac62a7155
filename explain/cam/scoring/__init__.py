"""From what a module returns to class scores, and from class scores to the score that is explained."""
