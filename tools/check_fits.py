#!/usr/bin/env python3
"""Fits again what abate fits, by other means, and prints the figures that its tests expect.

    python3 tools/check_fits.py              # all
    python3 tools/check_fits.py hours        # training_time_test.cpp, validate_test.cpp (ChipHoursGroup)
    python3 tools/check_fits.py forms        # which form of the model of hours, and what it costs to choose (some seconds)
    python3 tools/check_fits.py inference    # inference_energy_test.cpp, validate_test.cpp (InferenceGroup)

It reads data/core/*.csv and needs the standard library alone. It shares no code with the C++: rules, terms and constants are written
anew from docs/methodology/training.md and inference.md (the facts about single runs, which no rule can know, from the reasons that
`abate validate` prints), and the least squares without negative coefficients are found by trying each of the 255 sets of terms, where
abate goes from set to set as Lawson and Hanson do.
"""

import csv
import itertools
import math
import pathlib
import re
import sys

TABLES = pathlib.Path(__file__).resolve().parent.parent / "data" / "core"


def table(name):
    with open(TABLES / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text):
    return float(text) if text else None


# --- statistics

def at_share(values, share):
    """Linear between order statistics, position (n - 1) share."""
    order = sorted(values)
    place = (len(order) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(order) - 1)
    return order[below] * (1 - (place - below)) + order[above] * (place - below)


def narrowest(values, cover=0.9):
    """The shortest interval that holds ceil(cover n) of the values."""
    order = sorted(values)
    held = math.ceil(round(cover * len(order), 9))
    width, first = min((order[i + held - 1] - order[i], i) for i in range(len(order) - held + 1))
    return order[first], order[first] + width


def middle_90(values):
    return at_share(values, 0.05), at_share(values, 0.95)


def show(name, *figures):
    print(f"  {name:<58}" + "  ".join(f if isinstance(f, str) else f"{f:.4f}" for f in figures))


# --- chip-hours of training

# The kinds of chips with 16-bit matrix units, as words in a hardware column; V100S and Ascend 910A are of their kind, TPU v4i is not of v4.
KINDS = {r"\bH100S?\b": "NVIDIA H100 SXM5 80GB", r"\bH200S?\b": "NVIDIA H200 SXM 141GB", r"\bH800S?\b": "NVIDIA H800 SXM5 80GB",
         r"\bA100S?\b": "NVIDIA A100 SXM4 80GB", r"\bA800S?\b": "NVIDIA A800 SXM4 80GB", r"\bV100S?\b": "NVIDIA Tesla V100 SXM2 32GB",
         r"\bP100S?\b": "NVIDIA Tesla P100 SXM2 16GB", r"\bTPU v4\b": "Google TPU v4", r"\bTPU v3\b": "Google TPU v3 (chip)",
         r"\bTPU v2\b": "Google TPU v2 (chip)", r"\bAscend 910": "Huawei Ascend 910A"}
# Rule 4: facts about a run. Rule 3: one run in both tables.
FACTS = {"pat4-gpt3-175b", "glm-130b", "openba-15b", "llama32-1b", "llama32-3b", "llama1-norm-bloom", "AlexaTM 20B", "Code Llama-70B", "UnifiedQA",
         "deepseek-v3", "grin-moe", "tinyllama-1.1b"}
TWICE = {"LLaMA-65B", "BLOOM-176B", "PaLM (540B)", "Gopher (280B)", "Falcon-180B", "StarCoder", "BloombergGPT", "GLM-130B", "GPT-3 175B (davinci)",
         "Phi-4", "Phi-3.5-MoE"}
WHOSE_CASE = {"bloomberggpt": "Bloomberg", "bloom-": "Hugging Face", "starcoder": "Hugging Face", "gopher": "Google", "glam": "Google", "palm": "Google",
              "openba": "Soochow", "falcon": "TII", "glm": "Tsinghua", "llama": "Meta", "pythia": "EleutherAI", "mpt-": "MosaicML",
              "smollm": "Hugging Face", "santacoder": "Hugging Face", "tiny-starcoder": "Hugging Face", "phi-": "Microsoft", "croissantllm": "CentraleSupelec",
              "stablelm": "Stability AI", "jetmoe": "MyShell", "trillion": "Trillion Labs", "deepseek": "DeepSeek", "dots-llm1": "Rednote", "nemotron": "NVIDIA",
              "biomedlm": "Stanford", "du2024": "Tsinghua", "sea-lion": "AI Singapore", "dclm": "DataComp", "nanochat": "Karpathy", "llmc-": "Karpathy"}
