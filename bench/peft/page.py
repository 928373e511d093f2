#!/usr/bin/env python3
"""Writes the numbers of results.json into docs/performance.md and README.md, between their marks, and draws the plots of both.

usage: page.py [RESULTS.json]
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
IMAGES = ROOT / "docs/images"
TEXT, LINE, GRAFT = "#57606a", "#8c959f", "#0969da"
PARTS = {"data": "#d4a72c", "forward": "#0969da", "loss": "#bf3989", "backward": "#54aeff", "optimizer": "#2da44e"}
LEFT, WIDE, BAR, ROW = 300, 300, 16, 26


def bars(heading, rows, unit, top):
    """A heading and a bar for each (name, value); the thin line is 1."""
    scale = WIDE / max(1.0, *(value for _, value in rows))
    bottom = top + 10 + ROW * len(rows)
    yield f'<text x="12" y="{top}" font-weight="600">{heading}</text>'
    for i, (name, value) in enumerate(rows):
        y = top + 12 + i * ROW
        yield f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{name}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{value * scale:.0f}" height="{BAR}" rx="3" fill="{GRAFT}"/>'
        yield f'<text x="{LEFT + value * scale + 8:.0f}" y="{y + 13}">{value:.2f}{unit}</text>'
    yield f'<path d="M{LEFT + scale:.0f} {top + 6}V{bottom}" stroke="{LINE}" stroke-dasharray="3 3"/>'


def stacked(rows, top):
    """Where the time goes: a bar of 100 % for each (name, percent of each part)."""
    x = LEFT
    for part, colour in PARTS.items():
        yield f'<rect x="{x}" y="{top - 10}" width="10" height="10" fill="{colour}"/><text x="{x + 14}" y="{top}">{part}</text>'
        x += 30 + 7 * len(part)
    for i, (name, percent) in enumerate(rows):
        y, x = top + 12 + i * ROW, float(LEFT)
        yield f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{name}</text>'
        for part, colour in PARTS.items():
            width = WIDE * percent[part] / 100
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
            x += width


def draw(name, title, lines, height):
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / name).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="700" height="{height}" viewBox="0 0 700 {height}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="{TEXT}">\n<rect width="700" height="{height}" rx="6" fill="#ffffff"/>\n'
        f"<title>{title}</title>\n" + "\n".join(lines) + "\n</svg>\n")


def plots(of):
    beside = [case for case in of.values() if case.get("against") == "peft"]
    if beside:
        speed = [(case["title"], case["speed_ratio"]) for case in beside]
        memory = [(case["title"], case["memory_ratio"]) for case in beside]
        second = 24 + 30 + ROW * len(speed) + 12
        lines = [*bars("Training speed (Hugging Face PEFT = 1)", speed, "×", 24),
                 *bars("Peak memory (Hugging Face PEFT = 1)", memory, "×", second)]
        draw("beside-peft.svg", "Training beside Hugging Face PEFT: speed and peak memory of each case", lines,
             second + 24 + ROW * len(memory))
    draw("step-time.svg", "Where the time of a training step goes, in percent",
         list(stacked([(case["title"], case["graft"]["time_percent"]) for case in of.values()], 24)), 48 + ROW * len(of))


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows)])


def spread(values):
    return f"{min(values):.2f} to {max(values):.2f}"


def wanted(case, name, form):
    """What a bound says beside a number."""
    bound = next((each for each in case["bounds"] if each["of"] == name), None)
    if bound is None:
        return ""
    words = "at least " + form(bound["at_least"]) if "at_least" in bound else "at most " + form(bound["at_most"])
    return f" ({words}{'' if bound['met'] else ': missed'})"


def times(value):
    return f"{value:.2f}×"


def beside_peft(of):
    yield "![Training beside Hugging Face PEFT: speed and peak memory of each case](images/beside-peft.svg)\n"
    yield "Speed is real tokens per second, memory the peak resident memory of the process.\n"
    yield table(
        ["case", "speed (goal)", "rounds", "memory (goal)", "Graft", "PEFT"],
        [[case["title"], f"**{times(case['speed_ratio'])}**" + wanted(case, "speed_ratio", times), spread(case["speed_ratios"]),
          f"**{times(case['memory_ratio'])}**" + wanted(case, "memory_ratio", times),
          *(f"{side['tokens_per_second']:.0f} tokens/s, {side['peak_rss_mb'] / 1000:.2f} GB" for side in (case["graft"], case["reference"]))]
         for case in of.values() if case.get("against") == "peft"])


def itself(of):
    yield "![Where the time of a training step goes](images/step-time.svg)\n"
    share = lambda value: f"{100 * value:.0f} %"
    yield table(
        ["case", "tokens of a step: all, computed, trained", "s a step", "GFLOP/s", "share of the matrix products (goal)",
         "anonymous and mapped memory, estimate"],
        [[case["title"], ", ".join(f"{count:,.0f}" for count in case["tokens_per_step"].values()),
          f"{case['graft']['seconds_per_step']:.2f}", f"{case['graft']['gflop_per_second']:.0f}",
          share(case["graft"]["gemm_bound_share"]) + wanted(case, "gemm_bound_share", share),
          f"{case['graft']['peak_anonymous_mb']:,} and {case['graft']['peak_mapped_mb']:,} MB, {case['graft']['estimate_mb']:,} MB"]
         for case in of.values()])
    qlora, start = of.get("qlora-4x256"), of.get("start")
    if qlora:
        yield (f"\nQLoRA takes {1 / qlora['speed_ratio']:.2f} times the time of LoRA in f32 (goal: at most 1.50). Its linear weights have "
               f"{qlora['weights_ratio']:.3f} of the bytes that they have in bf16{wanted(qlora, 'weights_ratio', '{:.3f}'.format)}.")
    if start:
        yield (f"\nFrom the start of Java to the end of the first step (1 row of 64 tokens) it takes "
               f"{start['graft']['first_step_seconds']:.1f} s{wanted(start, 'first_step_seconds', '{:.0f} s'.format)}.")


def machines(of):
    every = []
    for case in of.values():
        line = {key: value for key, value in case["machine"].items()} | {"libtorch": case["graft"]["libtorch"]}
        if line not in every:
            every.append(line)
    for each in every:
        yield (f"- {each['date']}: {each['processor']}, {each['cores']} cores, {' '.join(each['flags'])}; Linux {each['kernel']}; Graft on "
               f"libtorch {each['libtorch']}; PEFT {each['peft']} on torch {each['torch']}, transformers {each['transformers']}, "
               f"Python {each['python']}.")


def readme(of):
    even = [case for name, case in of.items() if name.startswith("f32-")]
    if not even:
        return
    speeds = [case["speed_ratio"] for case in even]
    best = max((case for case in of.values() if case.get("against") == "peft"), key=lambda case: case["speed_ratio"])
    yield (f"LoRA on SmolLM2-135M-Instruct with {even[0]['machine']['cores']} CPU cores: {min(speeds):.1f} to {max(speeds):.1f} times the speed of "
           f"Hugging Face PEFT\non rows of one length, with {100 * max(case['memory_ratio'] for case in even):.0f} % of its memory; up to {best['speed_ratio']:.0f} times "
           "where rows have a beginning in common\n([how it was measured](docs/performance.md)).")


def fill(file, mark, lines):
    """Replaces what is between the marks; keeps it where there is nothing to say."""
    text, new = file.read_text(), "\n".join(lines)
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    if begin not in text or end not in text:
        sys.exit(f"{file}: no marks of {mark}")
    if new:
        file.write_text(re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + new + "\n" + end, text, flags=re.DOTALL))


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results.json"
    of = json.loads(path.read_text())["cases"]
    page = ROOT / "docs/performance.md"
    plots(of)
    fill(page, "beside PEFT", beside_peft(of))
    fill(page, "by itself", itself(of))
    fill(page, "machines", machines(of))
    fill(ROOT / "README.md", "performance", readme(of))


if __name__ == "__main__":
    main()
