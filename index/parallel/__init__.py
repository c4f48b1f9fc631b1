"""Work on many parts of a whole, each by itself: in this process, in several of this machine, or on a Ray cluster."""
