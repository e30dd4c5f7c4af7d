"""Files that are small and ask for much: pictures, lengths and tracks beyond reason, and texts that point elsewhere."""

from __future__ import annotations

import struct
from pathlib import Path

from bench.faults.damage import SIZE

Bomb = tuple[str, bytes]


def bombs(healthy: dict[str, bytes], canary: Path, host: str) -> list[Bomb]:
    """Thirty of them. Those that point elsewhere point at the canary, a file nobody may open, and at the host, where
    nobody may knock.
    """
    return [
        *_huge(healthy),
        *_long(healthy),
        *_many(healthy),
        *_texts(canary, host),
        *_disguised(healthy, canary, host),
    ]


def _put(data: bytes, kind: bytes, field: int, value: bytes) -> bytes:
    """The bytes with a value written so far behind the first box of a kind."""
    at = data.index(kind) + 4 + field
    return data[:at] + value + data[at + len(value) :]


def _huge(healthy: dict[str, bytes]) -> list[Bomb]:
    """Pictures as wide and high as a number can say."""
    mp4, avi, mkv = healthy["index_first.mp4"], healthy["plain.avi"], healthy["plain.mkv"]
    out = []
    for width, height in ((65535, 65535), (16384, 16384), (65535, 1), (30000, 30000)):
        entry = _put(mp4, b"avc1", 24, struct.pack(">HH", width, height))
        out.append(
            (
                f"huge_{width}x{height}.mp4",
                _put(entry, b"tkhd", 76, struct.pack(">II", width << 16, height << 16)),
            )
        )
    sides = struct.pack("<II", *SIZE)
    out.append(("huge.avi", avi.replace(sides, struct.pack("<II", 60000, 60000))))
    wide = bytes([0xB0, 0x81, SIZE[0], 0xBA, 0x81, SIZE[1]])
    out.append(("huge.mkv", mkv.replace(wide, bytes([0xB0, 0x81, 0xFF, 0xBA, 0x81, 0xFF]))))
    return [
        *out,
        ("huge.png", _png(50_000, 50_000)),
        ("huge.gif", _gif(65535, 65535)),
        ("huge.y4m", _y4m(60_000, 60_000)),
    ]


def _png(width: int, height: int) -> bytes:
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(4_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _gif(width: int, height: int) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame * 200 + b"\x3b"


def _y4m(width: int, height: int) -> bytes:
    return f"YUV4MPEG2 W{width} H{height} F30:1 C420\nFRAME\n".encode() + bytes(5000)


def _long(healthy: dict[str, bytes]) -> list[Bomb]:
    """Lengths of centuries, and clocks that tick a million times a second or never."""
    mp4 = healthy["index_first.mp4"]
    out = [
        ("a_century.mp4", _put(_put(mp4, b"mdhd", 8, struct.pack(">II", 1, 0xFFFFFFFF)), b"mvhd", 8, struct.pack(">II", 1, 0xFFFFFFFF))),
        ("a_billion_a_second.mp4", _put(mp4, b"mdhd", 8, struct.pack(">I", 0xFFFFFFFF))),
        ("no_clock.mp4", _put(mp4, b"mdhd", 8, struct.pack(">I", 0))),
        ("endless_pictures.mp4", _put(mp4, b"stts", 4, struct.pack(">III", 1, 0x7FFFFFFF, 1))),
        ("endless_sizes.mp4", _put(mp4, b"stsz", 4, struct.pack(">II", 10, 0x7FFFFFFF))),
        ("far_apart.mp4", _put(mp4, b"stts", 4, struct.pack(">III", 1, 20, 0x7FFFFFFF))),
    ]  # fmt: skip
    raw = f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F1000000:1 C420\n".encode()
    picture = b"FRAME\n" + bytes(SIZE[0] * SIZE[1] * 3 // 2)
    return [*out, ("million_fps.y4m", raw + picture * 300)]


def _many(healthy: dict[str, bytes]) -> list[Bomb]:
    """Thousands of tracks; boxes in boxes in boxes."""
    mp4 = healthy["index_last.mp4"]
    start = mp4.index(b"moov") - 4
    moov = mp4[start:]
    first = moov.index(b"trak") - 4
    length = int.from_bytes(moov[first : first + 4], "big")
    track = moov[first : first + length]

    def with_tracks(count: int) -> bytes:
        body = moov[8:first] + track * count + moov[first + length :]
        return mp4[:start] + struct.pack(">I", len(body) + 8) + b"moov" + body

    nested = b"".join(struct.pack(">I", 8 * (5000 - n)) + b"moov" for n in range(5000))
    free = struct.pack(">I", 8) + b"free"
    return [
        ("thousand_tracks.mp4", with_tracks(1000)),
        ("ten_thousand_tracks.mp4", with_tracks(10_000)),
        ("nested_boxes.mp4", mp4[:32] + nested),
        ("million_boxes.mp4", mp4[:32] + free * 1_000_000),
    ]


def _texts(canary: Path, host: str) -> list[Bomb]:
    """Playlists and the like, in whatever file name."""
    hls = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n"
    return [
        ("file.m3u8", hls.format(canary).encode()),
        ("host.mp4", hls.format(f"http://{host}/a.ts").encode()),
        ("nested.mkv", master.format(f"http://{host}/b.m3u8").encode()),
        ("spaced.mp4", b"\n\n  \t" + hls.format(canary).encode()),
        ("list.ffconcat", f"ffconcat version 1.0\nfile '{canary}'\n".encode()),
        ("dash.mp4", f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>http://{host}/</BaseURL></MPD>'.encode()),
        ("session.sdp", f"v=0\no=- 0 0 IN IP4 {host.partition(':')[0]}\nm=video 5004 RTP/AVP 96\n".encode()),
    ]  # fmt: skip


def _disguised(healthy: dict[str, bytes], canary: Path, host: str) -> list[Bomb]:
    """Real containers that name other files: QuickTime's references, a reference movie, and a playlist behind a header."""
    mov = healthy["pictures.mov"]
    name = str(canary).encode()
    alias = b"url " + bytes(4) + b"file://" + name + b"\0"
    reference = struct.pack(">I", len(alias) + 4) + alias
    at = mov.index(b"url ", mov.index(b"dref")) - 4
    length = int.from_bytes(mov[at : at + 4], "big")
    referring = mov[:at] + reference[:length].ljust(length, b"\0") + mov[at + length :]
    rmra_body = (
        b"rmda"
        + struct.pack(">I", 0)
        + b"rdrf"
        + bytes(4)
        + b"url "
        + struct.pack(">I", len(name) + 1)
        + name
        + b"\0"
    )
    rmra = (
        struct.pack(">I", len(rmra_body) + 12) + b"rmra" + struct.pack(">I", len(rmra_body) + 4) + rmra_body
    )
    movie = struct.pack(">I", len(rmra) + 8) + b"moov" + rmra
    return [
        ("reference.mov", referring),
        ("reference_movie.mov", mov[:20] + movie),
        ("tail.ts", healthy["plain.ts"] + f"\n#EXTM3U\nhttp://{host}/c.ts\n".encode()),
    ]
