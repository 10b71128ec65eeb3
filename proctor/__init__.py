"""The host side of cheating_evals: recorder, rules, scorers."""
