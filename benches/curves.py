"""Curves as an SVG that is readable on light and on dark pages."""

import html

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 64, 150, 48, 44
COLOURS = ["#c2571a", "#1f6feb", "#2da44e"]

STYLE = "text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600}.grid{stroke:#8c959f;stroke-opacity:.35}"


def step(largest: float) -> float:
    """The distance of grid lines: 1, 2 or 5 times a power of ten, for four to nine lines."""
    size = 10.0 ** len(str(int(largest))) if largest >= 1 else 1.0
    while largest / size < 4:
        size /= 2 if str(size).strip("0.")[:1] in "12" else 2.5
    return size


def drawn(title: str, unit: str, places: list[str], curves: dict[str, list[float]]) -> str:
    """One value of each curve at each place; the scale begins at zero."""
    largest = max(max(values) for values in curves.values()) * 1.05
    across = (WIDTH - LEFT - RIGHT) / (len(places) - 1)

    def at(number: int, value: float) -> tuple[float, float]:
        return round(LEFT + number * across, 1), round(HEIGHT - BOTTOM - value / largest * (HEIGHT - TOP - BOTTOM), 1)

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">']
    lines += [f"<style>{STYLE}</style>", f'<text class="title" x="{LEFT}" y="24">{html.escape(title)}</text>']
    size, line = step(largest), 0
    while line * size <= largest:
        _, y = at(0, line * size)
        lines.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{line * size:g} {unit if line else ""}</text>')
        line += 1
    lines += [f'<text x="{at(number, 0)[0]}" y="{HEIGHT - 16}" text-anchor="middle">{place}</text>' for number, place in enumerate(places)]
    for colour, (name, values) in zip(COLOURS, curves.items(), strict=False):
        points = [at(number, value) for number, value in enumerate(values)]
        path = "L".join(f"{x} {y}" for x, y in points)
        lines.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        lines.append(f'<text x="{x + 10}" y="{y + 4}" style="fill:{colour}">{html.escape(name)}</text>')
    return "\n".join([*lines, "</svg>", ""])
