"""Sigma rules over columns: parsed by pySigma, compiled to Polars, exactly or not at all.

``compile_rule`` turns one file into a `CompiledRule`, ``compile_document`` one that is read already; a `RuleSet` judges
frames by many of them. The way of a rule is documents → detections (values, regex) → conditions → predicates →
expressions.
"""

from streams.sigma.compiler import CompiledRule, compile_document, compile_rule
from streams.sigma.ruleset import MATCH_SCHEMA, RuleSet

__all__ = ["MATCH_SCHEMA", "CompiledRule", "RuleSet", "compile_document", "compile_rule"]
