"""Reports and cases: what is decided, by which rule, until when; pure rules and their stores."""
