"""The rules of the contract, each with how to mend a predictor that breaks it."""

RULES = {
    "factory": "pass a class or function that builds it from embed_dim and cov_dim or from nothing",
    "protocol": "write train(ctrl_emb, pert_emb, pert_cov) and predict(ctrl_emb, pert_cov)",
    "train": "let train run on three float32 arrays of n rows, with no further argument",
    "predict": "let predict run on two float32 arrays of n rows",
    "inputs unchanged": "make a new array instead (x = x + shift, not x += shift)",
    "dtype": "end predict with np.asarray(prediction, dtype=np.float32)",
    "shape": "return one row of embed_dim numbers for each row of ctrl_emb",
    "finite": "look for a division by zero, a log of zero or a fit that diverged",
    "predict is repeatable": "switch dropout off and seed any sampling anew in each predict",
    "single row": "let predict take n = 1: no squeeze, no statistics of the batch",
    "float64 and lists": "begin train and predict with np.asarray(x, dtype=np.float32)",
    "row order": "write each prediction into the row of the control and descriptor it answers",
    "uses the descriptor": "let predict depend on pert_cov",
    "unseen descriptor": "compute with the numbers of a descriptor, do not look it up",
    "beats no change": "train for longer, or look for a lost shift or swapped arguments",
    "refuses mismatched shapes": "compare shapes first and raise a ValueError that names both",
    "untrained predict is refused": "raise an error that says to call train first",
    "same seed, same answer": "draw all that is random from a seed given to the constructor",
}
