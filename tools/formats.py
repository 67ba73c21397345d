"""Every format that can be cut, with a sample: `python3 tools/formats.py` makes those in `samples/formats/`, or one by
name.

They are committed, each under 100 KB, with the pictures and tones of `counter.py`, as those of `samples.py`. A new
format is a new row of `FORMATS`: the tests of `test_formats.py` are the same for all of them.
"""

import dataclasses
import functools
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import counter
import samples
import transport

FOLDER = samples.SAMPLES / "formats"


@dataclasses.dataclass(frozen=True)
class Format:
    """A sample, how ffmpeg makes it, and what its cuts have to fulfil."""

    name: str
    options: list[str]
    """The options of ffmpeg; input 0 is the picture, 1 the tone."""
    media_type: str
    exact: bool = False
    """Playback of a cut begins at exactly the requested instant; otherwise at the sync point or the frame before."""
    slack: float = 0.03
    """How many seconds the duration of a cut may differ from its `X-Media-Fragment`: usually a frame."""
    verbatim: bool = True
    """The samples of a cut are those of the original, bit by bit, as far as ffprobe shows samples, which it does not
    for PCM."""
    lossless: bool = False
    """The sound of a cut is the original's, bit by bit."""
    seconds: float = 12
    """The duration of the sample."""
    zeros: bool = False
    """ffprobe assigns a zero before a sample to the previous one, so the first and the last sample of a cut may differ
    in one."""
    remade: Callable[[bytes], bytes] = bytes
    """Transforms ffmpeg's file, if ffmpeg cannot write such a file."""
    made: int = 0
    """How many generated packets may be at the beginning of a cut: one for MP3's bit reservoir."""
    open: bool = False
    """Its groups are open: pictures that need the previous group are left out after the first picture of a cut."""
    every: int = 1
    """It shows only one of this many pictures, for as long as all of them would last."""
    chapters: bool = False
    """It has the chapters of `samples.CHAPTER_LIST`."""
    complaints: frozenset[str] = frozenset()
    """Complaints of ffmpeg about the original, which it may also have about a cut."""


H264 = samples.H264
HEVC = """-c:v libx265 -preset medium -crf 36 -g 50 -x265-params log-level=error:open-gop=0:keyint=50:min-keyint=50:scenecut=0
-pix_fmt yuv420p""".split()
THEORA = "-c:v libtheora -q:v 3 -g 50 -pix_fmt yuv420p".split()
SOUND = ["-map", "1:a"]
WAVE = [*SOUND, "-ac", "1"]
BEXT = ["-metadata", "origination_date=2010-10-22", "-metadata", "origination_time=07:33:53", "-metadata", "time_reference=4000000000"]
BOTH = ["-map", "0:v", "-map", "1:a"]
MP3 = [*SOUND, "-c:a", "libmp3lame"]
EXACT = {"media_type": "audio/mpeg", "exact": True, "lossless": True, "made": 1}

MPEG2 = "-c:v mpeg2video -q:v 30 -g 25 -sc_threshold 1000000000".split()
MP2 = ["-c:a", "mp2", "-b:a", "32k", "-ac", "1"]
UNSTAMPED = frozenset({"Application provided invalid, non monotonically increasing dts to muxer in stream :  >="})
"""ffmpeg guesses the decode times of pictures without a time stamp, and is wrong."""
TS = ["-f", "mpegts", "-pes_payload_size", "200", "-pat_period", "2", "-sdt_period", "10", "-t", "8"]
"""Small PES packets, and tables every two seconds; otherwise most of the sample would be padding."""


def without_sync_table(movie: bytes) -> bytes:
    """An MP4 that marks all its samples as sync samples."""
    return movie.replace(b"stss", b"free")


def without_sample_flags(movie: bytes) -> bytes:
    """The same for movie fragments: the flags of dependent samples become those of independent ones."""
    return movie.replace(bytes.fromhex("01010000"), bytes.fromhex("02000000"))