WHOSE_MODEL = {"Google": "Google", "DeepMind": "Google", "Meta": "Meta", "Facebook": "Meta", "Technology Inn": "TII", "Hugging": "Hugging Face"}


def by_beginning(names, text, otherwise):
    return next((name for beginning, name in names.items() if text.startswith(beginning)), otherwise)


def peak_of(hardware, chips):
    row = next((chips[name] for words, name in KINDS.items() if re.search(words, hardware)), None)
    return row and float(row["bf16_tflops"] or row["fp16_tflops"]) * 1e12


def training_runs():
    """(name, developer, U, covariates, MFU that the run reports of itself)."""
    chips = {row["name"]: row for row in table("accelerators")}
    runs = []

    def take(name, developer, active, total, tokens, hours, peak, reported=None):
        utilisation = 6 * active * tokens / (hours * 3600 * peak)
        small = min(0.0, math.log(active / 1e10))
        if 0.03 <= utilisation <= 0.75:  # rule 5
            runs.append((name, developer, utilisation, [1.0, float(peak > 500e12), small, float(total > 1.2 * active)], reported))

    for row in table("published_cases"):
        params = number(row["params_active"]) or number(row["params_total"])
        hours = number(row["chip_hours"]) or (number(row["chip_count"]) or 0) * (number(row["hours"]) or 0)
        peak = peak_of(row["hardware"], chips)
        if row["kind"] == "check" or "training" not in row["phase"] or not (params and hours and row["tokens"] and peak) or row["case_id"] in FACTS:
            continue
        take(row["case_id"], by_beginning(WHOSE_CASE, row["case_id"], row["case_id"]), params, number(row["params_total"]) or params, float(row["tokens"]), hours, peak,
             float(row["utilisation"]) if row["utilisation_basis"] == "MFU of 6 N D" else None)
    for row in table("models"):
        params = number(row["params_active"]) or number(row["params_total"])
        hours = (number(row["train_chips"]) or 0) * (number(row["train_hours"]) or 0)
        peak = peak_of(row["train_hardware"], chips)
        tokens, flop = number(row["train_datapoints"]), number(row["train_flop"])
        if row["domain"] != "Language" or not (params and hours and peak and tokens and flop) or row["name"] in FACTS | TWICE:
            continue
        if 0.8 <= 6 * params * tokens / flop <= 1.25:
            first = row["organisation"].split(",")[0]
            take(row["name"], by_beginning(WHOSE_MODEL, row["organisation"], first), params, number(row["params_total"]) or params, tokens, hours, peak)
    return runs


def developers(runs):
    return sorted({run[1] for run in runs})


def mean_log(runs):
    """Each run weighs 1 / sqrt(runs of its developer)."""
    of = [run[1] for run in runs]
    weights = [of.count(developer) ** -0.5 for developer in of]
    return sum(w * math.log(run[2]) for w, run in zip(weights, runs)) / sum(weights)


def random_steps(runs, ratio, terms):
    """Least squares after the mean of each developer is taken off in part, as the variance of its step over that of a run says (Fuller and Battese 1974)."""
    lines, turned = [], 0.0
    for developer in developers(runs):
        own = [(run[3][:terms] + [math.log(run[2])]) for run in runs if run[1] == developer]
        share = 1 - (1 + len(own) * ratio) ** -0.5
        means = [sum(column) / len(own) for column in zip(*own)]
        lines += [[value - share * mean for value, mean in zip(line, means)] for line in own]
        turned += math.log(1 + len(own) * ratio)
    lines_and_pull = lines + [[float(i == j) for j in range(terms)] + [0.0] for i in range(1, terms)]  # one run towards 0
    normal = [[math.fsum(line[i] * line[j] for line in lines_and_pull) for j in range(terms)] for i in range(terms)]
    found = solved(normal, [math.fsum(line[i] * line[-1] for line in lines_and_pull) for i in range(terms)])
    squares = math.fsum((line[-1] - sum(c * x for c, x in zip(found, line))) ** 2 for line in lines)
    return -(len(lines) * math.log(max(squares / len(lines), 1e-300)) + turned) / 2, found, ratio


