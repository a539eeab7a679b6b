#!/usr/bin/env python3
"""Turns collected reference tables into abate's own compact layout.

    tools/convert_tables.py INPUT_FOLDER [OUTPUT_FOLDER]

INPUT_FOLDER holds the collected CSV files (one row a figure, source and licence in full on each row).
OUTPUT_FOLDER (default: data/ beside this script's folder) gets core/, odbl/ and ccbysa/, one folder a
licence family, each with its tables and a sources.csv that the rows point to by source_id (a table
without that column has the first source of its pack). data/SOURCES.md says what
each file is. INPUT_FOLDER/grid_intensity_hourly holds hourly traces, of which only the typical day of each
month is kept. Rows that are left out are counted on standard output, with the reason.
"""

import argparse
import collections
import csv
import datetime
import pathlib
import re
import sys

RETRIEVED = "2026-11-22"

# source_id: (name, url, licence, attribution, preference). A smaller preference wins between two sources of
# one row and year.
def fact(name, url="", preference=1, retrieved=None):
    return (name, url, "published fact", "", preference) + ((retrieved,) if retrieved else ())


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
    "epoch-models": ("Epoch AI, Data on AI models, 2025-12", "https://epoch.ai/data/ai-models", "CC-BY-4.0", "Epoch AI, 'Data on AI Models' (CC-BY-4.0)", 1),
    "epoch-hub": ("Epoch AI, Benchmarking hub, 2025-12", "https://epoch.ai/benchmarks", "CC-BY-4.0", "Epoch AI, 'Benchmarking hub' (CC-BY-4.0)", 2),
    "ml-energy": ("ML.ENERGY Benchmark v3, leaderboard data of 2026-02 (Chung et al. 2025)", "https://github.com/ml-energy/leaderboard", "Apache-2.0",
                  "ML.ENERGY Benchmark, Chung et al. 2025 (Apache-2.0)", 1),
    "model-card": fact("developer's model card or technical report"),
    # Embodied carbon.
    "act": fact("Gupta et al. 2022, ACT: designing sustainable computer systems with an architectural carbon modeling tool (ISCA 2022), tables and published model files",
                "https://github.com/facebookresearch/ACT"),
    "act-derived": fact("derived here from the tables of ACT (Gupta et al. 2022)", "https://github.com/facebookresearch/ACT", 2),
    "llmcarbon": fact("Faiz et al. 2023, LLMCarbon (arXiv:2309.14393), tables 2 and 5 and published inputs", "https://arxiv.org/abs/2309.14393", 2),
    "nvidia-hgx-h100": fact("NVIDIA, Product carbon footprint summary of HGX H100, 2025 (ISO 14067)", "https://www.nvidia.com"),
    "nvidia-hgx-b200": fact("NVIDIA, Product carbon footprint summary of HGX B200 (transcribed)", "https://www.nvidia.com"),
    "nvidia-blog": fact("derived here from ratios in NVIDIA's developer blog, 2025 (0.50 and 0.66 gCO2e/EFLOP, 2.3 times the FP16 rate)", "https://developer.nvidia.com/blog", 3),
    "falk2025": fact("Falk et al. 2025, life-cycle assessment of an A100 (arXiv:2509.00093)", "https://arxiv.org/abs/2509.00093"),
    "chien2023": fact("Chien et al. 2023, Reducing the carbon impact of generative AI inference (HotCarbon)", "https://doi.org/10.1145/3604930.3605705"),
    "morrison2025": fact("Morrison et al. 2025 (arXiv:2503.05804), section 4.1", "https://arxiv.org/abs/2503.05804"),
    "schneider2025": fact("Schneider et al. 2025, life-cycle emissions of TPUs (arXiv:2502.01671), read from secondary quotes", "https://arxiv.org/abs/2502.01671", 2),
    "tsmc2022": fact("TSMC ESG report 2022, as quoted in a public scope 3 methodology", "https://esg.tsmc.com"),
    "dell-pcf": fact("Dell product carbon footprint sheets, as collected in Boavizta environmental-footprint-data (free use for any purpose); EU use phase, error bar about "
                     "100 %", "https://github.com/Boavizta/environmental-footprint-data"),
    "dell-pcf-derived": fact("derived here from Dell's product carbon footprint sheets", "https://github.com/Boavizta/environmental-footprint-data", 2),
    "hpe-pcf": fact("HPE product carbon footprint sheets, as collected in Boavizta environmental-footprint-data (free use for any purpose); EU use phase",
                    "https://github.com/Boavizta/environmental-footprint-data"),
    "dell-r740-lca": fact("Dell, Life cycle assessment of PowerEdge R740, 2019", "https://www.delltechnologies.com"),
    "dell-r710": fact("Dell white paper on PowerEdge R710, 2011", "https://www.dell.com"),
    # Published footprints.
    "patterson2021": fact("Patterson et al. 2021, Carbon emissions and large neural network training (arXiv:2104.10350)", "https://arxiv.org/abs/2104.10350"),
    "strubell2019": fact("Strubell et al. 2019, Energy and policy considerations for deep learning in NLP", "https://aclanthology.org/P19-1355"),
    "wu2022": fact("Wu et al. 2022, Sustainable AI (arXiv:2111.00364)", "https://arxiv.org/abs/2111.00364"),
    "bloom2022": fact("Luccioni et al. 2022, Estimating the carbon footprint of BLOOM (arXiv:2211.02001)", "https://arxiv.org/abs/2211.02001"),
    "luccioni2024": fact("Luccioni et al. 2024, Power hungry processing (arXiv:2311.16863)", "https://arxiv.org/abs/2311.16863"),
    "lannelongue2021": fact("Lannelongue et al. 2021, Green Algorithms, formula evaluated by hand", "https://doi.org/10.1002/advs.202100707"),
    "ecologits-method": fact("EcoLogits methodology for LLM inference, formula evaluated here", "https://ecologits.ai"),
    "llama2023": fact("Touvron et al. 2023, LLaMA (arXiv:2302.13971)", "https://arxiv.org/abs/2302.13971"),
    "llama2": fact("Llama 2 model card and arXiv:2307.09288", "https://arxiv.org/abs/2307.09288"),
    "llama3": fact("Llama 3 model card", "https://github.com/meta-llama/llama3"),
    "llama3.1": fact("Llama 3.1 model card", "https://github.com/meta-llama/llama-models"),
    "llama3.2": fact("Llama 3.2 model card", "https://github.com/meta-llama/llama-models"),
    "llama4": fact("Llama 4 model card", "https://github.com/meta-llama/llama-models"),
    "glam2021": fact("Du et al. 2021, GLaM (arXiv:2112.06905), transcribed", "https://arxiv.org/abs/2112.06905"),
    "palm2022": fact("Chowdhery et al. 2022, PaLM (arXiv:2204.02311)", "https://arxiv.org/abs/2204.02311"),
    "gemma1": fact("Gemma 1 report (arXiv:2403.08295), transcribed", "https://arxiv.org/abs/2403.08295"),
    "sam2023": fact("Kirillov et al. 2023, Segment anything (arXiv:2304.02643)", "https://arxiv.org/abs/2304.02643"),
    "dinov2": fact("DINOv2 model card", "https://github.com/facebookresearch/dinov2"),
    "sd-v1": fact("Stable Diffusion v1 model card", "https://github.com/CompVis/stable-diffusion"),
    "starcoder2023": fact("Li et al. 2023, StarCoder (arXiv:2305.06161)", "https://arxiv.org/abs/2305.06161"),
    "openba2023": fact("OpenBA report (arXiv:2309.10706)", "https://arxiv.org/abs/2309.10706"),
    "bloomberggpt2023": fact("Wu et al. 2023, BloombergGPT (arXiv:2303.17564)", "https://arxiv.org/abs/2303.17564"),
    "falcon2023": fact("Almazrouei et al. 2023, The Falcon series (arXiv:2311.16867)", "https://arxiv.org/abs/2311.16867"),
    "glm2022": fact("Zeng et al. 2022, GLM-130B (arXiv:2210.02414)", "https://arxiv.org/abs/2210.02414"),
    "pythia2023": fact("Biderman et al. 2023, Pythia (arXiv:2304.01373)", "https://arxiv.org/abs/2304.01373"),
    "iea2025": fact("IEA, Energy and AI, 2025, transcribed", "https://www.iea.org/reports/energy-and-ai"),
    "apertus2025": fact("Apertus report (arXiv:2509.14233)", "https://arxiv.org/abs/2509.14233"),
    "elsworth2025": fact("Elsworth et al. 2025, environmental impact of Gemini Apps (arXiv:2508.15734)", "https://arxiv.org/abs/2508.15734"),
    "mistral2025": fact("Mistral AI, life-cycle analysis of Mistral Large 2, 2025, read from secondary quotes", "https://mistral.ai"),
    "altman2025": fact("Altman, blog of June 2025, as quoted in arXiv:2505.09598", "https://arxiv.org/abs/2505.09598"),
    "epoch2025": ("Epoch AI, How much energy does ChatGPT use, February 2025", "https://epoch.ai", "CC-BY-4.0", "Epoch AI (CC-BY-4.0)", 1),
    "jegham2025": fact("Jegham et al. 2025 (arXiv:2505.09598)", "https://arxiv.org/abs/2505.09598"),
    "oviedo2025": fact("Oviedo et al. 2025 (arXiv:2509.20241)", "https://arxiv.org/abs/2509.20241"),
    # Training runs with chip-hours of their own; added on 2026-11-26. Model cards and papers were read as public copies of the address given, which is the publisher's.
    "smollm2-card": fact("Hugging Face, SmolLM2-1.7B-Instruct, discussion 20 (answer of the developers) and model cards",
                         "https://huggingface.co/HuggingFaceTB/SmolLM2-1.7B-Instruct/discussions/20", retrieved="2026-11-26"),
    "smollm3-card": fact("Hugging Face, SmolLM3 training notes (huggingface/smollm)", "https://github.com/huggingface/smollm", retrieved="2026-11-26"),
    "santacoder-card": fact("BigCode, SantaCoder model card; Ben Allal et al. 2023 (arXiv:2301.03988)", "https://huggingface.co/bigcode/santacoder", retrieved="2026-11-26"),
    "starcoderbase-1b-card": fact("BigCode, StarCoderBase-1B model card", "https://huggingface.co/bigcode/starcoderbase-1b", retrieved="2026-11-26"),
    "tiny-starcoder-card": fact("BigCode, TinyStarCoderPy model card", "https://huggingface.co/bigcode/tiny_starcoder_py", retrieved="2026-11-26"),
    "phi-1.5-card": fact("Microsoft, Phi-1.5 model card", "https://huggingface.co/microsoft/phi-1_5", retrieved="2026-11-26"),
    "phi-2-card": fact("Microsoft, Phi-2 model card", "https://huggingface.co/microsoft/phi-2", retrieved="2026-11-26"),
    "phi-3-card": fact("Microsoft, Phi-3 model cards", "https://huggingface.co/microsoft/Phi-3-mini-4k-instruct", retrieved="2026-11-26"),
    "phi-3.5-card": fact("Microsoft, Phi-3.5 model cards", "https://huggingface.co/microsoft/Phi-3.5-MoE-instruct", retrieved="2026-11-26"),
    "grin-moe-card": fact("Microsoft, GRIN-MoE model card", "https://huggingface.co/microsoft/GRIN-MoE", retrieved="2026-11-26"),
    "phi-4-card": fact("Microsoft, Phi-4 model cards", "https://huggingface.co/microsoft/phi-4", retrieved="2026-11-26"),
    "mpt-7b-card": fact("MosaicML, MPT-7B model card", "https://huggingface.co/mosaicml/mpt-7b", retrieved="2026-11-26"),
    "croissant2024": fact("Faysse et al. 2024, CroissantLLM (arXiv:2402.00786)", "https://arxiv.org/abs/2402.00786", retrieved="2026-11-26"),
    "stablelm-3b-card": fact("Stability AI, StableLM-3B-4E1T model card", "https://huggingface.co/stabilityai/stablelm-3b-4e1t", retrieved="2026-11-26"),
    "jetmoe2024": fact("Shen et al. 2024, JetMoE (arXiv:2404.07413)", "https://arxiv.org/abs/2404.07413", retrieved="2026-11-26"),
    "trillion2025": fact("Trillion Labs 2025, Trillion-7B (arXiv:2504.15431)", "https://arxiv.org/abs/2504.15431", retrieved="2026-11-26"),
    "deepseek-v2": fact("DeepSeek-AI 2024, DeepSeek-V2 (arXiv:2405.04434)", "https://arxiv.org/abs/2405.04434", retrieved="2026-11-26"),
    "deepseek-v3": fact("DeepSeek-AI 2024, DeepSeek-V3 (arXiv:2412.19437)", "https://arxiv.org/abs/2412.19437", retrieved="2026-11-26"),
    "dots2025": fact("Rednote 2025, dots.llm1 (arXiv:2506.05767), secondary quotes", "https://arxiv.org/abs/2506.05767", retrieved="2026-11-26"),
    "nemotron4-15b": fact("Parmar et al. 2024, Nemotron-4 15B (arXiv:2402.16819)", "https://arxiv.org/abs/2402.16819", retrieved="2026-11-26"),
    "biomedlm-card": fact("Stanford CRFM, BioMedLM model card", "https://huggingface.co/stanford-crfm/BioMedLM", retrieved="2026-11-26"),
    "du2024": fact("Du et al. 2024, Understanding emergent abilities from the loss perspective (arXiv:2403.15796)", "https://arxiv.org/abs/2403.15796", retrieved="2026-11-26"),
    "sealion-card": fact("AI Singapore, SEA-LION 3B and 7B model cards", "https://huggingface.co/aisingapore/sea-lion-7b", retrieved="2026-11-26"),
    "dclm2024": fact("Li et al. 2024, DataComp-LM (arXiv:2406.11794)", "https://arxiv.org/abs/2406.11794", retrieved="2026-11-26"),
    "nanochat-card": fact("Karpathy, nanochat-d34 model card", "https://huggingface.co/karpathy/nanochat-d34", retrieved="2026-11-26"),
    "llmc2024": fact("Karpathy 2024, GPT-2 (124M) with llm.c, discussion 481", "https://github.com/karpathy/llm.c/discussions/481", retrieved="2026-11-26"),
    "falcon-7b-card": fact("TII, Falcon-7B model card", "https://huggingface.co/tiiuae/falcon-7b", retrieved="2026-11-26"),
    "tinyllama": fact("TinyLlama project, README", "https://github.com/jzhang38/TinyLlama", retrieved="2026-11-26"),
}
ODBL_SOURCES = {
    "electricity-maps": ("Electricity Maps, annual life-cycle intensity by zone, as distributed with co2.js 0.19", "https://www.electricitymaps.com", "ODbL-1.0",
                         "Electricity Maps, https://www.electricitymaps.com, under the Open Database License (ODbL) 1.0", 5),
    "electricity-maps-hourly": ("climatology worked out here from one year of hourly traces of Electricity Maps", "https://www.electricitymaps.com", "ODbL-1.0",
                                "Electricity Maps, https://www.electricitymaps.com, under the Open Database License (ODbL) 1.0", 5),
    "entsoe-2020": ("climatology worked out here from ENTSO-E actual generation per type, 2020 (production based, no imports), with IPCC AR5 annex III medians",
                    "https://transparency.entsoe.eu", "CC-BY-4.0", "ENTSO-E Transparency Platform (CC-BY-4.0)", 5),
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
    rows = [(key, name, url, licence, attribution, *(retrieved or [RETRIEVED]), preference)
            for key, (name, url, licence, attribution, preference, *retrieved) in sources.items() if key in used]
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
    write_sources(out / "odbl/sources.csv", ODBL_SOURCES, set(ODBL_SOURCES))


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


# Source and boundary of the embodied figure that stands for a chip; embodied_factors has the others.
CHIP_EMBODIED = {
    "NVIDIA A100 SXM4 40GB": ("127.6", "cradle to gate, one card", "falk2025"),
    "NVIDIA H100 SXM5 80GB": ("164", "cradle to gate, 1/8 of an 8-GPU baseboard (1312 kg)", "nvidia-hgx-h100"),
    "NVIDIA B200": ("284.25", "cradle to gate, 1/8 of an 8-GPU baseboard (2274 kg)", "nvidia-hgx-b200"),
    "Google TPU v4i": ("386", "manufacturing, with the share of the host machine", "schneider2025"),
    "Google TPU v5p": ("1101", "manufacturing, with the share of the host machine", "schneider2025"),
    "Google TPU v6e Trillium": ("692", "manufacturing, with the share of the host machine", "schneider2025"),
}


def convert_accelerators(folder, out, used):
    rows = []
    for row in read(folder, "accelerators.csv"):
        source = "epoch" if row["source"].startswith("Epoch") else "vendor"
        used.add(source)
        note = row["note"]
        if row["idle_w"]:
            note = "; ".join(x for x in (note, "idle_w " + row["idle_w_basis"]) if x)
        kind = "TPU" if "TPU" in row["name"] else row["type"]
        embodied = CHIP_EMBODIED.get(row["name"], ("", "", ""))
        assert bool(embodied[0]) == bool(row["embodied_kgco2e"]), row["name"]
        used |= {embodied[2]} - {""}
        rows.append((row["name"], row["vendor"], kind, row["year"], *(number(row[c]) for c in (
            "tdp_w", "idle_w", "fp32_tflops", "tf32_tflops", "bf16_tflops", "fp16_tflops", "fp8_tflops", "fp4_tflops", "int8_tops", "memory_gb")),
            row["memory_type"], *(number(row[c]) for c in ("bandwidth_gbs", "node_nm", "die_mm2")), *embodied, note, source))
    write(out / "core/accelerators.csv", ("name", "vendor", "type", "year", "tdp_w", "idle_w", "fp32_tflops", "tf32_tflops", "bf16_tflops", "fp16_tflops",
                                          "fp8_tflops", "fp4_tflops", "int8_tops", "memory_gb", "memory_type", "bandwidth_gb_per_s", "node_nm", "die_mm2",
                                          "embodied_kgco2e", "embodied_scope", "embodied_source_id", "note", "source_id"), rows)
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


def percentile(values, share):
    """Linear interpolation between order statistics (Hyndman and Fan 1996, type 7)."""
    values = sorted(values)
    at = share * (len(values) - 1)
    below = int(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


ACT_NODES = ("28nm", "20nm", "14nm", "10nm", "8nm", "7nm", "5nm", "3nm")
# component of the collected table: (kind, unit, scope)
FACTOR_KINDS = {
    "logic EPA fab energy per area": ("fab-energy", "kWh/cm2", "electricity of the fab per area of wafer processed"),
    "logic GPA gases, 95% abatement": ("fab-gas-95", "gCO2e/cm2", "process gases, 95 % abated"),
    "logic GPA gases, 99% abatement": ("fab-gas-99", "gCO2e/cm2", "process gases, 99 % abated"),
    "logic MPA materials": ("fab-material", "gCO2e/cm2", "raw materials"),
    "fab yield default": ("fab-yield", "fraction", "good area over area processed; also for DRAM and SSD"),
    "IC packaging Kr": ("packaging", "gCO2e/IC", "packaging of one integrated circuit"),
    "logic CPA imec.netzero": ("fab-carbon-imec", "kgCO2e/cm2", "fab energy, gases and materials, imec.netzero"),
    "logic CPA ACT defaults": ("fab-carbon-act", "kgCO2e/cm2", "(583 g/kWh x EPA + GPA97 + MPA) / 0.875"),
    "DRAM CPS": ("dram", "gCO2e/GB", "dies"), "SSD/NAND CPS": ("ssd", "gCO2e/GB", "dies"), "SSD CPS": ("ssd", "gCO2e/GB", "drive"),
    "HDD CPS consumer": ("hdd-consumer", "gCO2e/GB", "drive"), "HDD CPS enterprise": ("hdd-enterprise", "gCO2e/GB", "drive"),
    "material": ("material", "kgCO2e/kg", "raw material"), "PCB": ("pcb", "kgCO2e/m2", "bare board"),
    "capacitor MLCC": ("capacitor", "MJ/kg", "primary energy"), "capacitor tantalum": ("capacitor", "MJ/kg", "primary energy"),
    "battery": ("battery", "kgCO2e/kWh", "cell"),
    "grid/source intensity": ("source-intensity", "gCO2e/kWh", "life cycle of the plant type"),
    "grid intensity 2022 (ACT default)": ("fab-intensity-2022", "gCO2e/kWh", "grid of the fab"),
    "grid intensity 2023": ("fab-intensity-2023", "gCO2e/kWh", "grid of the fab"),
    "DRAM": ("dram", "gCO2e/GB", "dies"), "SSD": ("ssd", "gCO2e/GB", "drive"),
    "other logic per server": ("server-logic", "kgCO2e/server", "logic of a server besides CPU, memory and drives"),
    "hardware lifetime LLMCarbon": ("lifetime", "years", ""),
    "GPU card LCA": ("accelerator-card", "kgCO2e", "cradle to gate, one card"),
    "GPU assumption": ("accelerator-card", "kgCO2e", "assumption of the study"),
    "GPU, share of HGX H100": ("accelerator-card", "kgCO2e", "cradle to gate, 1/8 of an 8-GPU baseboard"),
    "GPU, share of HGX B200": ("accelerator-card", "kgCO2e", "cradle to gate, 1/8 of an 8-GPU baseboard"),
    "TPU manufacturing only": ("accelerator-card", "kgCO2e", "manufacturing, without the host machine"),
    "TPU incl. host share": ("accelerator-with-host", "kgCO2e", "manufacturing, with the share of the host machine"),
    "GPU incl. instance share": ("accelerator-with-host", "kgCO2e", "1/8 of an estimated 8-GPU server"),
    "GPU baseboard HGX H100 (8 GPUs)": ("baseboard", "kgCO2e", "cradle to gate, 8 GPUs on one board"),
    "GPU baseboard HGX B200 (8 GPUs)": ("baseboard", "kgCO2e", "cradle to gate, 8 GPUs on one board"),
    "client device": ("share", "fraction", "manufacturing over the whole footprint of a client device"),
    "A100 water": ("water", "L/GPU", "wafer level"), "fab water TSMC": ("water", "L per wafer and mask layer", "12-inch equivalent"),
}
FACTOR_NAMES = {
    ("logic MPA materials", "28nm..3nm"): "all nodes", ("fab yield default", "all"): "all nodes", ("IC packaging Kr", "per IC"): "per IC",
    ("capacitor MLCC", ""): "MLCC", ("capacitor tantalum", ""): "tantalum", ("hardware lifetime LLMCarbon", ""): "LLMCarbon",
    ("GPU card LCA", "A100 SXM 40GB"): "A100 SXM4 40GB", ("GPU assumption", "A100 80GB (BLOOM)"): "A100 80GB",
    ("GPU baseboard HGX H100 (8 GPUs)", "H100 SXM"): "HGX H100", ("GPU baseboard HGX B200 (8 GPUs)", "B200 SXM"): "HGX B200",
    ("die only", "V100 TSMC 12nm"): "V100", ("die only", "H100 TSMC 4nm"): "H100", ("die only", "TPUv3 TSMC 16nm"): "TPU v3",
    ("die only", "TPUv4 TSMC 7nm"): "TPU v4", ("die only", "CPU TSMC 16nm"): "TSMC 16nm", ("client device", "phones etc."): "client device manufacturing",
    ("A100 water", ""): "H100", ("fab water TSMC", ""): "TSMC", ("other logic per server", "12nm equivalent"): "12nm equivalent",
}
# Rows that server_embodied holds, under these components or beginnings of them.
FACTOR_ELSEWHERE = ("R740", "server without GPUs (BLOOM)", "8-GPU H100 server", "training system", "server")
FACTOR_SOURCES = (("facebookresearch/ACT", "act"), ("(CI 583", "act-derived"), ("SotaroKaneda/MLCarbon", "llmcarbon"), ("NVIDIA HGX H100", "nvidia-hgx-h100"),
                  ("1312/8", "nvidia-hgx-h100"), ("NVIDIA HGX B200", "nvidia-hgx-b200"), ("2274/8", "nvidia-hgx-b200"), ("Falk", "falk2025"),
                  ("Luccioni 2022", "bloom2022"), ("Chien", "chien2023"), ("Morrison", "morrison2025"), ("Schneider", "schneider2025"),
                  ("TSMC", "tsmc2022"), ("Wu 2022", "wu2022"))


def refused_licence(row):
    """Why a row of embodied carbon may not be passed on; empty if it may."""
    source = row["source"]
    if "boaviztapi" in source or "BoaviztAPI" in source or source.startswith("factors.yml"):
        return "BoaviztAPI factors and specifications (AGPL-3.0)"
    if "electricity_mixes.csv" in source:
        return "EcoLogits data file (MPL-2.0)"
    if source.startswith("EcoLogits"):
        return "host and accelerator figures of EcoLogits' documentation (worked out with BoaviztAPI)"
    return ""


def convert_embodied_factors(folder, out, used):
    dropped = collections.Counter()
    rows, gases = [], {}
    for row in read(folder, "embodied_factors.csv"):
        component, name = row["component"], row["node_or_technology"]
        reason = refused_licence(row)
        if reason:
            dropped[reason] += 1
            continue
        if component.startswith(FACTOR_ELSEWHERE) or component.startswith("logic GPA gases, 97%"):
            continue
        if component == "die only":
            kind, unit, scope = ("cpu-die" if name.startswith("CPU") else "accelerator-die", "kgCO2e", "die only: area x carbon per area")
        else:
            kind, unit, scope = FACTOR_KINDS[component]
        source = next(key for start, key in FACTOR_SOURCES if row["source"].startswith(start))
        value = float(row["value"])
        if unit == "gCO2e/GB" and row["unit"] == "kgCO2e/GB":
            value = round(value * 1000, 6)
        if kind in ("fab-gas-95", "fab-gas-99"):
            gases[kind, name] = value
        note = row["note"]
        if component == "PCB":
            note = "unit as in the source; other publications give hundreds of kg per m2"
        if kind == "fab-carbon-imec":
            note = "the source says per wafer; the values are per cm2"
        if component == "GPU card LCA":
            note = "another transcription gives 141 kg cradle to grave; the chip is 81 % of it"
        name = FACTOR_NAMES.get((component, name), name)
        provenance = {"published": "P", "derived here": "D", "secondary": "S"}[row["kind"]]
        if source in ("nvidia-hgx-h100", "nvidia-hgx-b200") and kind == "accelerator-card":
            provenance, note = "D", ""
        rows.append((kind, name, number(str(value)), unit, "", "", scope, provenance, note, source))
    for node in ACT_NODES:  # ACT's own rule for 97 % abatement
        mean = (gases["fab-gas-95", node] + gases["fab-gas-99", node]) / 2
        rows.append(("fab-gas-97", node, number(str(mean)), "gCO2e/cm2", "", "", "process gases, 97 % abated: mean of 95 % and 99 %", "D", "", "act-derived"))
    rows += [
        ("accelerator-with-host", "H100", "462.5", "kgCO2e", "", "", "1/8 of an 8-GPU server", "D", "3700 kg / 8; over 4 years 0.013 kg per GPU-hour", "morrison2025"),
        ("baseboard", "HGX B200", "2260", "kgCO2e", "", "", "cradle to gate, 8 GPUs on one board", "D", "1312 kg x 2.3 x 0.50 / 0.66, rounded", "nvidia-blog"),
        ("baseboard-split", "materials", "0.91", "fraction", "", "", "share of the HGX H100 baseboard, cradle to gate", "P", "", "nvidia-hgx-h100"),
        ("baseboard-split", "assembly", "0.086", "fraction", "", "", "share of the HGX H100 baseboard, cradle to gate", "P", "", "nvidia-hgx-h100"),
        ("baseboard-split", "transport", "0.004", "fraction", "", "", "share of the HGX H100 baseboard, cradle to gate", "P", "", "nvidia-hgx-h100"),
        ("dram-module", "Dell R740 LCA", number(str(round(533000 / 384, 1))), "gCO2e/GB", "", "", "modules", "D", "533 kg / 384 GB", "dell-r740-lca"),
        ("dram-module", "Microsoft GreenSKU", number(str(round(105400 / 64, 1))), "gCO2e/GB", "", "", "modules", "D", "105.4 kg / 64 GB", "greensku"),
        ("ssd", "Dell R740 LCA 3.84 TB", number(str(round(3379000 / (8 * 3840), 1))), "gCO2e/GB", "", "", "drive", "D", "3379 kg / 30720 GB", "dell-r740-lca"),
        ("ssd", "Dell R740 LCA 400 GB", "160", "gCO2e/GB", "", "", "drive", "D", "64 kg / 400 GB", "dell-r740-lca"),
        ("ssd", "Microsoft GreenSKU", number(str(round(34650 / 2000, 1))), "gCO2e/GB", "", "", "drive", "D", "34.65 kg / 2000 GB", "greensku"),
    ]
    dell = [r for r in read(folder, "server_embodied.csv") if r["source"].startswith("Dell product") and float(r["manufacturing_pct"]) + float(r["use_pct"]) < 100]
    shares = [(100 - float(r["use_pct"])) / float(r["manufacturing_pct"]) - 1 for r in dell]
    rows.append(("server-life-cycle", "transport and end of life over manufacturing", *(number(f"{x:.4f}") if isinstance(x, float) else x for x in (
        percentile(shares, 0.5), "fraction", percentile(shares, 0.05), percentile(shares, 0.95))), f"median, 5th and 95th percentile of {len(dell)} Dell servers", "D",
        "what is neither use nor manufacturing in the sheet", "dell-pcf-derived"))
    used |= {r[-1] for r in rows}
    rows.sort(key=lambda r: r[0])
    write(out / "core/embodied_factors.csv", ("kind", "name", "value", "unit", "low", "high", "scope", "provenance", "note", "source_id"), rows)
    for reason, count in dropped.items():
        print(f"  left out {count}: {reason}")


def convert_server_embodied(folder, out, used):
    sources = (("Dell product", "dell-pcf"), ("HPE product", "hpe-pcf"), ("Dell R740 LCA", "dell-r740-lca"), ("Cloud Carbon", "ccf"), ("Microsoft GreenSKU", "greensku"),
               ("Luccioni", "bloom2022"))
    dropped = collections.Counter()
    rows = []
    for row in read(folder, "server_embodied.csv"):
        reason = refused_licence(row)
        if reason or row["kind"] == "accelerator":
            dropped[reason or "accelerators: in embodied_factors"] += 1
            continue
        source = next(key for start, key in sources if row["source"].startswith(start))
        kind = "component" if row["kind"] == "ccf-default" else row["kind"]
        name = row["name"]
        if row["kind"] == "ccf-default":
            kind, name = ("server" if name.startswith("base") else "component"), "Cloud Carbon Footprint: " + name
        vendor = row["vendor"].replace("CCF", "").replace("generic", "")
        note = "" if source in ("dell-pcf", "hpe-pcf") else row["note"].replace("sum of parts below", "sum of the R740 components").replace("life 4 y", "")
        rows.append((name, kind, vendor, number(row["total_kgco2e"]), number(row["use_pct"]), number(row["manufacturing_kgco2e"]), number(row["non_use_kgco2e"]),
                     number(row["yearly_kwh"]), number(row["lifetime_y"]), row["form"], number(row["memory_gb"]), number(row["cpus"]), row["storage"], note, source))
    blank = ("",) * 4
    rows += [
        ("8-GPU H100 server", "server", "", "", "", "3700", "", "", "4", *blank, "with its GPUs; over 4 years 0.013 kg per GPU-hour", "morrison2025"),
        ("Mac Pro (28-core CPU, 2 GPUs), proxy of a training system", "server", "", "", "", "2000", "", "", "", *blank,
         "a CPU-only system counts half; 3 to 5 years at 30 to 60 % use", "wu2022"),
        ("PowerEdge R710", "server", "Dell", "6360", "", "", "", "", "", *blank, "2011; more than 90 % is the use phase", "dell-r710"),
    ]
    used |= {r[-1] for r in rows}
    write(out / "core/server_embodied.csv", ("name", "kind", "vendor", "total_kgco2e", "use_pct", "manufacturing_kgco2e", "non_use_kgco2e", "yearly_kwh", "lifetime_y",
                                             "form", "memory_gb", "cpus", "storage", "note", "source_id"), rows)
    for reason, count in dropped.items():
        print(f"  left out {count}: {reason}")


# What people call the hardware of a run: the row with the same die and dense peak, and with the power that the source states. Memory may differ.
RUN_CHIPS = {
    "P100": "NVIDIA Tesla P100 SXM2 16GB", "NVIDIA P100": "NVIDIA Tesla P100 SXM2 16GB", "V100": "NVIDIA Tesla V100 SXM2 32GB", "NVIDIA V100": "NVIDIA Tesla V100 SXM2 32GB",
    "NVIDIA Tesla V100 DGXS 32 GB": "NVIDIA Tesla V100 SXM2 32GB", "NVIDIA Tesla V100 DGXS 16 GB": "NVIDIA Tesla V100 SXM2 16GB",
    "NVIDIA Tesla V100 PCIe 32 GB": "NVIDIA Tesla V100 PCIe 32GB", "NVIDIA Tesla V100S PCIe 32 GB": "NVIDIA Tesla V100S PCIe 32GB",
    "A100": "NVIDIA A100 SXM4 80GB", "NVIDIA A100": "NVIDIA A100 SXM4 80GB", "A100 80GB": "NVIDIA A100 SXM4 80GB", "A100 SXM4 80GB": "NVIDIA A100 SXM4 80GB",
    "A100-class": "NVIDIA A100 SXM4 80GB", "NVIDIA A100 SXM4 80 GB": "NVIDIA A100 SXM4 80GB", "A100 (GCP us-central1)": "NVIDIA A100 SXM4 40GB",
    "A100 40GB": "NVIDIA A100 SXM4 40GB", "A100 SXM 40GB": "NVIDIA A100 SXM4 40GB", "NVIDIA A100 SXM4 40 GB": "NVIDIA A100 SXM4 40GB",
    "A100 PCIe 40GB": "NVIDIA A100 PCIe 40GB", "NVIDIA A800 SXM": "NVIDIA A800 SXM4 80GB", "NVIDIA A10 PCIe": "NVIDIA A10",
    "H100": "NVIDIA H100 SXM5 80GB", "H100 80GB": "NVIDIA H100 SXM5 80GB", "H100 SXM 80GB": "NVIDIA H100 SXM5 80GB", "NVIDIA H100 SXM5 80GB": "NVIDIA H100 SXM5 80GB",
    "NVIDIA H800 SXM5": "NVIDIA H800 SXM5 80GB", "H800": "NVIDIA H800 SXM5 80GB", "NVIDIA H200 SXM": "NVIDIA H200 SXM 141GB", "GH200": "NVIDIA GH200 (GPU part) 96GB",
    "NVIDIA GH200": "NVIDIA GH200 (GPU part) 96GB", "NVIDIA GB200": "NVIDIA GB200 (per GPU)", "B200": "NVIDIA B200",
    "TPU v2": "Google TPU v2 (chip)", "TPU v3": "Google TPU v3 (chip)", "TPU v4": "Google TPU v4", "TPU v5e": "Google TPU v5e",
    "Google TPU v2": "Google TPU v2 (chip)", "Google TPU v3": "Google TPU v3 (chip)", "Google TPU v4": "Google TPU v4", "Google TPU v5e": "Google TPU v5e",
    "Google TPU v5p": "Google TPU v5p", "Google TPU v6e Trillium": "Google TPU v6e Trillium", "AMD Radeon Instinct MI250X": "AMD Instinct MI250X",
    "Amazon Trainium1": "AWS Trainium1 (chip)", "Huawei Ascend 910B": "Huawei Ascend 910B", "Huawei Ascend 910": "Huawei Ascend 910A",
    "Cerebras CS-2": "Cerebras WSE-2 (system CS-2)", "NVIDIA Tesla K80": "NVIDIA Tesla K80", "NVIDIA M40": "NVIDIA Tesla M40 24GB",
    "NVIDIA GeForce GTX 1080 Ti": "NVIDIA GeForce GTX 1080 Ti", "NVIDIA GeForce RTX 2080 Ti 11GB": "NVIDIA GeForce RTX 2080 Ti",
    "NVIDIA GeForce RTX 3090": "NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 4090": "NVIDIA GeForce RTX 4090", "NVIDIA RTX A6000": "NVIDIA RTX A6000",
    "NVIDIA TITAN RTX": "NVIDIA TITAN RTX", "NVIDIA TITAN Xp": "NVIDIA TITAN Xp", "NVIDIA Quadro RTX 8000": "NVIDIA Quadro RTX 8000",
}


def check_run_chips(folder):
    names = {row["name"] for row in read(folder, "accelerators.csv")}
    unknown = set(RUN_CHIPS.values()) - names
    assert not unknown, unknown


def count(text, factor=1.0):
    """A large count in few characters: 1.746e11."""
    if not text.strip():
        return ""
    value = float(f"{float(text) * factor:.12g}")
    short = f"{value:.12g}".replace("e+", "e")
    if value >= 1e6 and "e" not in short:
        mantissa, exponent = f"{value:.11e}".split("e+")
        short = mantissa.rstrip("0").rstrip(".") + "e" + str(int(exponent))
    return short


def convert_models(folder, out, used):
    sources = (("Epoch AI models", "epoch-models"), ("Epoch AI benchmarking", "epoch-hub"), ("ML.ENERGY", "ml-energy"), ("Patterson", "patterson2021"), ("SD v1", "sd-v1"),
               ("", "model-card"))
    rows, bare = [], 0
    for row in read(folder, "models.csv"):
        source = next(key for start, key in sources if row["source"].startswith(start))
        numbers = (count(row["params_total_b"], 1e9), count(row["params_active_b"], 1e9), count(row["train_tokens_or_samples"]), count(row["train_flop"]))
        hardware = row["train_hardware"]
        chips, hours, energy, carbon = (number(row[c]) for c in ("train_chips", "train_hours", "train_energy_mwh", "train_tco2e"))
        inference = row["mlenergy_model_id"]
        if not any((*numbers, hardware, chips, hours, energy, carbon, inference)):
            bare += 1
            continue
        rows.append((row["name"], row["organisation"], row["date"], row["domain"], *numbers, hardware, RUN_CHIPS.get(hardware, ""), chips, hours, energy, carbon, row["train_footprint_source"],
                     inference, row["confidence"], source))
        used.add(source)
    write(out / "core/models.csv", ("name", "organisation", "date", "domain", "params_total", "params_active", "train_datapoints", "train_flop", "train_hardware",
                                    "train_chip", "train_chips", "train_hours", "train_energy_mwh", "train_tco2e", "footprint_source", "inference_model_id", "confidence",
                                    "source_id"), rows)
    print(f"  left out {bare}: nothing but a name")


def convert_inference(folder, out, used):
    rows, seen = [], collections.Counter()
    for row in read(folder, "model_inference_energy.csv"):
        key = (row["model_id"], row["task"], RUN_CHIPS[row["gpu"]], row["num_gpus"], row["max_batch"])
        seen[key] += 1
        rows.append((*key, seen[key], *(number(row[c]) if c not in ("precision", "unit", "resolution") else row[c].replace("bfloat16", "bf16") for c in (
            "avg_batch", "precision", "j_per_output_token", "j_per_unit", "unit", "avg_output_tokens", "avg_gpu_power_w", "throughput_per_s", "median_itl_or_latency_ms",
            "tensor_parallel", "expert_parallel", "resolution", "steps")), "ml-energy"))
    used.add("ml-energy")
    write(out / "core/model_inference_energy.csv", ("model_id", "task", "chip", "num_chips", "max_batch", "variant", "avg_batch", "precision", "j_per_output_token",
                                                    "j_per_unit", "unit", "avg_output_tokens", "chips_power_w", "throughput_per_s", "latency_ms", "tensor_parallel",
                                                    "expert_parallel", "resolution", "steps", "source_id"), rows)


CASE_SOURCES = (("Patterson 2021", "patterson2021"), ("Strubell 2019", "strubell2019"), ("Luccioni 2022", "bloom2022"), ("Luccioni 2024", "luccioni2024"),
                ("Touvron 2023", "llama2023"), ("meta-llama/llama MODEL", "llama2"), ("meta-llama/llama3", "llama3"), ("meta-llama/llama-models models/llama3_1", "llama3.1"),
                ("meta-llama/llama-models models/llama3_2", "llama3.2"), ("meta-llama/llama-models models/llama4", "llama4"), ("Du 2021", "glam2021"),
                ("Chowdhery", "palm2022"), ("Gemma 1", "gemma1"), ("Segment", "sam2023"), ("facebookresearch/dinov2", "dinov2"), ("CompVis", "sd-v1"), ("Li 2023", "starcoder2023"),
                ("OpenBA", "openba2023"), ("Wu 2023", "bloomberggpt2023"), ("TII", "falcon2023"), ("Zeng", "glm2022"), ("Biderman", "pythia2023"), ("IEA", "iea2025"),
                ("Apertus", "apertus2025"), ("Elsworth", "elsworth2025"), ("Mistral", "mistral2025"), ("Altman", "altman2025"), ("Epoch", "epoch2025"), ("Jegham", "jegham2025"),
                ("Oviedo", "oviedo2025"))
CASE_COLUMNS = ("case_id", "kind", "phase", "hardware", "chip", "chip_count", "hours", "chip_hours", "power_w_per_chip", "power_basis", "peak_tflops", "utilisation",
                "utilisation_basis", "pue", "pue_in_energy", "intensity_gco2e_per_kwh", "intensity_basis", "energy_kwh", "operational_kgco2e",
                "net_intensity_gco2e_per_kwh", "net_operational_kgco2e", "embodied_kgco2e", "device_embodied_kgco2e", "lifetime_y", "use_share", "flop", "flop_6nd",
                "params_total", "params_active", "tokens", "value", "unit", "functional_unit", "provenance", "circular_energy", "locator", "notes", "source_id")


def check_vectors():
    """Sums that the publications print, and (provenance D) sums that follow from them by hand; `abate validate` recomputes all and counts the printed ones."""
    def case(case_id, source_id, **cells):
        cells = {"case_id": case_id, "kind": "check", "source_id": source_id, **cells}
        return {**cells, "chip": RUN_CHIPS.get(cells.get("hardware", ""), "")}

    system = "measured system (chip+host+NIC+fans)"
    yield case("pat4-switch-c", "patterson2021", kind="published", phase="training", hardware="TPU v3", chip_count=1024, hours=648, chip_hours=663552, power_w_per_chip=245,
               power_basis=system, peak_tflops=123, utilisation=0.28, utilisation_basis="achieved/peak FLOPs", pue=1.1, pue_in_energy="yes", intensity_gco2e_per_kwh=403,
               intensity_basis="datacentre gross", energy_kwh=179000, operational_kgco2e=72200, net_intensity_gco2e_per_kwh=330, net_operational_kgco2e=59100,
               flop="8.22e22", params_total="1.5e12", params_active="1.5e9", functional_unit="1 run", provenance="P", locator="Table 4",
               notes="TDP 450 W; active = 0.10% as printed (LLMCarbon uses a 7.41B base model)")
    yield case("pat1-evtr-tpu2-iowa", "patterson2021", kind="published", phase="training", hardware="TPU v2", pue=1.11, pue_in_energy="yes", energy_kwh=30,
               net_intensity_gco2e_per_kwh=80, net_operational_kgco2e=2.4, power_basis=system, intensity_basis="datacentre gross", intensity_gco2e_per_kwh=478,
               functional_unit="1 run", provenance="P", locator="Table 1", notes="30 kWh x 80 g/kWh; 57 times less than Transformer (big) on P100 at the US average")
    yield case("pat1-gain", "patterson2021", phase="training", value=57, unit="times less CO2e", functional_unit="1 run", provenance="P", locator="Table 1",
               notes="135.7 kg / 2.4 kg = 56.5")
    yield case("str-elmo", "strubell2019", kind="published", phase="training", hardware="P100", chip_count=3, hours=336, chip_hours=1008, power_w_per_chip=172.55,
               power_basis="measured rig (GPU+CPU+DRAM) / n", pue=1.58, pue_in_energy="yes", intensity_gco2e_per_kwh=432.7, intensity_basis="US EPA average", energy_kwh=274.8,
               operational_kgco2e=118.8, functional_unit="1 run", provenance="T", circular_energy="energy derived", locator="Table 3",
               notes="total measured rig power 517.66 W; reported 262 lb CO2e at 0.954 lb/kWh; energy recomputed from the formula")
    gpu_h, six_years = 1082990, dict(lifetime_y=6, use_share=0.85, functional_unit="1 run", provenance="T", locator="s4.1")
    yield case("bloom-embodied-gpus", "bloom2022", phase="training", hardware="A100 SXM4 80GB", chip_count=384, chip_hours=gpu_h, embodied_kgco2e=3640,
               device_embodied_kgco2e=150, **six_years, notes="1,082,990 GPU-h x 150 kg / (6 y x 8760 h x 0.85) = 3636 kg")
    yield case("bloom-embodied-servers", "bloom2022", phase="training", hardware="8-GPU server", chip_count=48, chip_hours=gpu_h / 8, embodied_kgco2e=7570,
               device_embodied_kgco2e=2500, **six_years, notes="server-hours = GPU-hours / 8; 135,373.75 h x 2500 kg / (6 y x 8760 h x 0.85) = 7575 kg")
    for case_id, params, base, tokens, grid, pue, watts, peak, eff, chips, actual, predicted, chip in (
            ("t5", "11e9", "", "600e9", 545, 1.12, 310, 123, 0.37, 512, 46.7, 45.74, "TPU v3"), ("gpt3", "175e9", "", "300e9", 429, 1.1, 330, 125, 0.197, 10000, 552.1, 553.34, "V100"),
            ("gshard", "619e9", "2.3e9", "1e12", 177, 1.09, 288, 123, 0.39, 1000, 4.3, 4.44, "TPU v3"),
            ("switch", "1.5e12", "7.41e9", "2e12", 330, 1.1, 245, 123, 0.28, 1000, 59.1, 63.78, "TPU v3"),
            ("xlm", "0.55e9", "", "7e12", 413, 1.1, 342, 125, 0.212, 512, 39, 37.62, "V100")):
        yield case("llmcarbon-" + case_id, "llmcarbon", phase="training", hardware=chip, chip_count=chips, power_w_per_chip=watts, power_basis=system, peak_tflops=peak,
                   utilisation=eff, utilisation_basis="achieved/peak FLOPs", pue=pue, pue_in_energy="yes", intensity_gco2e_per_kwh=grid, intensity_basis="as in the study",
                   operational_kgco2e=round(predicted * 1000, 3), params_total=count(params), params_active=count(base), tokens=count(tokens), functional_unit="1 run",
                   provenance="D", circular_energy="efficiency and power are the measured ones", locator="validation table",
                   notes=f"carbon as LLMCarbon's formula gives it (6 x params x tokens, with the base model of a mixture); the developers published {actual} t")
    yield case("llmcarbon-xlm-embodied", "llmcarbon", phase="training", hardware="64 servers with 512 V100", chip_count=1, hours=489.6, chip_hours=489.6, embodied_kgco2e=660,
               device_embodied_kgco2e=57971.9, lifetime_y=5, use_share=1, functional_unit="1 run", provenance="T", locator="Table 5",
               notes="V100 512 x 9.78, CPU 64 x 1.47, DRAM 64 x 102.4, SSD 64 x 589.8, others 64 x 133.9 kg; 20.4 of 1825 days: LLMCarbon 648 kg")
    for node, cpa in (("28nm", 1.328), ("14nm", 1.557), ("7nm", 2.318), ("5nm", 2.778), ("3nm", 3.163)):
        yield case("act-cpa-" + node, "act-derived", phase="embodied", hardware=node, value=cpa, unit="kgCO2e/cm2", intensity_gco2e_per_kwh=583,
                   intensity_basis="grid of the fab, Taiwan 2022", functional_unit="1 cm2", provenance="D", notes="(583 x EPA + GPA97 + MPA) / 0.875")
    yield case("act-die-a100", "act-derived", phase="embodied", hardware="A100 SXM4 80GB", embodied_kgco2e=19.1, functional_unit="1 die", provenance="D",
               notes="8.26 cm2 at 7 nm x 2.318 kg/cm2, without packaging")
    yield case("act-die-h100", "act-derived", phase="embodied", hardware="H100 SXM 80GB", embodied_kgco2e=22.6, functional_unit="1 die", provenance="D",
               notes="8.14 cm2 taken at 5 nm x 2.778 kg/cm2, without packaging")
    yield case("green-algorithms-check", "lannelongue2021", phase="training", chip_count=1, hours=12, power_w_per_chip=113.84, power_basis="12 cores x 7.5 W + 64 GB x 0.3725 W",
               pue=1.67, pue_in_energy="yes", intensity_gco2e_per_kwh=475, intensity_basis="world", energy_kwh=2.2814, operational_kgco2e=1.0836, functional_unit="1 run",
               provenance="D", circular_energy="yes (formula)", notes="12 h, 12 cores, 64 GB")
    for case_id, params, gpus, formula, measured in (("8b", "8e9", 1, 0.162, 0.119), ("70b", "70e9", 4, 1.16, 0.797)):
        yield case("ecologits-llama31-" + case_id, "ecologits-method", phase="inference", hardware="H100", chip_count=gpus, params_total=count(params), value=formula,
                   unit="J/output token", functional_unit="1 output token", provenance="D",
                   notes=f"accelerators only, batch 64: chips x 3600 x (1.1665273170451914e-6 exp(-0.011205921025579175 x 64) params/1e9 + 4.052928146734005e-5); "
                         f"ML.ENERGY measured {measured}")
    for case_id, years, use, rate in (("wu-embodied-short", 3, 0.3, 0.254), ("wu-embodied-long", 5, 0.6, 0.0761)):
        yield case(case_id, "wu2022", phase="training", hardware="GPU training system", chip_count=1, hours=1, chip_hours=1, embodied_kgco2e=rate, device_embodied_kgco2e=2000,
                   lifetime_y=years, use_share=use, functional_unit="1 used hour", provenance="D", locator="s III-A", notes="2000 kg / (years x 8760 h x use)")
    yield case("wu-cascade", "wu2022", phase="inference", value=810, unit="times less energy", functional_unit="1 inference", provenance="P", locator="fig 7",
               notes="printed; caching 6.7 x GPU 10.1 x half precision 2.4 x fused kernel 5 make 812")
    for case_id, energy, what in (("gemini-accelerator", 0.00014, "active accelerator"), ("gemini-it", 0.00022, "accelerator 0.14 + host 0.06 + idle 0.02 Wh")):
        yield case(case_id, "elsworth2025", phase="inference", hardware="TPU (fleet)", energy_kwh=energy, power_basis="measured at PSU", pue_in_energy="no",
                   functional_unit="median text prompt", provenance="T", notes=what)


# Training runs of language models that print parameters, tokens, chip and chip-hours (or chips and days): how long they took and nothing about energy. The
# hours are nobody's FLOP over a rate; where a table of the source is a rate times a count of steps, the note says so. Families are complete as far as they were
# found: a size is not left out for what it shows. (case, source, hardware, chips, hours, chip-hours, params, active params, tokens, evidence, locator, note)
TRAINING_RUNS = (
    ("llama1-33b", "llama2023", "A100 80GB", "", "", 530432, "3.25e10", "", "1.4e12", "S", "Table 15", ""),
    ("llama2-70b", "llama2", "A100 80GB", "", "", 1720320, "6.8976648192e10", "", "2e12", "P", "Table 2", ""),
    ("llama31-405b", "llama3.1", "H100 SXM 80GB", "", "", "30.84e6", "4.05e11", "", "1.56e13", "P", "", "15.6e12 tokens by the report (arXiv:2407.21783), about 15e12 by the card"),
    ("pythia-160m", "pythia2023", "A100 SXM 40GB", 32, "", 1030, "1.62322944e8", "", "2.99892736e11", "S", "Table 5", "GPU-h from logged iteration time"),
    ("pythia-1.4b", "pythia2023", "A100 SXM 40GB", 64, "", 7120, "1.414647808e9", "", "2.99892736e11", "S", "Table 5", "GPU-h from logged iteration time"),
    ("pythia-6.9b", "pythia2023", "A100 SXM 40GB", 128, "", 33500, "6.857302016e9", "", "2.99892736e11", "S", "Table 5", "GPU-h from logged iteration time"),
    ("pythia-12b", "pythia2023", "A100 SXM 40GB", 256, "", 72300, "1.184607232e10", "", "2.99892736e11", "S", "Table 5", "GPU-h from logged iteration time"),
    ("mpt-7b", "mpt-7b-card", "A100 40GB", 440, 228, "", "6.65e9", "", "1e12", "S", "", "about 9.5 days"),
    ("smollm2-135m", "smollm2-card", "H100", 64, "", 5000, "1.35e8", "", "2e12", "P", "", "rounded by the developers, who say that fewer nodes would have used the chips better"),
    ("smollm2-360m", "smollm2-card", "H100", "", "", 20000, "3.6e8", "", "4e12", "P", "", "rounded by the developers"),
    ("smollm2-1.7b", "smollm2-card", "H100", 256, "", 140000, "1.7e9", "", "1.1e13", "P", "", "rounded by the developers"),
    ("smollm3-3b", "smollm3-card", "H100", 384, 576, "", "3.08e9", "", "1.12e13", "T", "", "24 days"),
    ("santacoder-1.1b", "santacoder-card", "V100", 96, 148.8, "", "1.1e9", "", "2.36e11", "T", "", "6.2 days"),
    ("starcoderbase-1b", "starcoderbase-1b-card", "A100", 128, 264, "", "1.1e9", "", "1e12", "T", "", "11 days"),
    ("tiny-starcoder-164m", "tiny-starcoder-card", "A100", 32, 18, "", "1.64e8", "", "1e11", "T", "", ""),
    ("phi-1.5", "phi-1.5-card", "A100 40GB", 32, 192, "", "1.3e9", "", "1.5e11", "T", "", "8 days"),
    ("phi-2", "phi-2-card", "A100 80GB", 96, 336, "", "2.7e9", "", "1.4e12", "T", "", "14 days"),
    ("phi-3-mini", "phi-3-card", "H100 80GB", 512, 168, "", "3.8e9", "", "3.3e12", "T", "", "7 days; the update of June 2024 prints 10 days for 4.9e12 tokens"),
    ("phi-3-medium", "phi-3-card", "H100 80GB", 512, 1008, "", "1.4e10", "", "4.8e12", "T", "", "42 days"),
    ("phi-3.5-mini", "phi-3.5-card", "H100 80GB", 512, 240, "", "3.8e9", "", "3.4e12", "T", "", "10 days"),
    ("phi-3.5-moe", "phi-3.5-card", "H100 80GB", 512, 552, "", "4.2e10", "6.6e9", "4.9e12", "T", "", "23 days"),
    ("grin-moe", "grin-moe-card", "H100 80GB", 512, 432, "", "4.2e10", "6.6e9", "4e12", "T", "", "18 days, April to June 2024, within the dates of phi-3.5-moe"),
    ("phi-4", "phi-4-card", "H100 80GB", 1920, 504, "", "1.4e10", "", "9.8e12", "T", "", "21 days"),
    ("phi-4-mini", "phi-4-card", "A100 80GB", 512, 504, "", "3.8e9", "", "5e12", "T", "", "21 days"),
    ("croissantllm-1.3b", "croissant2024", "A100 SXM4 80GB", 240, "", 99648, "1.3e9", "", "3e12", "T", "s3.6", "120 TFLOP/s with recompute: MFU 120/312 x 3/4"),
    ("stablelm-3b-4e1t", "stablelm-3b-card", "A100 40GB", 256, 720, "", "2.8e9", "", "4e12", "T", "", "about 30 days"),
    ("jetmoe-8b", "jetmoe2024", "H100", "", "", 30000, "8e9", "2.2e9", "1.25e12", "T", "", ""),
    ("trillion-7b", "trillion2025", "H100", "", "", 59400, "7e9", "", "2e12", "T", "abstract", ""),
    ("deepseek-67b", "deepseek-v2", "H800", "", "", 300600, "6.7e10", "", "1e12", "S", "s3.2", "per 1e12 tokens"),
    ("deepseek-v2", "deepseek-v2", "H800", "", "", 172800, "2.36e11", "2.1e10", "1e12", "S", "s3.2", "per 1e12 tokens"),
    ("deepseek-v3", "deepseek-v3", "H800", 2048, "", "2.664e6", "6.71e11", "3.7e10", "1.48e13", "S", "Table 1", "fp8"),
    ("dots-llm1", "dots2025", "H800", "", "", "1.46e6", "1.42e11", "1.4e10", "1.12e13", "S", "", ""),
    ("nemotron-4-15b", "nemotron4-15b", "H100 SXM 80GB", 2304, "", 687513.6, "1.56e10", "", "8e12", "T", "Table 2",
     "768 chips 0.8 days + 1536 chips 0.4 days + 2304 chips 11.9 days, each steps x time of a step; about 13 calendar days"),
    ("biomedlm-2.7b", "biomedlm-card", "A100 40GB", 128, 150, "", "2.7e9", "", "3e11", "T", "", "about 6.25 days"),
    ("du2024-1.5b", "du2024", "A100 80GB", 256, 192, "", "1.5e9", "", "3e12", "S", "App. H", "8 days"),
    ("du2024-6b", "du2024", "A100 80GB", 1024, 192, "", "6e9", "", "3e12", "S", "App. H", "8 days"),
    ("du2024-32b", "du2024", "A100 80GB", 2048, 480, "", "3.2e10", "", "2.5e12", "S", "App. H", "20 days"),
    ("sea-lion-3b", "sealion-card", "A100 40GB", 240, 336, "", "3e9", "", "9.8e11", "T", "", "14 days"),
    ("sea-lion-7b", "sealion-card", "A100 40GB", 256, 528, "", "7e9", "", "9.8e11", "T", "", "22 days"),
    ("dclm-400m-1x", "dclm2024", "H100", "", "", 26, "4.12e8", "", "8.2e9", "S", "Table 1", ""),
    ("dclm-1b-1x", "dclm2024", "H100", "", "", 240, "1.4e9", "", "2.88e10", "S", "Table 1", ""),
    ("dclm-1b-5x", "dclm2024", "H100", "", "", 1200, "1.4e9", "", "1.44e11", "S", "Table 1", ""),
    ("dclm-7b-1x", "dclm2024", "H100", "", "", 3700, "6.9e9", "", "1.38e11", "S", "Table 1", ""),
    ("dclm-7b-2x", "dclm2024", "H100", "", "", 7300, "6.9e9", "", "2.76e11", "S", "Table 1", ""),
    ("nanochat-d34", "nanochat-card", "H100", 8, 100, "", "2.21708288e9", "", "8.86833152e10", "T", "",
     "about 100 hours; MFU 47.4 % of 1.4265e10 FLOP a token, which is 44.2 % of 6 N"),
    ("llmc-gpt2-124m", "llmc2024", "A100 80GB", 8, 1.5, "", "1.24e8", "", "1e10", "S", "", "about 90 minutes"),
    ("falcon-7b", "falcon-7b-card", "A100 40GB", 384, 336, "", "7.2e9", "", "1.5e12", "T", "", "about two weeks"),
    ("tinyllama-1.1b", "tinyllama", "A100 40GB", 16, "", 3456, "1.1e9", "", "3e11", "P", "", "3e11 tokens / 24,000 tokens/s: the best rate, not a run; the 90 days are a plan"),
)
# Model FLOP utilisation while it runs, by a source whose hours are the calendar's: what `--mfu` takes.
REPORTED_MFU = {"llama31-405b": 0.41, "croissantllm-1.3b": 0.288, "nanochat-d34": 0.442}


def training_runs():
    for case_id, source, hardware, chips, hours, chip_hours, params, active, tokens, evidence, locator, notes in TRAINING_RUNS:
        yield {"case_id": case_id, "kind": "published", "phase": "training", "hardware": hardware, "chip": RUN_CHIPS[hardware], "chip_count": chips, "hours": hours,
               "chip_hours": chip_hours, "params_total": params, "params_active": active, "tokens": tokens, "functional_unit": "1 run", "provenance": evidence,
               "locator": locator, "notes": notes, "source_id": source,
               **({"utilisation": REPORTED_MFU[case_id], "utilisation_basis": "MFU of 6 N D"} if case_id in REPORTED_MFU else {})}


def convert_cases(folder, out, used):
    renamed = {"operational_net_or_market_kgco2e": "net_operational_kgco2e", "ci_net_or_market_g_per_kwh": "net_intensity_gco2e_per_kwh", "ci_basis": "intensity_basis",
               "carbon_intensity_g_per_kwh": "intensity_gco2e_per_kwh", "flops": "flop", "params": "params_total", "active_params": "params_active",
               "flops_6nd_derived": "flop_6nd"}
    cases, elsewhere = [], 0
    for row in read(folder, "published_footprints.csv"):
        if row["case_id"].startswith("mle-"):
            elsewhere += 1
            continue
        cells = {renamed.get(name, name): text for name, text in row.items()}
        cells["source_id"] = next(key for start, key in CASE_SOURCES if row["source"].startswith(start))
        where = re.search(r"(Tables? [0-9,]+|Fig [0-9.]+|p[0-9]+|App\. [A-Z]|s[0-9.]+ Tables? [0-9,]+|s[0-9.]+)", row["source"].replace("arXiv ", ""))
        cells["locator"] = where.group(0) if where else ""
        cells["kind"] = "estimate" if "ESTIMATE" in row["notes"] else "published"
        cells["chip"] = RUN_CHIPS.get(row["hardware"], "")
        cells["notes"] = row["notes"].replace("ESTIMATE: ", "").replace("authors' ESTIMATE", "authors' estimate").replace("ESTIMATE; ", "").replace("ESTIMATE ", "")
        cells["notes"] = cells["notes"].strip().rstrip(";")
        if cells["notes"].endswith("CI implied"):
            cells["intensity_basis"] = "derived"
        cases.append(cells)
        if cells["case_id"] == "bloomberggpt-50b":  # 102 of 312 TFLOP/s hold the recompute, a quarter of them
            cells |= {"utilisation": "0.245", "utilisation_basis": "MFU of 6 N D"}
    cases += check_vectors()
    cases += training_runs()
    counts = ("flop", "flop_6nd", "params_total", "params_active", "tokens", "chip_hours")
    texts = ("case_id", "kind", "phase", "hardware", "chip", "power_basis", "utilisation_basis", "pue_in_energy", "intensity_basis", "unit", "functional_unit", "provenance",
             "circular_energy", "locator", "notes", "source_id")
    rows = []
    for cells in cases:
        assert not set(cells) - set(CASE_COLUMNS) - {"source"}, cells
        rows.append(tuple(str(cells.get(c, "")) if c in texts else count(str(cells.get(c, ""))) if c in counts else number(str(cells.get(c, ""))) for c in CASE_COLUMNS))
    assert len({r[0] for r in rows}) == len(rows)
    used |= {r[-1] for r in rows}
    write(out / "core/published_cases.csv", CASE_COLUMNS, rows)
    print(f"  left out {elsewhere}: in model_inference_energy")


def convert_profiles(folder, out):
    """The typical day of each month: over the days of the month, mean and 5th and 95th percentile of each UTC hour."""
    hourly = folder / "grid_intensity_hourly"
    rows = []
    for trace in sorted(read(hourly, "index.csv"), key=lambda t: t["zone"]):
        start = datetime.datetime.strptime(trace["start_utc"], "%Y-%m-%dT%H:%MZ")
        values = collections.defaultdict(list)
        for row in read(hourly, trace["file"]):
            at = start + datetime.timedelta(hours=int(row["hour"]))
            for basis, column in (("life-cycle", "lca_g_per_kwh"), ("direct", "direct_g_per_kwh")):
                values[at.month, basis, at.hour].append(float(row[column]))
        source = "entsoe-2020" if "ENTSO-E data" in trace["licence"] else "electricity-maps-hourly"
        for month in range(1, 13):
            for basis in ("life-cycle", "direct"):
                for statistic, of in (("mean", lambda v: sum(v) / len(v)), ("p5", lambda v: percentile(v, 0.05)), ("p95", lambda v: percentile(v, 0.95))):
                    hours = [of(values[month, basis, hour]) for hour in range(24)]
                    rows.append((trace["zone"], month, basis, statistic, trace["year"], *(number(f"{x:.1f}" if x < 100 else f"{x:.0f}") for x in hours), source))
    write(out / "odbl/intensity_profiles.csv", ("zone", "month", "basis", "statistic", "year", *(f"h{hour:02}_gco2e_per_kwh" for hour in range(24)), "source_id"), rows)


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
    check_run_chips(arguments.input)
    convert_embodied_factors(arguments.input, arguments.output, used)
    convert_server_embodied(arguments.input, arguments.output, used)
    convert_models(arguments.input, arguments.output, used)
    convert_inference(arguments.input, arguments.output, used)
    convert_cases(arguments.input, arguments.output, used)
    convert_profiles(arguments.input, arguments.output)
    write_sources(arguments.output / "core/sources.csv", CORE_SOURCES, used)
    convert_zones(arguments.input, arguments.output)
    convert_marginal(arguments.input, arguments.output)


if __name__ == "__main__":
    main()
