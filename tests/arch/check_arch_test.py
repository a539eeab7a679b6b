#!/usr/bin/env python3
"""The checker finds what it must find: each test builds a tiny tree with one fault, or none."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import check_arch  # noqa: E402


class CheckArch(unittest.TestCase):
    def findings(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_arch.check(folder)

    def assert_one(self, files, *parts):
        findings = self.findings(files)
        self.assertEqual(len(findings), 1, findings)
        for part in parts:
            self.assertIn(part, findings[0])

    def test_a_sound_tree_has_no_findings(self):
        self.assertEqual(
            self.findings({
                "src/abate/core/id.h": "#pragma once\n",
                "src/abate/meter/meter.h": '#include "abate/core/id.h"\n#include "abate/meter/sensor.h"\n',
                "src/abate/meter/sensor.h": "#include <vector>\n",
                "src/abate/store/a.cpp": '#include "abate/meter/meter.h"\n#include <sqlite3.h>\n',
                "src/abate/meter/CMakeLists.txt": "abate_room(NAME meter THREADS\n  SOURCES a.cpp\n  ROOMS core units data record\n  LIBRARIES fmt::fmt)\n",
                "docs/a.md": "See /sys/class/powercap and <https://example.org/home/x> and ${HOME}/home/x.\n",
            }),
            [],
        )

    def test_an_include_from_a_row_below_is_named_with_its_line(self):
        self.assert_one(
            {"src/abate/units/a.h": '#pragma once\n#include "abate/meter/meter.h"\n'},
            "src/abate/units/a.h:2:", "abate/meter/meter.h", "below",
        )

    def test_an_include_from_the_same_row_is_found(self):
        self.assert_one({"src/abate/store/a.cpp": '#include "abate/report/report.h"\n'}, "a.cpp:1:", "beside")

    def test_a_test_file_is_held_to_the_same_rule(self):
        self.assert_one({"src/abate/meter/a_test.cpp": '#include "abate/store/store.h"\n'}, "a_test.cpp:1:", "below")

    def test_another_rooms_inner_header_is_refused(self):
        self.assert_one({"src/abate/store/a.cpp": '#include "abate/meter/sensor.h"\n'}, "front door is abate/meter/meter.h")

    def test_a_vocabulary_room_may_be_entered_anywhere(self):
        self.assertEqual(self.findings({"src/abate/store/a.cpp": '#include "abate/record/run_record.h"\n'}), [])

    def test_a_room_in_no_row_is_found(self):
        self.assert_one({"src/abate/attic/a.h": "\n"}, "room 'attic'")

    def test_an_include_of_no_room_is_found(self):
        self.assert_one({"src/abate/store/a.h": '#include "abate/attic/a.h"\n'}, "abate/attic/a.h is in no room")

    def test_a_cycle_of_three_headers_is_shown_whole(self):
        self.assert_one(
            {
                "src/abate/core/a.h": '#include "abate/core/b.h"\n',
                "src/abate/core/b.h": '#include "abate/core/c.h"\n',
                "src/abate/core/c.h": '#include "abate/core/a.h"\n',
            },
            "src/abate/core/c.h:1:", "abate/core/a.h -> abate/core/b.h -> abate/core/c.h -> abate/core/a.h",
        )

    def test_a_diamond_is_no_cycle(self):
        self.assertEqual(
            self.findings({
                "src/abate/core/a.h": '#include "abate/core/b.h"\n#include "abate/core/c.h"\n',
                "src/abate/core/b.h": '#include "abate/core/d.h"\n',
                "src/abate/core/c.h": '#include "abate/core/d.h"\n',
                "src/abate/core/d.h": "\n",
            }),
            [],
        )

    def test_a_link_to_a_row_below_is_found(self):
        self.assert_one({"src/abate/units/CMakeLists.txt": "\nabate_room(NAME units\n  ROOMS core meter)\n"}, "CMakeLists.txt:2:", "links meter")

    def test_a_link_past_rooms_is_found(self):
        self.assert_one({"src/abate/units/CMakeLists.txt": "abate_room(NAME units ROOMS core LIBRARIES abate_store)\n"}, "abate_store")

    def test_a_room_under_a_wrong_name_is_found(self):
        self.assert_one({"src/abate/units/CMakeLists.txt": "abate_room(NAME core)\n"}, "room 'core'")

    def test_the_reckoning_rooms_know_no_json_sql_or_http(self):
        for header in ("nlohmann/json.hpp", "sqlite3.h", "curl/curl.h", "boost/beast/core.hpp"):
            with self.subTest(header=header):
                self.assert_one({"src/abate/footprint/a.cpp": f"#include <{header}>\n"}, header)

    def test_a_path_of_somebodys_machine_is_found(self):
        for top in ("home", "work", "root", "Users"):
            with self.subTest(top=top):
                self.assert_one({"docs/a.md": f"Look into /{top}/me.\n"}, "docs/a.md:1:", f"/{top}/m")

    def test_a_mark_of_unfinished_work_is_found(self):
        for mark in ("TO" + "DO", "FIX" + "ME"):
            with self.subTest(mark=mark):
                self.assert_one({"src/abate/core/a.h": f"// {mark}: later\n"}, "unfinished")


if __name__ == "__main__":
    unittest.main()