def model_of(runs, terms=4):
    return max((random_steps(runs, ratio, terms) for ratio in (0, 0.25, 0.5, 1, 2, 4)), key=lambda fit: fit[0])[1:]


def without(runs, developer):
    return [run for run in runs if run[1] != developer]


def told(coefficients, run):
    return sum(c * x for c, x in zip(coefficients, run[3]))


def left_out_hours(runs, terms=4):
    """ln(published hours / predicted) of each run, by a model without its developer."""
    models = {developer: model_of(without(runs, developer), terms)[0] for developer in developers(runs)}
    return [told(models[run[1]], run) - math.log(run[2]) for run in runs]


def scatter(runs):
    """(low, high) of ln hours for a large model, and the slope of ln scatter over smallness."""
    residuals = left_out_hours(runs)
    of = [run[1] for run in runs]
    weights = [of.count(developer) ** -0.5 for developer in of]
    x, y = [run[3][2] for run in runs], [math.log(abs(r) + 0.05) for r in residuals]
    normal = [[sum(weights), sum(w * a for w, a in zip(weights, x))], [sum(w * a for w, a in zip(weights, x)), sum(w * a * a for w, a in zip(weights, x)) + 1]]
    slope = solved(normal, [sum(w * b for w, b in zip(weights, y)), sum(w * a * b for w, a, b in zip(weights, x, y))])[1]
    count = len(set(of))
    low, high = narrowest([r / math.exp(slope * a) for r, a in zip(residuals, x)], min(1.0, 0.9 * (count + 1) / count))
    return min(0.0, low), max(0.0, high), slope


def off(residuals):
    return [abs(math.exp(-r) - 1) for r in residuals]


def hours():
    runs = training_runs()
    names = developers(runs)
    print(f"chip-hours: {len(runs)} runs of {len(names)} developers")
    coefficients, ratio = model_of(runs)
    show("coefficients; variance of a developer's step over a run's", *coefficients, ratio)
    low, high, slope = scatter(runs)
    show("ln hours of a large model, slope of the scatter", low, high, slope)
    show("its hours x", math.exp(low), math.exp(high))
    residuals = left_out_hours(runs)
    show("median error, p90", at_share(off(residuals), 0.5), at_share(off(residuals), 0.9))
    spreads = {name: scatter(without(runs, name)) for name in names}
    inside, widths = [], []
    for run, residual in zip(runs, residuals):
        low, high, slope = spreads[run[1]]
        scale = math.exp(slope * run[3][2])
        inside.append(low * scale <= residual <= high * scale)
        widths.append(math.exp((high - low) * scale))
    show("inside the others' range, median high/low", sum(inside) / len(inside), at_share(widths, 0.5))
    for constant in (0.40, 0.33):
        show(f"median error of the constant {constant}", at_share([abs(run[2] / constant - 1) for run in runs], 0.5))
    others = {name: without(runs, name) for name in names}
    medians = {name: at_share([run[2] for run in others[name]], 0.5) for name in names}
    show("median error of the median of the others", at_share([abs(run[2] / medians[run[1]] - 1) for run in runs], 0.5))
    means = {name: mean_log(others[name]) for name in names}
    show("median error of the mean of the others, p90", *(at_share(off(means[run[1]] - math.log(run[2]) for run in runs), share) for share in (0.5, 0.9)))
    reported = [abs(run[2] / (0.9 * run[4]) - 1) for run in runs if run[4]]
    show(f"median error with the MFU of {len(reported)} runs themselves", at_share(reported, 0.5))


