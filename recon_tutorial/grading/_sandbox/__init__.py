"""What runs in the submission's processes: standard library and NumPy, nothing of the book."""
