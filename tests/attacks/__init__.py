"""Attacks on tokens and keys, each beside a control that differs in nothing but the fault."""