def forms():
    """How the form of the model was chosen: of four, each holding the one before, the best where developers were left out within the training runs alone."""
    runs = training_runs()
    ladder = {1: "constant", 2: "+ fast chip", 3: "+ size", 4: "+ mixture"}
    print("chip-hours: the four forms")
    for terms, name in ladder.items():
        errors = off(left_out_hours(runs, terms))
        show(f"{name}: median error, p90", at_share(errors, 0.5), at_share(errors, 0.9))
    chosen, residuals = {}, []
    for name in developers(runs):
        training = without(runs, name)
        chosen[name] = min(ladder, key=lambda terms: at_share([abs(r) for r in left_out_hours(training, terms)], 0.5))
        coefficients = model_of(training, chosen[name])[0]
        residuals += [told(coefficients, run) - math.log(run[2]) for run in runs if run[1] == name]
    show("chosen without the developer: which, how often", *(f"{ladder[t]} {list(chosen.values()).count(t)}" for t in sorted(set(chosen.values()))))
    show("its median error, p90", at_share(off(residuals), 0.5), at_share(off(residuals), 0.9))
    known = []
    for run in runs:  # the run alone left out; its developer's own step is told from its other runs
        rest = [other for other in runs if other is not run]
        same = [other for other in rest if other[1] == run[1]]
        if not same:
            continue
        coefficients, ratio = model_of(rest)
        step = sum(math.log(o[2]) - told(coefficients, o) for o in same) * ratio / (1 + len(same) * ratio)
        known.append(told(coefficients, run) + step - math.log(run[2]))
    show(f"the developer known, {len(known)} runs: median error", at_share(off(known), 0.5))


# --- energy of an output token

FAMILIES = (("Qwen3-Coder-480B-A35B", "Qwen3-480B-A35B"), ("Qwen3-VL-235B-A22B", "Qwen3-235B-A22B"), ("Qwen3-235B-A22B", "Qwen3-235B-A22B"),
            ("Qwen3-Omni-30B-A3B", "Qwen3-30B-A3B"), ("Qwen3-Coder-30B-A3B", "Qwen3-30B-A3B"), ("Qwen3-VL-30B-A3B", "Qwen3-30B-A3B"),
            ("Qwen3-30B-A3B", "Qwen3-30B-A3B"), ("Qwen3", "Qwen3 dense"), ("gemma-3", "Gemma 3"), ("Llama-3.1", "Llama 3.1"))
BYTES = {"bf16": 2, "fp16": 2, "fp8": 1, "fp4": 0.5}


def terms(row):
    """The table of inference.md, line by line, without coefficients. J per output token."""
    watts, bandwidth, peak = row["W"], row["b"], row["P"]
    a, t, batch, tokens = row["a"], row["t"], row["B"], row["T"]
    mixture = a < 0.9 * t
    read = a + (t - a) * (1 - (1 - a / t) ** (batch - 1)) if mixture else t
    weight = 2 if mixture and row["precision"] == "fp8" else BYTES[row["precision"]]
    work = 2e9 * a * watts / peak
    prompt = work * 1000 / tokens
    return [watts * read * 1e9 * weight / bandwidth / batch,
            work,
            row["n"] * watts * 1e-3 * t ** 0.3 / batch,
            watts * 63e3 * a ** 0.4 * (tokens / 2) / bandwidth,
            2e9 * math.sqrt(a * t) * watts / peak if mixture else 0.0,
            prompt if row["task"] == "image-chat" else 0.0,
            prompt if row["task"] == "video-chat" else 0.0,
            prompt if row["task"] == "sourcegraph-fim" else 0.0]


def serving_rows():
    chips = {row["name"]: row for row in table("accelerators")}
    models = {row["inference_model_id"]: row for row in table("models") if row["inference_model_id"] and row["params_total"]}
    rows = []
    for row in table("model_inference_energy"):
        if row["unit"] != "request" or not number(row["j_per_output_token"]) or row["model_id"] not in models:
            continue
        chip, model = chips[row["chip"]], models[row["model_id"]]
        total = float(model["params_total"]) / 1e9
        name = row["model_id"].split("/")[-1]
        one = {"y": float(row["j_per_output_token"]), "W": float(chip["tdp_w"]), "b": float(chip["bandwidth_gb_per_s"]) * 1e9,
               "P": float(chip["bf16_tflops"]) * 1e12, "t": total, "a": (number(model["params_active"]) or total * 1e9) / 1e9,
               "n": float(row["num_chips"]), "B": float(row["avg_batch"]), "T": float(row["avg_output_tokens"]),
               "precision": row["precision"], "task": row["task"], "chip": row["chip"], "family": by_beginning(dict(FAMILIES), name, name)}
        one["vendor"] = "Qwen3" if one["family"].startswith("Qwen3") else one["family"]
        one["f"] = terms(one)
        rows.append(one)
    return rows