def all_keyframes(file: bytes) -> bytes:
    """A Matroska file in which each SimpleBlock claims to be a keyframe."""
    marked = bytearray(file)
    for at in simple_blocks(file, 0, len(file)):
        marked[at + 3] |= 0x80  # behind the track number, of one byte, and the time
    return bytes(marked)


def simple_blocks(file: bytes, at: int, end: int) -> Iterator[int]:
    """The position of the data of each SimpleBlock."""
    while at < end:
        identifier, at = file[at : at + 9 - file[at].bit_length()], at + 9 - file[at].bit_length()
        width = 9 - file[at].bit_length()
        size, at = int.from_bytes(file[at : at + width]) - (1 << 7 * width), at + width
        if identifier in (b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"):
            yield from simple_blocks(file, at, at + size)
        elif identifier == b"\xa3":
            yield at
        at += size


def with_parity(packets: bytes) -> bytes:
    """Each packet of a transport stream, followed by sixteen bytes."""
    return b"".join(packets[at : at + 188] + bytes(16) for at in range(0, len(packets), 188))


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def compressed(film: bytes) -> bytes:
    """A film whose movie box, the last one, is compressed, as QuickTime wrote it for the web."""
    at = film.rindex(b"moov") - 4
    moov = film[at:]
    cmvd = box(b"cmvd", struct.pack(">I", len(moov)) + zlib.compress(moov))
    return film[:at] + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + cmvd))


