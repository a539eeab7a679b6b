#!/usr/bin/env python3
"""Installs a build into an empty folder, packs it as a .deb, and looks at what is in both."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

# What a user must find after installation, below /usr.
EXPECTED = [
    "bin/abate",
    "share/man/man1/abate.1",
    "share/man/man1/abate-run.1",
    "share/man/man1/abate-show.1",
    "share/bash-completion/completions/abate",
    "share/zsh/vendor-completions/_abate",
    "share/fish/vendor_completions.d/abate.fish",
    "share/doc/abate/copyright",
    "share/doc/abate/README.md",
    "share/doc/abate/docs/architecture.md",
    "share/doc/abate/docs/glossary.md",
]

OPTIONS = None


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="abate-package-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ok(self, *command, **more):
        done = run(*command, **more)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_install_puts_everything_below_its_prefix(self):
        self.ok("cmake", "--install", OPTIONS.build, "--prefix", "/usr", env={**os.environ, "DESTDIR": str(self.folder)})
        usr = self.folder / "usr"
        for name in EXPECTED:
            self.assertTrue((usr / name).is_file(), name)
            self.assertGreater((usr / name).stat().st_size, 0, name)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["usr"])
        said = self.ok(str(usr / "bin/abate"), "--version", env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)})
        self.assertIn(OPTIONS.version, said)
        # No library of ours is needed beside the program, and it knows no folder of the build.
        strings = (usr / "bin/abate").read_bytes()
        self.assertNotIn(str(pathlib.Path(OPTIONS.build).resolve()).encode(), strings)

    def test_the_deb_holds_the_same_and_names_what_it_needs(self):
        self.ok("cpack", "--config", f"{OPTIONS.build}/CPackConfig.cmake", "-G", "DEB", "-B", str(self.folder), cwd=self.folder)
        packages = list(self.folder.glob("*.deb"))
        self.assertEqual(len(packages), 1, packages)
        self.assertTrue(packages[0].name.startswith(f"abate_{OPTIONS.version}_"), packages[0].name)
        listed = self.ok("dpkg-deb", "--contents", str(packages[0]))
        held = {line.split()[-1].removeprefix("./usr/") for line in listed.splitlines()}
        for name in EXPECTED:
            self.assertIn(name, held)
        for line in listed.splitlines():
            self.assertIn("root/root", line)
            if not line.startswith("d"):
                self.assertTrue(line.split()[-1].startswith("./usr/"), line)

        def field(name):
            return self.ok("dpkg-deb", "--field", str(packages[0]), name).strip()

        self.assertEqual(field("Package"), "abate")
        self.assertEqual(field("Version"), OPTIONS.version)
        self.assertIn("libc6", field("Depends"))
        # Other libraries lie in the program, and their terms beside it.
        for library in ("libsqlite3", "libstdc++", "libfmt", "libncurses"):
            self.assertNotIn(library, field("Depends"))
        self.assertIn("share/doc/abate/third_party/libsqlite3-dev.copyright", held)
        # GPU libraries are opened while running where they exist; a package that asked for them would install nowhere.
        self.assertNotRegex(field("Depends"), "nvidia|cuda|rocm|amdsmi")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--version", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
