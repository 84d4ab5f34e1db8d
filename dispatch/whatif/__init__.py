"""What if: past cases decided again by another rulebook, and what would have been different.

Nothing here changes a case. What was decided and what was done is read from the history; only the
decision is made anew.
"""
