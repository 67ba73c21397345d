"""The picture and the tone of the generated samples; writing and reading stand side by side.

A picture shows its own frame number twice: as sixteen black or white blocks along the bottom, the highest bit on the
left, which survive any compression and are read at their centres, and as digits, for people. The tone changes at every
full second, and its frequency identifies the second. So the output of a decoder shows from which part of the original
it comes.
"""

import array
import math

RATE = 25
"""Frames a second."""
WIDTH, HEIGHT = 320, 180
SAMPLE_RATE = 48_000
"""Samples of sound a second."""

BITS = 16
BLOCK_WIDTH, BLOCK_HEIGHT = WIDTH // BITS, 40
BLACK, WHITE, GROUND = 24, 232, 72
"""Shades of gray that remain distinct in limited and in full range."""

BASE, STEP = 400, 40
"""Frequency of the tone in second 0 in hertz, and the increase per second."""

FONT = {
    "0": "XXX X.X X.X X.X XXX",
    "1": ".X. XX. .X. .X. XXX",
    "2": "XXX ..X XXX X.. XXX",
    "3": "XXX ..X XXX ..X XXX",
    "4": "X.X X.X XXX ..X ..X",
    "5": "XXX X.. XXX ..X XXX",
    "6": "XXX X.. XXX X.X XXX",
    "7": "XXX ..X ..X ..X ..X",
    "8": "XXX X.X XXX X.X XXX",
    "9": "XXX X.X XXX ..X XXX",
}
"""Digits of three by five dots, so that no font is needed."""
DOT = 16
"""Width and height of a digit's dot in pixels."""


def picture(number: int) -> bytes:
    """The picture of one frame: WIDTH x HEIGHT bytes of gray."""
    row = bytes([GROUND]) * WIDTH
    rows = [row] * 24
    digits = [FONT[digit].split() for digit in f"{number:04d}"]
    for line in range(5):
        dots = "." + ".".join(digit[line] for digit in digits) + "."
        shades = b"".join(bytes([WHITE if dot == "X" else GROUND]) * DOT for dot in dots)
        margin = bytes([GROUND]) * ((WIDTH - len(shades)) // 2)
        rows += [margin + shades + margin] * DOT
    rows += [row] * (HEIGHT - BLOCK_HEIGHT - len(rows))
    blocks = b"".join(bytes([WHITE if number >> bit & 1 else BLACK]) * BLOCK_WIDTH for bit in reversed(range(BITS)))
    return b"".join(rows + [blocks] * BLOCK_HEIGHT)


def bits(gray: bytes, blocks: int, width: int = 640, height: int = 360) -> int:
    """The number of as many blocks along the bottom of any picture of a player."""
    row, wide = (height - 30) * width, width // blocks
    read = [gray[row + wide * block + wide // 2] > 128 for block in range(blocks)]
    return sum(bit << place for place, bit in enumerate(reversed(read)))


def number(gray: bytes) -> int:
    """The frame number shown by a decoded picture (WIDTH x HEIGHT bytes of gray)."""
    row = (HEIGHT - BLOCK_HEIGHT // 2) * WIDTH
    middles = (gray[row + BLOCK_WIDTH * block + BLOCK_WIDTH // 2] for block in range(BITS))
    return sum((shade > (BLACK + WHITE) // 2) << bit for bit, shade in zip(reversed(range(BITS)), middles, strict=True))


def frequency(second: int, base: int = BASE) -> int:
    """Hertz of the tone in one second."""
    return base + STEP * second


def tone(seconds: int, base: int = BASE) -> bytes:
    """The sound as signed 16-bit little-endian mono; changes of the tone do not click, since each is whole hertz."""
    sound = array.array("h")
    for second in range(seconds):
        turn = 2 * math.pi * frequency(second, base) / SAMPLE_RATE
        sound.extend(round(8000 * math.sin(turn * at)) for at in range(SAMPLE_RATE))
    return sound.tobytes()


def second(sound: bytes, base: int = BASE) -> float:
    """The second whose tone this stretch of sound (as `tone` writes it) has, by counting its upward zero crossings."""
    samples = array.array("h", sound)
    rising = [at for at in range(1, len(samples)) if samples[at - 1] < 0 <= samples[at]]
    if len(rising) < 2:
        return math.nan
    hertz = (len(rising) - 1) * SAMPLE_RATE / (rising[-1] - rising[0])
    return (hertz - base) / STEP
