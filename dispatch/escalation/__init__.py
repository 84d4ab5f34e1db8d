"""Whom a case is escalated to while nobody sees to it: ladders of steps, told to people in turn."""
