"""A small rule for tests of rules, to be varied."""

from __future__ import annotations

from streams.rules import Rule, parse_rule

PATH = "rulebook/T-RULE.yml"

TEXT = """\
title: A test rule
name: T-RULE
level: low
description: Looks at two columns.
tags:
  - test.rule
logsource:
  product: ashiato
detection:
  abroad:
    asset.abroad: true
  listed:
    asset.policy_lists_storage: true
  condition: abroad and not listed
falsepositives:
  - never
ashiato:
  version: 1
  about: [asset]
  policy_item: storage
  episode: none
  clauses:
    - {en: A clause, ja: 条項}
  reason: {en: Because., ja: 理由。}
  passes_if: {en: Listed., ja: 公表。}
  reading:
    tba: {en: Yes., ja: はい。}
    appi: {en: No., ja: いいえ。}
  runbook: |
    1. Look.
tests:
  - name: abroad
    facts: {asset.abroad: true}
    match: true
  - name: abroad and published as not listed
    facts: {asset.abroad: true, asset.policy_lists_storage: false}
    match: true
  - name: listed
    facts: {asset.abroad: true, asset.policy_lists_storage: true}
    match: false
  - name: nothing is known
    facts: {}
    match: false
"""


def changed(*replacements: tuple[str, str]) -> str:
    """Return the text with each pair replaced; what is to be replaced must be there."""
    text = TEXT
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def rule(*replacements: tuple[str, str]) -> Rule:
    """Return the rule with each pair replaced."""
    return parse_rule(changed(*replacements), PATH)