def solved(matrix, right):
    """Gauss with pivots; None where the matrix is singular."""
    size = len(right)
    rows = [list(line) + [value] for line, value in zip(matrix, right)]
    for at in range(size):
        best = max(range(at, size), key=lambda r: abs(rows[r][at]))
        if abs(rows[best][at]) < 1e-13:
            return None
        rows[at], rows[best] = rows[best], rows[at]
        for r in range(at + 1, size):
            factor = rows[r][at] / rows[at][at]
            for c in range(at, size + 1):
                rows[r][c] -= factor * rows[at][c]
    out = [0.0] * size
    for at in reversed(range(size)):
        out[at] = (rows[at][size] - sum(rows[at][c] * out[c] for c in range(at + 1, size))) / rows[at][at]
    return out


def fitted(rows):
    """argmin sum g (1 - sum c f / y)^2, c >= 0, g = 1 / sqrt(rows of the family): the best of all sets of terms."""
    sizes = {}
    for row in rows:
        sizes[row["family"]] = sizes.get(row["family"], 0) + 1
    lines = [([f / row["y"] for f in row["f"]], sizes[row["family"]] ** -0.5) for row in rows]
    k = len(lines[0][0])
    scale = [math.sqrt(math.fsum(g * x[i] ** 2 for x, g in lines)) or 1.0 for i in range(k)]
    gram = [[math.fsum(g * x[i] * x[j] for x, g in lines) / scale[i] / scale[j] for j in range(k)] for i in range(k)]
    right = [math.fsum(g * x[i] for x, g in lines) / scale[i] for i in range(k)]
    best, found = 0.0, [0.0] * k
    for size in range(1, k + 1):
        for chosen in itertools.combinations([i for i in range(k) if gram[i][i] > 0], size):
            part = solved([[gram[i][j] for j in chosen] for i in chosen], [right[i] for i in chosen])
            if part is None or min(part) < 0:
                continue
            gain = sum(c * right[i] for c, i in zip(part, chosen))  # by which the sum of squares falls
            if gain > best:
                best, found = gain, [0.0] * k
                for c, i in zip(part, chosen):
                    found[i] = c / scale[i]
    return found


def left_out(rows, fold):
    """J of each row by a fit without its fold."""
    fits = {name: fitted([row for row in rows if row[fold] != name]) for name in sorted({row[fold] for row in rows})}
    return [sum(c * f for c, f in zip(fits[row[fold]], row["f"])) for row in rows]


def inference():
    rows = serving_rows()
    print(f"inference: {len(rows)} configurations, {len({row['family'] for row in rows})} families")
    show("coefficients", *fitted(rows))
    ours = {}
    for fold in ("family", "vendor", "chip"):
        told = ours[fold] = left_out(rows, fold)
        residuals = [math.log(row["y"] / j) for row, j in zip(rows, told)]
        errors = [abs(j / row["y"] - 1) for row, j in zip(rows, told)]
        names = {row[fold] for row in rows}
        spreads = {name: middle_90([r for r, row in zip(residuals, rows) if row[fold] != name]) for name in names}
        inside = [spreads[row[fold]][0] <= r <= spreads[row[fold]][1] for r, row in zip(residuals, rows)]
        drawn = [min(0, spreads[row[fold]][0]) <= r <= max(0, spreads[row[fold]][1]) for r, row in zip(residuals, rows)]
        show(f"{fold} left out: median error, p90", at_share(errors, 0.5), at_share(errors, 0.9))
        show(f"{fold} left out: inside the others' range, as drawn", sum(inside) / len(rows), sum(drawn) / len(rows))
        if fold == "family":
            low, high = middle_90(residuals)
            show("J x", math.exp(low), math.exp(high))
    near = [i for i, row in enumerate(rows) if "H100" in row["chip"] and 48 <= row["B"] <= 80]
    ecologits = [abs(row["n"] * 3600 * (1.1665273170451914e-6 * math.exp(-0.011205921025579175 * 64) * row["a"] + 4.052928146734005e-5) / row["y"] - 1)
                 for row in (rows[i] for i in near)]
    show(f"H100 near batch 64, {len(near)} rows: EcoLogits, ours", at_share(ecologits, 0.5), at_share([abs(ours["family"][i] / rows[i]["y"] - 1) for i in near], 0.5))


def main(words):
    parts = {"hours": hours, "forms": forms, "inference": inference}
    if any(word not in parts for word in words):
        sys.exit(__doc__)
    for word in words or parts:
        parts[word]()


if __name__ == "__main__":
    main(sys.argv[1:])
