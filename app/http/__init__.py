"""The HTTP doors. Each names its action; what is wrong is answered by `app.problems`."""
