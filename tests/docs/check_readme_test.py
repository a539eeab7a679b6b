#!/usr/bin/env python3
"""check_readme.py finds each kind of fault, and none where there is none. A shell script stands in for abate."""

import pathlib
import tempfile
import unittest

import check_readme

README = """# Title

See [the page](docs/page.md#a-heading-with-code), [the web](https://example.org/x) and `[no](link.md)`.

<!-- tested: runs -->
```console
$ abate run
abate: 1.5 J (0.9 to 4.8), 35 ug CO2e, exit 0
  devices   modelled: package-0
$ abate again
```
"""
PAGE = "# Page\n\n## A heading, with `code`\n\nBack [up](../README.md).\n"
ABATE = """#!/bin/sh
case "$1" in
run) echo "abate: note: something else"; echo "abate: 22 kJ (9 to 48), 3 kg CO2e, exit 0"; echo "  devices   measured: psys" ;;
generate) echo "text" >"$3/cli.md" ;;
esac
"""


class CheckReadme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="abate-docs-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "docs/reference").mkdir(parents=True)
        self.write("README.md", README)
        self.write("docs/page.md", PAGE)
        (self.root / "bin").mkdir()
        self.abate = self.root / "bin/abate"
        self.abate.write_text(ABATE)
        self.abate.chmod(0o755)

    def write(self, name, text):
        (self.root / name).write_text(text)

    def snippets(self):
        return check_readme.check_snippets(self.root, str(self.abate))

    def links(self):
        return check_readme.check_links(self.root)

    def test_finds_nothing_where_all_is_well(self):
        self.assertEqual(self.links(), [])
        self.assertEqual(self.snippets(), [])

    def test_finds_a_dead_link(self):
        self.write("docs/page.md", PAGE + "[gone](nowhere.md)\n")
        self.assertEqual(len(self.links()), 1)
        self.assertIn("docs/page.md:6: nowhere.md", self.links()[0])

    def test_finds_a_dead_anchor(self):
        self.write("README.md", README.replace("#a-heading-with-code", "#another"))
        self.assertEqual(len(self.links()), 1)

    def test_finds_a_line_that_is_not_printed(self):
        self.write("README.md", README.replace("  devices ", "  gadgets "))
        self.assertIn("gadgets", self.snippets()[0])

    def test_finds_a_word_that_has_gone(self):
        self.abate.write_text(ABATE.replace("CO2e", "CO2"))
        self.assertEqual(len(self.snippets()), 1)

    def test_finds_lines_in_the_wrong_order(self):
        lines = README.split("\n")
        lines[7], lines[8] = lines[8], lines[7]
        self.write("README.md", "\n".join(lines))
        self.assertEqual(len(self.snippets()), 1)

    def test_a_command_finds_the_examples(self):
        (self.root / "examples").mkdir()
        self.write("examples/lab.toml", "")
        self.write("README.md", README.replace("$ abate again", "$ test -f examples/lab.toml"))
        self.assertEqual(self.snippets(), [])

    def test_finds_a_command_that_fails(self):
        self.write("README.md", README.replace("abate again", "abate again; false"))
        self.assertIn("ended with 1", self.snippets()[0])

    def test_finds_that_nothing_is_tested(self):
        self.write("README.md", "# Title\n")
        self.assertEqual(len(self.snippets()), 1)

    def test_finds_a_reference_page_that_is_old(self):
        self.assertEqual(len(check_readme.check_reference(self.root, str(self.abate))), 1)
        self.write("docs/reference/cli.md", "text\n")
        self.assertEqual(check_readme.check_reference(self.root, str(self.abate)), [])
        self.write("docs/reference/cli.md", "texts\n")
        self.assertEqual(len(check_readme.check_reference(self.root, str(self.abate))), 1)


if __name__ == "__main__":
    unittest.main()
