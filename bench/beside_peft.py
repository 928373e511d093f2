#!/usr/bin/env python3
"""Draws docs/images/beside-peft.svg from bench/beside_peft.json. usage: beside_peft.py"""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "docs/images/beside-peft.svg"
LEFT, WIDE, BAR, GAP = 170, 380, 22, 14
TEXT, PEFT, GRAFT = "#57606a", "#8c959f", "#0969da"


def panel(title, bars, unit, top):
    """A heading and horizontal bars (name, value, colour) as long as their values."""
    longest = max(value for _, value, _ in bars)
    yield f'<text x="12" y="{top}" font-weight="600">{title}</text>'
    for i, (name, value, colour) in enumerate(bars):
        y = top + 14 + i * (BAR + GAP)
        width = WIDE * value / longest
        yield f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{name}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{width:.0f}" height="{BAR}" rx="3" fill="{colour}"/>'
        yield f'<text x="{LEFT + width + 8:.0f}" y="{y + 15}">{value:.2f}{unit}</text>'


def main():
    numbers = json.loads((HERE / "beside_peft.json").read_text())
    speed = sum(numbers["speed_ratios"]) / len(numbers["speed_ratios"])
    memory = numbers["memory_gb"]
    lines = [*panel("Training speed (PEFT = 1)", [("Hugging Face PEFT", 1, PEFT), ("Graft", speed, GRAFT)], "×", 24),
             *panel("Peak memory", [("Hugging Face PEFT", memory["peft"], PEFT), ("Graft", memory["graft"], GRAFT)], " GB", 134)]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="640" height="226" viewBox="0 0 640 226" role="img" '
                   f'font-family="sans-serif" font-size="14" fill="{TEXT}">\n<rect width="640" height="226" rx="6" fill="#ffffff"/>\n'
                   f'<title>Training beside Hugging Face PEFT: {speed:.2f} times the speed, {memory["graft"]:.2f} GB of memory '
                   f'where PEFT takes {memory["peft"]:.2f} GB</title>\n' + "\n".join(lines) + "\n</svg>\n")


if __name__ == "__main__":
    main()
