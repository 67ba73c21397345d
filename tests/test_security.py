"""SECURITY.md: every attack that it lists names the tests that show its defence, and those tests exist."""

from documented import defined_tests, named_tests, rows


def test_every_attack_names_tests_that_exist(root):
    defined = defined_tests(root)
    text = (root / "SECURITY.md").read_text()
    attacks = [row for row in rows(text.partition("## What is defended")[2]) if row[0] != "attack"]
    for attack, _, shown in attacks:
        named = named_tests(shown)
        assert named and named <= defined, (attack, named - defined)
