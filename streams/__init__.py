"""The streams that carry work in and facts out: Faust agents, topics, relay, rescue."""
