"""What a run leaves behind: its types, how they cross the disk, and what must hold of them."""
