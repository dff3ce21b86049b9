"""Scripts that only developers of this project run. Nothing here is in the wheel."""
