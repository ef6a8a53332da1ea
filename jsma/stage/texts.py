"""The texts that the scripts take from Python's tables: terms, stops, rules."""

import json

from ..glossary import TERMS
from ..rules import Rule
from ..stop import Stop


def texts() -> str:
    """Return the JavaScript module that replaces scripts/texts.js."""
    stops = {stop.name: {"value": stop.value, "title": stop.title, "success": stop.success} for stop in Stop}
    rules = {
        rule.value: {"room": rule.weighs_by_room, "a": rule.entry.a_caption, "b": rule.entry.b_caption} for rule in Rule
    }
    tables = {"GLOSSARY": TERMS, "STOPS": stops, "RULES": rules}
    return "\n".join(f"export const {name} = {json.dumps(table)};" for name, table in tables.items())