FORMATS = [
    Format("sound.mka", [*SOUND, "-c:a", "libopus", "-b:a", "24k"], "audio/x-matroska"),
    Format("tone.m4b", [*SOUND, *samples.AAC, "-f", "ipod"], "audio/mp4", exact=True, chapters=True, seconds=11),
    Format("picture.3gp", [*BOTH, *H264, *samples.AAC, "-f", "3gp"], "video/3gpp", exact=True),
    Format("timecode.mov", [*BOTH, *H264, "-c:a", "pcm_s16be", "-ar", "8000", "-ac", "1", "-timecode", "01:00:00:00", "-t", "5"],
           "video/quicktime", exact=True, lossless=True, seconds=5),
    # Files that wrongly mark pictures as sync samples.
    Format("unmarked.mp4", [*BOTH, *H264, *samples.AAC, "-t", "8"], "video/mp4", exact=True, seconds=8, remade=without_sync_table),
    Format("unmarked-fragments.mp4", [*BOTH, *H264, "-g", "50", "-keyint_min", "50", "-bf", "0", *samples.AAC, "-movflags", "empty_moov+default_base_moof",
           "-frag_duration", "1500000", "-t", "8"], "video/mp4", exact=True, seconds=8, remade=without_sample_flags),
    Format("unmarked.mkv", [*BOTH, *HEVC, "-c:a", "libopus", "-b:a", "16k", "-t", "8"], "video/x-matroska", seconds=8, remade=all_keyframes),
    Format("vorbis.mp4", [*SOUND, "-c:a", "libvorbis", "-q:a", "0"], "audio/mp4", exact=True),
    Format("plain.mka", [*WAVE, "-c:a", "pcm_s16le", "-ar", "8000", "-t", "5.07"], "audio/x-matroska", seconds=5.07, slack=0.2),
    Format("slides.mp4", [*BOTH, *H264, "-vf", "select=not(mod(n\\,75))", "-r", "1/3", "-bf", "0", *samples.AAC], "video/mp4", exact=True, every=75),
    Format("compressed.mov", [*BOTH, *H264, "-c:a", "pcm_s16be", "-ar", "8000", "-ac", "1", "-t", "5"],
           "video/quicktime", exact=True, lossless=True, seconds=5, remade=compressed),
    # Its tables count frames, as QuickTime's do for sound with equal packets.
    Format("packets.mov", [*WAVE, "-c:a", "adpcm_ima_wav", "-ar", "11025", "-f", "mov"], "audio/mp4", exact=True, lossless=True),
    Format("wave.wav", [*WAVE, "-c:a", "pcm_s16le", "-ar", "4000"], "audio/wav", exact=True, lossless=True),
    Format("wave24.wav", [*WAVE, "-c:a", "pcm_s24le", "-ar", "8000", "-t", "3.5"], "audio/wav", exact=True, lossless=True, seconds=3.5),
    Format("float.wav", [*WAVE, "-c:a", "pcm_f32le", "-ar", "4000", "-t", "5"], "audio/wav", exact=True, lossless=True, seconds=5),
    Format("alaw.wav", [*WAVE, "-c:a", "pcm_alaw", "-ar", "8000"], "audio/wav", exact=True, lossless=True),
    Format("mulaw.wav", [*WAVE, "-c:a", "pcm_mulaw", "-ar", "8000"], "audio/wav", exact=True, lossless=True),
    Format("ima.wav", [*WAVE, "-c:a", "adpcm_ima_wav", "-ar", "11025"], "audio/wav", verbatim=False, lossless=True, slack=0.1),
    Format("ms.wav", [*WAVE, "-c:a", "adpcm_ms", "-ar", "11025"], "audio/wav", verbatim=False, lossless=True, slack=0.1),
    Format("broadcast.wav", [*WAVE, "-c:a", "pcm_s16le", "-ar", "4000", "-write_bext", "1", *BEXT], "audio/wav", exact=True, lossless=True),
    Format("rf64.wav", [*WAVE, "-c:a", "pcm_s16le", "-ar", "4000", "-rf64", "always"], "audio/wav", exact=True, lossless=True),
    Format("wave.w64", [*WAVE, "-c:a", "pcm_s16le", "-ar", "4000", "-f", "w64"], "audio/x-w64", exact=True, lossless=True),
    Format("wave.aiff", [*WAVE, "-c:a", "pcm_s16be", "-ar", "4000"], "audio/aiff", exact=True, lossless=True),
    Format("little.aifc", [*WAVE, "-c:a", "pcm_s16le", "-ar", "4000", "-f", "aiff"], "audio/aiff", exact=True, lossless=True),
    Format("float.aifc", [*WAVE, "-c:a", "pcm_f64be", "-ar", "4000", "-t", "3", "-f", "aiff"], "audio/aiff", exact=True, lossless=True, seconds=3),
    Format("ima4.aifc", [*WAVE, "-c:a", "adpcm_ima_qt", "-ar", "11025", "-f", "aiff"], "audio/aiff", verbatim=False, slack=0.1),
    Format("frames.flac", [*WAVE, "-c:a", "flac", "-ar", "8000", "-frame_size", "1152"], "audio/flac", verbatim=False, lossless=True, slack=0.15),
    Format("wide.flac", [*WAVE, "-c:a", "flac", "-ar", "8000", "-sample_fmt", "s32", "-bits_per_raw_sample", "24", "-ac", "2", "-frame_size", "512", "-t", "5"],
           "audio/flac", verbatim=False, lossless=True, slack=0.07, seconds=5),
    Format("picture.flv", [*BOTH, *H264, "-bf", "0", *samples.AAC], "video/x-flv"),
    Format("reordered.flv", [*BOTH, *H264, "-bf", "1", *samples.AAC, "-flvflags", "no_duration_filesize"], "video/x-flv"),
    Format("sorenson.flv", [*BOTH, "-c:v", "flv", "-q:v", "20", "-g", "50", "-c:a", "libmp3lame", "-ar", "44100", "-b:a", "32k", "-t", "6"],
           "video/x-flv", seconds=6),
    Format("screen.flv", [*BOTH, "-c:v", "flashsv", "-g", "25", "-c:a", "nellymoser", "-ar", "11025", "-t", "3"],
           "video/x-flv", seconds=3, slack=0.1),
    Format("speech.flv", [*SOUND, "-c:a", "libspeex", "-ar", "16000", "-b:a", "16k"], "audio/x-flv"),
    Format("plain.flv", [*SOUND, "-c:a", "pcm_s16le", "-ar", "11025", "-t", "4"], "audio/x-flv", seconds=4, slack=0.15, lossless=True),
    Format("picture.avi", [*BOTH, *H264, "-bf", "0", "-bsf:v", "h264_mp4toannexb", "-c:a", "libmp3lame", "-ar", "44100", "-b:a", "32k",
           "-t", "8"], "video/x-msvideo", seconds=8),
    Format("plain.avi", [*BOTH, "-c:v", "mpeg4", "-q:v", "31", "-g", "50", "-c:a", "pcm_s16le", "-ar", "8000", "-t", "2.8"],
           "video/x-msvideo", seconds=2.8, lossless=True),
    Format("surround.avi", [*BOTH, "-c:v", "libxvid", "-q:v", "31", "-g", "50", "-c:a", "ac3", "-ac", "1", "-b:a", "32k", "-t", "5"],
           "video/x-msvideo", seconds=5, slack=0.05),
    Format("motion.avi", [*BOTH, "-c:v", "mjpeg", "-q:v", "31", "-pix_fmt", "yuvj420p", "-c:a", "pcm_mulaw", "-ar", "8000", "-t", "2.4"],
           "video/x-msvideo", seconds=2.4),
    # For an open group, a decoder reports missing pictures that are no longer referred to.
    Format("reordered.avi", [*BOTH, *H264, "-bf", "3", "-g", "50", "-keyint_min", "50", "-c:a", "libmp3lame", "-ar", "44100", "-b:a", "32k", "-t", "6"],
           "video/x-msvideo", seconds=6),
    Format("open.avi", [*BOTH, *H264, "-bf", "3", "-g", "50", "-keyint_min", "50", "-x264-params", "open-gop=1", "-c:a", "pcm_mulaw", "-ar", "8000", "-t", "5"],
           "video/x-msvideo", seconds=5, open=True, complaints=frozenset({"mmco: unref short failure"})),
    Format("advanced.avi", [*BOTH, "-c:v", "mpeg4", "-q:v", "31", "-g", "25", "-bf", "2", "-c:a", "mp2", "-b:a", "32k", "-ac", "1", "-t", "5"],
           "video/x-msvideo", seconds=5, open=True),
    # Two pictures in a chunk, and a chunk in place of one of them. Without `setts` ffmpeg writes empty chunks first.
    Format("packed.avi", [*BOTH, "-c:v", "libxvid", "-q:v", "31", "-g", "25", "-bf", "2", "-flags", "+cgop", "-bsf:v", "setts=ts=N", "-c:a", "pcm_alaw", "-ar", "8000", "-t", "4"],
           "video/x-msvideo", seconds=4, slack=0.1),  # the encoder keeps the last two pictures
    Format("h264.ts", [*BOTH, *H264, "-g", "50", "-keyint_min", "50", "-c:a", "aac", "-b:a", "16k", *TS], "video/mp2t", seconds=8, slack=0.07),
    Format("mpeg2.ts", [*BOTH, "-c:v", "mpeg2video", "-q:v", "30", "-g", "25", "-c:a", "mp2", "-b:a", "32k", "-ac", "1", *TS, "-t", "6"], "video/mp2t", seconds=6, slack=0.07),
    Format("hevc.m2ts", [*BOTH, *HEVC, "-c:a", "ac3", "-b:a", "32k", *TS, "-t", "7", "-mpegts_m2ts_mode", "1"], "video/mp2t", seconds=7, slack=0.07, zeros=True),
    Format("parity.ts", [*BOTH, *H264, "-g", "30", "-keyint_min", "30", "-c:a", "eac3", "-b:a", "32k", *TS, "-t", "6"], "video/mp2t", seconds=6, slack=0.07, remade=with_parity),
    Format("latm.ts", [*BOTH, *H264, "-g", "50", "-keyint_min", "50", "-c:a", "aac", "-b:a", "16k", *TS, "-t", "4", "-mpegts_flags", "latm"],
           "video/mp2t", seconds=4, slack=0.07),
    # Its clock wraps around in its third second, as all do every twenty-six and a half hours.
    Format("wrap.ts", [*BOTH, *MPEG2, *MP2, *TS, "-t", "5", "-output_ts_offset", "95439.5"], "video/mp2t", seconds=5, slack=0.07),
    Format("sound.ts", [*SOUND, "-c:a", "aac", "-b:a", "32k", *TS], "video/mp2t", seconds=8, slack=0.07),
    # Pictures that do not begin with PES packets: many in one with one time stamp; in fixed-size packets that begin in
    # the middle of pictures.
    Format("groups.ts", [*BOTH, *H264, "-g", "50", "-keyint_min", "50", "-bf", "2", "-c:a", "aac", "-b:a", "16k", *TS], "video/mp2t", seconds=8, slack=0.35,
           remade=functools.partial(transport.repacked, count=7), zeros=True, complaints=UNSTAMPED),
    Format("filled.ts", [*BOTH, *MPEG2, "-bf", "2", *MP2, *TS, "-t", "6"], "video/mp2t", seconds=6, slack=0.1,
           remade=functools.partial(transport.repacked, size=2000), open=True),
    Format("filled-hevc.ts", [*BOTH, *HEVC, "-c:a", "ac3", "-b:a", "32k", *TS, "-t", "7"], "video/mp2t", seconds=7, slack=0.1,
           remade=functools.partial(transport.repacked, size=700), zeros=True, complaints=UNSTAMPED),
    # ffprobe takes the last time stamp for the end, and packets are as long as some pictures.
    Format("picture.vob", [*BOTH, *MPEG2, "-bf", "2", "-c:a", "ac3", "-b:a", "32k", "-ac", "1", "-f", "vob", "-t", "6"], "video/mpeg", seconds=6, slack=0.35, open=True),
    Format("disc.vob", [*BOTH, *MPEG2, "-bf", "2", "-flags", "+cgop", *MP2, "-f", "dvd", "-t", "6"], "video/mpeg", seconds=6, slack=0.5),
    Format("system.mpg", [*BOTH, "-c:v", "mpeg1video", "-q:v", "30", "-g", "25", "-bf", "2", *MP2, "-f", "mpeg", "-t", "6"],
           "video/mpeg", seconds=6, slack=0.35, open=True),
    Format("h264.mpg", [*BOTH, *H264, "-g", "25", "-keyint_min", "25", "-bf", "0", *MP2, "-f", "vob", "-packetsize", "400", "-t", "6"],
           "video/mpeg", seconds=6, slack=0.35, zeros=True, complaints=UNSTAMPED),
    Format("sound.mpg", [*SOUND, "-c:a", "mp2", "-b:a", "48k", "-ac", "1", "-f", "mpeg"], "video/mpeg", slack=0.35),
    # Several pictures begin in a packet, and only the first has a time stamp.
    Format("reordered.mpg", [*BOTH, *H264, "-g", "25", "-keyint_min", "25", "-bf", "2", *MP2, "-f", "vob", "-t", "6"],
           "video/mpeg", seconds=6, slack=0.5, zeros=True, complaints=UNSTAMPED),
    Format("hevc.mpg", [*BOTH, *HEVC, *MP2, "-f", "vob", "-t", "6"], "video/mpeg", seconds=6, slack=0.5, zeros=True, complaints=UNSTAMPED),
    Format("cinema.vob", [*BOTH, *MPEG2, "-bf", "2", "-flags", "+cgop", "-c:a", "dca", "-strict", "-2", "-ac", "1", "-ar", "32000", "-b:a", "96k",
           "-f", "vob", "-t", "4"], "video/mpeg", seconds=4, slack=0.35),
    Format("svcd.mpg", [*BOTH, *MPEG2, "-bf", "2", "-flags", "+cgop", *MP2, "-f", "svcd", "-t", "6"], "video/mpeg", seconds=6, slack=0.35),
    Format("vcd.mpg", [*BOTH, "-c:v", "mpeg1video", *MPEG2[2:], "-bf", "2", "-flags", "+cgop", *MP2, "-f", "vcd", "-t", "6"],
           "video/mpeg", seconds=6, slack=0.5),
    Format("constant.mp3", [*MP3, "-ar", "44100", "-b:a", "48k"], **EXACT, slack=0.12),
    Format("variable.mp3", [*MP3, "-q:a", "5"], **EXACT, slack=0.12),
    Format("stereo.mp3", [*MP3, "-ac", "2", "-ar", "32000", "-b:a", "40k"], **EXACT, slack=0.16),
    Format("untagged.mp3", [*MP3, "-b:a", "56k", "-write_xing", "0", "-id3v2_version", "0"], **EXACT, slack=0.12),
    Format("mpeg-2.mp3", [*MP3, "-ar", "22050", "-b:a", "24k", "-write_id3v1", "1"], **EXACT, slack=0.16),
    Format("mpeg-2.5.mp3", [*MP3, "-ar", "8000", "-b:a", "8k"], **EXACT, slack=0.45),
    # Frames in the sound chunk of a WAVE, whose cuts are MP3.
    Format("mpeg.wav", [*MP3, "-ar", "44100", "-b:a", "48k", "-f", "wav"], "audio/wav", exact=True, lossless=True, made=1, slack=0.12),
    Format("layer-2.mp2", [*SOUND, "-c:a", "mp2", "-b:a", "56k"], "audio/mpeg"),
    Format("tone.aac", [*SOUND, "-c:a", "aac", "-b:a", "32k"], "audio/aac", slack=0.5),  # its duration ffprobe guesses from the first frames
    Format("vorbis.ogg", [*SOUND, "-c:a", "libvorbis", "-q:a", "0"], "audio/ogg", exact=True),
    # ffprobe counts what Opus decodes before the beginning: 300 ms, and up to a packet.
    Format("tone.opus", [*SOUND, *samples.OPUS], "audio/ogg", exact=True, slack=0.33),
    Format("flac.oga", [*SOUND, "-c:a", "flac", "-ar", "8000", "-f", "oga", "-page_duration", "200000"], "audio/ogg", verbatim=False, lossless=True),
    Format("speex.ogg", [*SOUND, "-c:a", "libspeex", "-ar", "16000", "-f", "ogg"], "audio/ogg"),
    Format("theora.ogv", [*BOTH, *THEORA, "-c:a", "libvorbis", "-q:a", "0", "-f", "ogg"], "video/ogg", seconds=8),
]  # fmt: skip


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        pictures, tone, chapters = (pathlib.Path(name) / part for part in ("counter.gray", "tone.wav", "chapters.txt"))
        chapters.write_text(samples.FFMETADATA)
        pictures.write_bytes(b"".join(counter.picture(at) for at in range(samples.SECONDS * counter.RATE)))
        samples.write_wave(tone, counter.BASE)
        size = f"{counter.WIDTH}x{counter.HEIGHT}"
        inputs = ["-f", "rawvideo", "-pixel_format", "gray", "-video_size", size, "-framerate", str(counter.RATE), "-i", pictures]
        inputs += ["-i", tone]
        exact = "-map_metadata -1 -threads 1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact".split()
        for row in FORMATS:
            if wanted and row.name not in wanted:
                continue
            target = FOLDER / row.name
            # The row's own options come last, so that they take precedence.
            marks = ["-i", chapters, "-map_chapters", "2", *samples.TITLES] if row.chapters else []
            command = ["ffmpeg", "-v", "error", "-y", *inputs, *marks, "-t", str(row.seconds), *exact, *row.options, target]
            subprocess.run(command, check=True)
            target.write_bytes(row.remade(target.read_bytes()))
            print(f"{target.stat().st_size:>8} {row.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
