"""A GPU by a scripted NVML library."""

import os

import e2e

FAKE = os.path.join(e2e.BUILD, "tests", "fixtures", "gpu")


class Gpu(e2e.E2e):
    def gpu(self, *facts, library="fake_nvml.so"):
        scenario = self.write(self.path("scenario"), "clock live\n" + "\n".join(facts) + "\n")
        self.env["ABATE_NVML_LIBRARY"] = os.path.join(FAKE, library)
        self.env["FAKE_NVML_SCENARIO"] = scenario

    def devices(self, record, name="gpu-0", counted=True):
        return [x for x in record["energy"]["devices"] if x["device"] == name and x["counted"] == counted]

    def test_a_constant_load_is_power_times_time(self):
        self.gpu("gpus 1", "gpu 0 name NVIDIA A100-SXM4-80GB", "gpu 0 limit_mw 400000", "gpu 0 power 200000 200000 100000",
                 "gpu 0 refresh_us 20000", "gpu 0 sample_us 0 0")
        record = self.meter("--region", "FR", "--", "sleep", "1.5")
        found = self.devices(record)
        self.assertEqual(len(found), 1, record["energy"]["devices"])
        self.assertEqual((found[0]["source"], found[0]["quality"]), ("nvml", "measured"))
        self.assertIn("A100", found[0]["name"])
        # Both edges may be off by one refresh of the counter and one sweep.
        self.assertAlmostEqual(float(found[0]["energy_j"]), 200 * float(record["duration_s"]), delta=200 * 0.3)
        self.assertEqual(record["host"]["gpus"], ["NVIDIA A100-SXM4-80GB"])

    def test_two_gpus_are_two_devices(self):
        self.gpu("gpus 2", *[f"gpu {i} {fact}" for i in range(2) for fact in (
            "limit_mw 400000", "power %d %d 100000" % (100000 * (i + 1), 100000 * (i + 1)), "refresh_us 20000", "sample_us 0 0")])
        record = self.meter("--", "sleep", "1.2")
        first, second = self.devices(record, "gpu-0")[0], self.devices(record, "gpu-1")[0]
        self.assertAlmostEqual(float(second["energy_j"] / first["energy_j"]), 2, delta=0.3)

    def test_the_job_is_charged_with_the_making_of_the_gpus_that_it_holds(self):
        self.gpu("gpus 2", *[f"gpu {i} {fact}" for i in range(2) for fact in (
            "name NVIDIA A100-SXM4-80GB", "uuid GPU-000%d" % i, "limit_mw 400000", "power 100000 100000 100000",
            "refresh_us 20000", "sample_us 0 0")])
        self.write("abate.toml", "host_kgco2e = 0\n")
        self.env["CUDA_VISIBLE_DEVICES"] = "0"
        record = self.meter("--region", "FR", "--lifetime", "4y", "--", "sleep", "0.3")
        # 150 kg a card (BLOOM), one of two.
        self.assertAlmostEqual(float(record["embodied"]["share"]), 0.5, places=9)
        self.assertAlmostEqual(float(record["embodied"]["kgco2e"]["value"]) /
                               (150 * float(record["duration_s"]) / 3600 / 35040), 1, places=9)
        self.assertIn("2 x NVIDIA A100-SXM4-80GB", record["embodied"]["boundary"])

    def test_a_lost_gpu_is_a_gap_and_not_zero(self):
        self.gpu("gpus 1", "gpu 0 limit_mw 400000", "gpu 0 power 200000 200000 100000", "gpu 0 refresh_us 20000",
                 "gpu 0 sample_us 0 0", "gpu 0 lost_us 1500000 99000000")
        record = self.meter("--interval", "200ms", "--", "sleep", "3")
        found = self.devices(record)[0]
        self.assertGreater(found["gap_s"], 0.5)
        self.assertGreater(found["high_j"], 200 * 2.5)
        self.assertTrue(any("gpu-0" in note for note in record["notes"]), record["notes"])

    def test_a_driver_without_a_counter_is_integrated(self):
        self.gpu("gpus 1", "gpu 0 limit_mw 400000", "gpu 0 power 200000 200000 100000", "gpu 0 sample_us 0 0",
                 library="fake_nvml_no_field_values.so")
        record = self.meter("--interval", "100ms", "--", "sleep", "1.5")
        found = self.devices(record)[0]
        self.assertEqual(found["source"], "nvml-power")
        self.assertAlmostEqual(float(found["energy_j"]), 200 * float(record["duration_s"]), delta=200 * 0.5)

    def test_a_driver_that_fails_is_said_by_doctor_and_costs_no_run(self):
        self.gpu("gpus 1", "init_error 9")
        self.assertEqual(self.meter("--", "true")["exit_code"], 0)
        self.assertIn("nvml", self.ok("doctor").stdout.lower())


if __name__ == "__main__":
    e2e.main()
