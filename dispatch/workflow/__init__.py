"""The life of a case: who may do what from where, what must be said, and which clocks run."""
