#!/usr/bin/env python3
"""Turns collected reference tables into abate's own compact layout.

    tools/convert_tables.py INPUT_FOLDER [OUTPUT_FOLDER]

INPUT_FOLDER holds the collected CSV files (one row a figure, source and licence in full on each row).
OUTPUT_FOLDER (default: data/ beside this script's folder) gets core/, odbl/ and ccbysa/, one folder a
licence family, each with its tables and a sources.csv that the rows point to by source_id (a table
without that column has the one source of its pack). data/SOURCES.md says what
each file is. Rows that are left out are counted on standard output, with the reason.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

RETRIEVED = "2026-11-22"

# source_id: (name, url, licence, attribution, preference). A smaller preference wins between two sources of
# one row and year.
CORE_SOURCES = {
    "owid": ("Our World in Data, carbon intensity of electricity (Ember yearly electricity, Energy Institute), 2026 edition",
             "https://ourworldindata.org/grapher/carbon-intensity-electricity", "CC-BY-4.0",
             "Our World in Data; Ember; Energy Institute (CC-BY-4.0)", 1),
    "egrid2023": ("US EPA eGRID2023 summary table 1, total output emission rate, CO2e with AR5 GWP 28 and 265",
                  "https://www.epa.gov/egrid", "public domain (US Government)", "US EPA eGRID", 2),
    "egrid2020": ("US EPA eGRID2020 summary table, total output emission rate, CO2e with AR5 GWP 28 and 265",
                  "https://www.epa.gov/egrid", "public domain (US Government)", "US EPA eGRID", 3),
    "uk2025": ("UK Government GHG conversion factors 2025 (DESNZ), electricity generation, location-based",
               "https://www.gov.uk/government/collections/government-conversion-factors-for-company-reporting", "OGL-3.0",
               "Contains public sector information licensed under the Open Government Licence v3.0", 2),
    "uk2026": ("UK Government GHG conversion factors 2026 (DESNZ), electricity generation, location-based",
               "https://www.gov.uk/government/collections/government-conversion-factors-for-company-reporting", "OGL-3.0",
               "Contains public sector information licensed under the Open Government Licence v3.0", 2),
    "green-algorithms": ("Green Algorithms v3.0 regional intensities (carbonfootprint.com, data of 2019-2020)",
                         "https://github.com/GreenAlgorithms/green-algorithms-tool", "CC-BY-4.0",
                         "Green Algorithms, Lannelongue et al. (CC-BY-4.0)", 4),
    "google": ("Google Cloud region carbon data (grid average of operational emissions)",
               "https://github.com/GoogleCloudPlatform/region-carbon-info", "Apache-2.0",
               "Google region-carbon-info (Apache-2.0)", 1),
    "google-pue": ("Google Cloud region carbon data; PUE: Google disclosure as collected by Green Software Foundation real-time-cloud",
                   "https://github.com/GoogleCloudPlatform/region-carbon-info", "Apache-2.0",
                   "Google region-carbon-info (Apache-2.0)", 1),
    "operator": ("operator disclosure of PUE and WUE, as collected by Green Software Foundation real-time-cloud",
                 "https://github.com/Green-Software-Foundation/real-time-cloud", "published fact", "", 1),
    "operator-estimate": ("operator disclosure of PUE and WUE (2024 estimate file, some are design values), as collected by "
                          "Green Software Foundation real-time-cloud",
                          "https://github.com/Green-Software-Foundation/real-time-cloud", "published fact", "", 2),
    "location": ("operator's list of regions (location only)", "", "published fact", "", 9),
    "aws2024": ("AWS sustainability data 2024 (global)", "https://sustainability.aboutamazon.com", "published fact", "", 1),
    "google2025": ("Google Environmental Report 2025 (fleet trailing PUE)", "https://sustainability.google", "published fact", "", 1),
    "microsoft-fy24": ("Microsoft datacenter metrics FY24 (global)", "https://datacenters.microsoft.com", "published fact", "", 1),
    "meta2024": ("Meta sustainability report 2024 (fleet)", "https://sustainability.atmeta.com", "published fact", "", 1),
    "uptime2024": ("Uptime Institute Global Data Center Survey 2024 (mean of answers)", "https://uptimeinstitute.com", "published fact", "", 1),
    "uptime2020": ("Uptime Institute Global Data Center Survey 2020 (mean of answers)", "https://uptimeinstitute.com", "published fact", "", 1),
    "ccf": ("Cloud Carbon Footprint coefficients (Thoughtworks)",
            "https://github.com/cloud-carbon-footprint/cloud-carbon-coefficients", "Apache-2.0", "Cloud Carbon Footprint, Thoughtworks (Apache-2.0)", 2),
    "ccf-teads": ("Cloud Carbon Footprint coefficients, watts modelled by Teads engineering",
                  "https://github.com/cloud-carbon-footprint/cloud-carbon-coefficients", "Apache-2.0",
                  "Cloud Carbon Footprint, Thoughtworks (Apache-2.0); Teads engineering AWS dataset", 2),
    "provider-ccf": ("provider's instance documentation; watts: Cloud Carbon Footprint coefficients, modelled by Teads engineering",
                     "https://github.com/cloud-carbon-footprint/cloud-carbon-coefficients", "published fact; Apache-2.0",
                     "Cloud Carbon Footprint, Thoughtworks (Apache-2.0); Teads engineering AWS dataset", 1),
    "provider": ("provider's instance documentation (public specification; entered by hand)", "", "published fact", "", 1),
    "epoch": ("Epoch AI, Data on machine learning hardware, 2026-03; some cells completed from vendor specifications",
              "https://epoch.ai/data/machine-learning-hardware", "CC-BY-4.0", "Epoch AI, 'Data on ML hardware' (CC-BY-4.0)", 1),
    "vendor": ("vendor data sheet or white paper (public specification; entered by hand)", "", "published fact", "", 1),
    "ark": ("Intel ARK as collected by CodeCarbon", "https://github.com/mlco2/codecarbon", "MIT", "CodeCarbon (MIT)", 1),
    "amd": ("amd.com specifications as collected by CodeCarbon", "https://github.com/mlco2/codecarbon", "MIT", "CodeCarbon (MIT)", 1),
    "codecarbon": ("CodeCarbon cpu_power table", "https://github.com/mlco2/codecarbon", "MIT", "CodeCarbon (MIT)", 2),
    "swd4": ("Sustainable Web Design model v4, constants as in co2.js 0.19", "https://sustainablewebdesign.org", "Apache-2.0", "co2.js, The Green Web Foundation (Apache-2.0)", 1),
    "swd3": ("Sustainable Web Design model v3, constants as in co2.js 0.19", "https://sustainablewebdesign.org", "Apache-2.0", "co2.js, The Green Web Foundation (Apache-2.0)", 2),
    "ga-values": ("Green Algorithms v3.0 reference values", "https://github.com/GreenAlgorithms/green-algorithms-tool", "CC-BY-4.0",
                  "Green Algorithms, Lannelongue et al. (CC-BY-4.0)", 1),
    "greensku": ("Microsoft GreenSKU framework open data (Azure/AzurePublicDataset)", "https://github.com/Azure/AzurePublicDataset", "CC-BY-4.0",
                 "Microsoft AzurePublicDataset / GreenSKU (CC-BY-4.0)", 1),
    "ccf-spec": ("Cloud Carbon Footprint coefficients from SPECpower_ssj2008 (low: idle, high: full load)",
                 "https://github.com/cloud-carbon-footprint/cloud-carbon-coefficients", "Apache-2.0", "Cloud Carbon Footprint, Thoughtworks (Apache-2.0)", 1),
    "teads": ("Teads/Boavizta workload profile (public method)", "https://engineering.teads.com", "published fact", "", 1),
    "cc-water": ("CodeCarbon water consumption per source (medians after Macknick et al. 2013)", "https://github.com/mlco2/codecarbon", "MIT", "CodeCarbon (MIT)", 1),
    "cc-fuel": ("CodeCarbon carbon intensity per source", "https://github.com/mlco2/codecarbon", "MIT", "CodeCarbon (MIT)", 2),
    "ipcc-ar5": ("IPCC AR5 WG III Annex III table A.III.2, medians (2014)", "https://www.ipcc.ch/report/ar5/wg3/", "published fact", "", 1),
    "ipcc-srren": ("IPCC SRREN 2011 Annex II, 50th percentile", "https://www.ipcc.ch/report/renewable-energy-sources-and-climate-change-mitigation/", "published fact", "", 3),
    "publisher": ("publisher's statement", "", "published fact", "", 1),
}
ODBL_SOURCES = {
    "electricity-maps": ("Electricity Maps, annual life-cycle intensity by zone, as distributed with co2.js 0.19", "https://www.electricitymaps.com", "ODbL-1.0",
                         "Electricity Maps, https://www.electricitymaps.com, under the Open Database License (ODbL) 1.0", 5),
}
CCBYSA_SOURCES = {
    "ifi2021": ("UNFCCC/IFI harmonised grid emission factors 2021, as distributed with co2.js 0.19", "https://github.com/thegreenwebfoundation/co2.js", "CC-BY-SA-4.0",
                "The Green Web Foundation, co2.js; UNFCCC IFI harmonised factors (CC-BY-SA-4.0)", 5),
}

# Other English names in use (ISO 3166-1 short names, and names that changed).
ALIASES = {
    "GB": "UK|Great Britain|Britain", "US": "United States of America|America", "CZ": "Czech Republic", "CI": "Ivory Coast",
    "CD": "DR Congo|Congo-Kinshasa", "CG": "Republic of the Congo|Congo-Brazzaville", "KR": "Republic of Korea|Korea", "RU": "Russian Federation",
    "TR": "Türkiye", "MM": "Burma", "SZ": "Swaziland", "MK": "Macedonia", "CV": "Cabo Verde", "TL": "Timor-Leste", "NL": "Holland|The Netherlands",
    "VN": "Viet Nam", "AE": "UAE", "MO": "Macau", "PS": "State of Palestine", "LA": "Lao PDR", "SY": "Syrian Arab Republic",
    "IR": "Islamic Republic of Iran", "BN": "Brunei Darussalam", "VI": "US Virgin Islands", "EU27": "EU|European Union", "WORLD": "Global",
}

# The Electricity Maps zone that covers a state or an eGRID subregion wholly or nearly: from the maps of the
# balancing authorities and of EPA's eGRID subregions. States that several zones share have none.
ZONE_OF = {
    "US-CA": "US-CAL-CISO", "US-TX": "US-TEX-ERCO", "US-NY": "US-NY-NYIS", "US-TN": "US-TEN-TVA", "US-HI": "US-HI", "US-AK": "US-AK",
    **{s: "US-NE-ISNE" for s in ("US-CT", "US-MA", "US-ME", "US-NH", "US-RI", "US-VT")},
    **{s: "US-MIDA-PJM" for s in ("US-DC", "US-DE", "US-MD", "US-NJ", "US-OH", "US-PA", "US-VA", "US-WV")},
    **{s: "US-MIDW-MISO" for s in ("US-IA", "US-MN", "US-WI")},
    "US-CAMX": "US-CAL-CISO", "US-ERCT": "US-TEX-ERCO", "US-NEWE": "US-NE-ISNE", "US-SRTV": "US-TEN-TVA", "US-RFCE": "US-MIDA-PJM",
    "US-RFCW": "US-MIDA-PJM", "US-SRSO": "US-SE-SOCO", "US-MROW": "US-MIDW-MISO", "US-MROE": "US-MIDW-MISO", "US-RFCM": "US-MIDW-MISO",
    "US-SRMV": "US-MIDW-MISO", "US-SRMW": "US-MIDW-MISO", "US-SPNO": "US-CENT-SWPP", "US-SPSO": "US-CENT-SWPP", "US-RMPA": "US-NW-PSCO",
    "US-AZNM": "US-SW-AZPS", "US-NYUP": "US-NY-NYIS", "US-NYCW": "US-NY-NYIS", "US-NYLI": "US-NY-NYIS", "US-AKGD": "US-AK", "US-AKMS": "US-AK",
    "US-HIOA": "US-HI", "US-HIMS": "US-HI", "US-PRMS": "PR", "US-EGRID": "US", "CL": "CL-SEN",
}
# The eGRID subregion that covers a state wholly or nearly (EPA's subregion map); the national row for the country.
EGRID_OF = {"US": "US-EGRID", "US-CA": "US-CAMX", "US-TX": "US-ERCT", "US-FL": "US-FRCC",
            **{s: "US-NEWE" for s in ("US-CT", "US-MA", "US-ME", "US-NH", "US-RI", "US-VT")}}

# The zone in which a cloud region's city lies, where the collected table has none.
ZONE_OF_REGION = {
    ("azure", "canadacentral"): "CA-ON", ("azure", "canadaeast"): "CA-QC", ("aws", "ca-west-1"): "CA-AB", ("azure", "norwayeast"): "NO-NO1",
    ("azure", "norwaywest"): "NO-NO2", ("gcp", "europe-north2"): "SE-SE3", ("azure", "japaneast"): "JP-TK", ("azure", "japanwest"): "JP-KN",
    ("azure", "centralindia"): "IN-WE", ("azure", "westindia"): "IN-WE", ("azure", "southindia"): "IN-SO", ("gcp", "us-east5"): "US-MIDA-PJM",
    ("gcp", "us-central2"): "US-CENT-SWPP", ("gcp", "us-east2"): "US-SE-SOCO", ("azure", "westus"): "US-CAL-CISO",
    ("azure", "brazilsoutheast"): "BR-CS", ("azure", "malaysiawest"): "MY-WM", ("aws", "ap-southeast-5"): "MY-WM",
}

# What nvmlDeviceGetName answers, where the words do not lead to one row: NVIDIA names the SXM module by its
# memory ("80GB HBM3") and the PCIe card by "PCIe".
CHIP_ALIASES = {
    "NVIDIA H100 80GB HBM3": "NVIDIA H100 SXM5 80GB", "NVIDIA H200": "NVIDIA H200 SXM 141GB", "NVIDIA GH200 480GB": "NVIDIA GH200 (GPU part) 96GB",
    "NVIDIA H800": "NVIDIA H800 SXM5 80GB", "NVIDIA RTX PRO 6000 Blackwell Server Edition": "NVIDIA RTX PRO 6000 Blackwell Server",
    "NVIDIA H20 96GB HBM3": "NVIDIA H20",
}


def number(text):
    """The number in `text` without trailing zeros, or empty."""
    text = text.strip()
    if not text:
        return ""
    value = float(text)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def read(folder, name):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path.parent.name}/{path.name}: {len(rows)} rows")


def write_sources(path, sources, used):
    missing = used - set(sources)
    if missing:
        sys.exit(f"unknown sources: {sorted(missing)}")
    rows = [(key, name, url, licence, attribution, RETRIEVED, preference)
            for key, (name, url, licence, attribution, preference) in sources.items() if key in used]
    write(path, ("source_id", "name", "url", "licence", "attribution", "retrieved", "preference"), rows)


def annual_source(row):
    source = row["source"]
    for start, key in (("OWID grapher", "owid"), ("US EPA eGRID2023", "egrid2023"), ("US EPA eGRID2020", "egrid2020"),
                       ("DEFRA/DESNZ GHG conversion factors 2025", "uk2025"), ("DEFRA/DESNZ GHG conversion factors 2026", "uk2026"),
                       ("Green Algorithms", "green-algorithms")):
        if source.startswith(start):
            return key
    return None


def convert_grid(folder, out, used):
    dropped = collections.Counter()
    rows, places = [], {}
    zones = {row["zone"] for row in read(folder, "grid_intensity_zones_odbl.csv")}
    for row in read(folder, "grid_intensity_annual.csv"):
        source = annual_source(row)
        code = row["code"]
        if source is None:
            dropped[row["source"].split(" via ")[0].split(" (")[0] + ": superseded by a newer edition of the same series"] += 1
            continue
        if row["basis"] not in ("life-cycle", "direct"):
            dropped["basis not known"] += 1
            continue
        if row["code_type"] == "iso3166-2" and not re.fullmatch(r"(US-[A-Z]{2}|CA-[A-Z]{2}|AU-[A-Z]{2,3})", code):
            dropped["not an ISO 3166-2 code"] += 1
            continue
        life, direct = (number(row["g_per_kwh"]), "") if row["basis"] == "life-cycle" else ("", number(row["g_per_kwh"]))
        rows.append((code, row["year"], life, direct, source))
        used.add(source)
        kind = {"iso3166-1": "country", "iso3166-2": "subdivision", "egrid-subregion": "egrid", "aggregate": "aggregate"}[row["code_type"]]
        name = {"Mississip": "Mississippi", "Yukon Territory": "Yukon"}.get(row["name"], row["name"])
        zone = ZONE_OF.get(code, code if code in zones else "")
        if kind == "country" and source != "owid":
            continue
        places[code] = (code, kind, row["iso3"] if kind == "country" else "", name, zone, EGRID_OF.get(code, ""), ALIASES.get(code, ""), source)
    rows.sort(key=lambda r: (r[0], r[1], r[4]))
    write(out / "core/grid_intensity_annual.csv", ("code", "year", "life_cycle_gco2e_per_kwh", "direct_gco2e_per_kwh", "source_id"), rows)
    write(out / "core/places.csv", ("code", "kind", "iso3", "name", "zone", "egrid", "aliases", "source_id"), sorted(places.values()))
    for reason, count in dropped.items():
        print(f"  left out {count}: {reason}")


def convert_zones(folder, out):
    rows = read(folder, "grid_intensity_zones_odbl.csv")
    names = {}
    for row in rows:
        names[row["zone"]] = (row["zone"], row["zone_name"])
    write(out / "odbl/zones.csv", ("zone", "name"), sorted(names.values()))
    write(out / "odbl/grid_intensity_zones.csv", ("zone", "year", "life_cycle_gco2e_per_kwh"),
          sorted((r["zone"], r["year"], number(r["lca_g_per_kwh"])) for r in rows))
    write_sources(out / "odbl/sources.csv", ODBL_SOURCES, {"electricity-maps"})


def convert_marginal(folder, out):
    rows = read(folder, "grid_intensity_marginal_ccbysa.csv")
    write(out / "ccbysa/grid_intensity_marginal.csv", ("code", "year", "operating_margin_gco2e_per_kwh"),
          sorted((r["code"], r["year"], number(r["operating_margin_g_per_kwh"])) for r in rows))
    write_sources(out / "ccbysa/sources.csv", CCBYSA_SOURCES, {"ifi2021"})


def region_source(row):
    source = row["source"]
    table = {"AWS sustainability data 2024 (global)": "aws2024", "Google Environmental Report 2025 (fleet trailing PUE)": "google2025",
             "Microsoft datacenter metrics FY24 (global)": "microsoft-fy24", "Meta sustainability report 2024 (fleet)": "meta2024",
             "Uptime Institute Global Data Center Survey 2024 (survey mean)": "uptime2024",
             "Uptime Institute Global Data Center Survey 2020": "uptime2020"}
    if source in table:
        return table[source]
    if source.startswith("Google region-carbon-info"):
        return "google-pue" if "PUE" in source else "google"
    if "PUE_AVG" in source:
        return None
    if not row["pue"] and not row["wue_l_per_kwh"]:
        return "location"
    return "operator-estimate" if "estimate file" in source else "operator"


def convert_regions(folder, out, used):
    rows = []
    for row in read(folder, "cloud_regions.csv"):
        source = region_source(row)
        if source is None:
            print(f"  left out: {row['provider']} (older than the operator's own figure)")
            continue
        used.add(source)
        # Only Google publishes an intensity of its own; the joined ones come from the grid tables when asked for.
        google = row["g_per_kwh_basis"].startswith("operational grid average")
        zone = row["em_zone"] or ZONE_OF_REGION.get((row["provider"], row["region"]), "") or ZONE_OF.get(row["grid_code"], "")
        location = row["location"]
        rows.append((row["provider"], row["region"], location, row["grid_code"], zone, row["metric_year"], number(row["pue"]), row["wue_l_per_kwh"],
                     number(row["cfe_pct"]), number(row["g_per_kwh"]) if google else "", source))
    # Google's 2022 and 2023 rows know no zone: take the newest row's.
    zones = {(r[0], r[1]): r[4] for r in sorted(rows, key=lambda r: r[5]) if r[4]}
    rows = [r[:4] + (zones.get((r[0], r[1]), r[4]),) + r[5:] for r in rows]
    rows.sort(key=lambda r: (r[0], r[1], r[5]))
    write(out / "core/cloud_regions.csv", ("provider", "region", "location", "grid_code", "zone", "year", "pue", "wue_l_per_kwh", "cfe_pct",
                                           "direct_gco2e_per_kwh", "source_id"), rows)


def convert_accelerators(folder, out, used):
    rows = []
    for row in read(folder, "accelerators.csv"):
        source = "epoch" if row["source"].startswith("Epoch") else "vendor"
        used.add(source)
        note = row["note"].replace("; die_mm2 is the sum", "").replace("die_mm2 as listed by Epoch; chiplet package, sum of XCD+IOD is larger", "")
        if row["idle_w"]:
            note = "; ".join(x for x in (note, "idle_w " + row["idle_w_basis"]) if x)
        rows.append((row["name"], row["vendor"], row["year"], *(number(row[c]) for c in (
            "tdp_w", "idle_w", "fp32_tflops", "tf32_tflops", "bf16_tflops", "fp16_tflops", "fp8_tflops", "fp4_tflops", "int8_tops", "memory_gb",
            "bandwidth_gbs")), note, source))
    write(out / "core/accelerators.csv", ("name", "vendor", "year", "tdp_w", "idle_w", "fp32_tflops", "tf32_tflops", "bf16_tflops", "fp16_tflops",
                                          "fp8_tflops", "fp4_tflops", "int8_tops", "memory_gb", "bandwidth_gb_per_s", "note", "source_id"), rows)
    names = {r[0] for r in rows}
    assert set(CHIP_ALIASES.values()) <= names
    used.add("vendor")
    write(out / "core/chip_names.csv", ("driver_name", "name", "source_id"), [(a, n, "vendor") for a, n in sorted(CHIP_ALIASES.items())])


def convert_cpus(folder, out, used):
    sources = {"CodeCarbon cpu_power.csv": "codecarbon", "Intel ARK via CodeCarbon cpu_dataset_builder": "ark",
               "amd.com specifications via CodeCarbon cpu_dataset_builder": "amd", "vendor public specification": "vendor"}
    rows, dropped = {}, collections.Counter()
    for row in read(folder, "cpus.csv"):
        try:
            tdp = number(row["tdp_w"])
        except ValueError:
            dropped["TDP is not a number"] += 1
            continue
        if not tdp:
            dropped["no TDP"] += 1
            continue
        if not 1 <= float(tdp) <= 1000:
            dropped["TDP outside 1 to 1000 W"] += 1
            continue
        name = re.sub(r"\s+", " ", row["name"]).strip()
        source = sources[row["source"]]
        used.add(source)
        if name in rows:
            dropped["the same name twice"] += 1
            continue
        rows[name] = (name, row["cores"], row["threads"], tdp, row["launch_year"], source)
    write(out / "core/cpus.csv", ("name", "cores", "threads", "tdp_w", "year", "source_id"), sorted(rows.values()))
    for reason, count in dropped.items():
        print(f"  left out {count}: {reason}")


def convert_instances(folder, out, used):
    rows = []
    for row in read(folder, "instances.csv"):
        source = row["source"]
        if source.startswith("Cloud Carbon Footprint"):
            key = "ccf-teads" if "Teads" in source else "ccf"
        else:
            key = "provider-ccf" if "Cloud Carbon" in source else "provider"
        used.add(key)
        count = number(row["accelerator_count"]) if row["accelerator"] else ""
        rows.append((row["provider"], row["instance"], number(row["vcpu"]), number(row["memory_gib"]), row["accelerator_ref"] or row["accelerator"], count,
                     "" if row["platform"] == "Unknown" else row["platform"], number(row["w_idle"]), number(row["w_100pct"]), key))
    rows.sort()
    write(out / "core/instances.csv", ("provider", "instance", "vcpu", "memory_gib", "accelerator", "accelerator_count", "platform", "idle_w", "full_w",
                                       "source_id"), rows)


def convert_coefficients(folder, out, used):
    keys = (("Cloud Carbon Footprint", "ccf"), ("Sustainable Web Design model v4", "swd4"), ("Sustainable Web Design model v3", "swd3"),
            ("Green Algorithms", "ga-values"), ("Microsoft GreenSKU", "greensku"), ("CCF coefficients from SPEC", "ccf-spec"), ("Teads", "teads"),
            ("CodeCarbon water", "cc-water"), ("CodeCarbon carbon", "cc-fuel"), ("IPCC AR5", "ipcc-ar5"), ("IPCC SRREN", "ipcc-srren"),
            ("publisher", "publisher"))
    years = {"ccf": 2023, "swd4": 2024, "swd3": 2021, "ga-values": 2025, "greensku": 2024, "ccf-spec": 2023, "teads": 2021, "cc-water": 2013,
             "cc-fuel": 2023, "ipcc-ar5": 2014, "ipcc-srren": 2011, "publisher": 2025}
    rows = []
    for row in read(folder, "energy_coefficients.csv"):
        if row["source"].startswith("derived from"):
            continue  # the same figure in another unit
        source = next(key for start, key in keys if row["source"].startswith(start))
        used.add(source)
        value, unit, note = number(row["value"]), row["unit"], row["note"]
        if row["kind"] == "memory" and unit == "kWh per GB-hour":
            value, unit, note = number(str(round(float(value) * 1000, 6))), "W per GB", "published as 0.000392 kWh per GB-hour"
        if row["name"] == "accelerator to full-stack factor":
            note += "; contains PUE: never multiply by PUE again (to IT energy: 0.22/0.14 = 1.57)"
        rows.append((row["kind"], row["name"], value, unit, number(row["low"]), number(row["high"]), years[source], note, source))
    write(out / "core/energy_coefficients.csv", ("kind", "name", "value", "unit", "low", "high", "year", "note", "source_id"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("input", type=pathlib.Path, help="folder of the collected tables")
    parser.add_argument("output", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).resolve().parent.parent / "data")
    arguments = parser.parse_args()
    used = set()
    convert_grid(arguments.input, arguments.output, used)
    convert_regions(arguments.input, arguments.output, used)
    convert_accelerators(arguments.input, arguments.output, used)
    convert_cpus(arguments.input, arguments.output, used)
    convert_instances(arguments.input, arguments.output, used)
    convert_coefficients(arguments.input, arguments.output, used)
    write_sources(arguments.output / "core/sources.csv", CORE_SOURCES, used)
    convert_zones(arguments.input, arguments.output)
    convert_marginal(arguments.input, arguments.output)


if __name__ == "__main__":
    main()
