"""Makes the clips in this folder, and `truth.json`: what ffprobe and ffmpeg say of them. Needs ffmpeg, ffprobe and numpy.

`python make.py`. Every picture carries its number as eight bars, dark or bright. The truth of a clip is when ffprobe
says each frame is shown, and which number ffmpeg's own picture of that frame carries. The dumps were made with the
version that `truth.json` names; another one writes other bytes of the same pictures.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BARS = 8
X264 = "-c:v libx264 -pix_fmt yuv420p -crf 20 -threads 1 -sc_threshold 0"
UNEVEN = "settb=1/90000,setpts='(N*0.04+0.31*floor(N/7)+0.013*mod(N*N,3))/TB'"
CLIPS: dict[str, tuple[tuple[int, int], int, str]] = {
    # name: size, pictures, how ffmpeg writes it
    "even.mp4": ((96, 64), 75, f"{X264} -bf 0 -g 25"),
    "uneven.mp4": ((96, 64), 75, f"{X264} -bf 2 -g 25 -vf {UNEVEN} -fps_mode passthrough -enc_time_base 1/90000"),
    "b_frames.mp4": ((96, 64), 75, f"{X264} -bf 3 -b_strategy 0 -g 40"),
    "b_frames.mkv": ((96, 64), 75, f"{X264} -bf 3 -b_strategy 0 -g 20"),
    "open_gop.mp4": ((96, 64), 75, f"{X264} -bf 3 -b_strategy 0 -x264-params open-gop=1:keyint=15:min-keyint=15:scenecut=0"),
    "open_gop.ts": ((96, 64), 75, f"{X264} -bf 3 -b_strategy 0 -x264-params open-gop=1:keyint=15:min-keyint=15:scenecut=0"),
    "refreshed.ts": ((96, 64), 75, f"{X264} -bf 0 -x264-params intra-refresh=1:keyint=15:scenecut=0"),
    "hevc.mp4": ((96, 64), 75, "-c:v libx265 -pix_fmt yuv420p -crf 20 -tag:v hvc1 -x265-params keyint=15:min-keyint=15:bframes=3:open-gop=1:pools=1:scenecut=0:frame-threads=1:log-level=error"),
    "odd.mkv": ((97, 61), 50, "-c:v libx264 -pix_fmt yuv444p -crf 16 -threads 1 -sc_threshold 0 -bf 2 -g 20"),
    "untimed.h264": ((96, 64), 50, f"{X264} -bf 0 -g 25 -f h264"),
    "untimed.avi": ((96, 64), 50, f"{X264} -bf 2 -b_strategy 0 -g 25"),
    "late.ts": ((96, 64), 50, f"{X264} -bf 2 -g 25 -muxdelay 0 -output_ts_offset 700"),
}  # fmt: skip
COPIES = {
    "turned.mp4": ("even.mp4", [], ["-metadata:s:v", "rotate=270"]),
    "edited.mp4": ("b_frames.mp4", ["-ss", "0.7"], []),
}


def picture(number: int, size: tuple[int, int]) -> bytes:
    """RGB bytes of the picture that carries the number: the highest bit is the bar on the left."""
    width, height = size
    out = np.full((height, width, 3), 110, np.uint8)
    left = number * 5 % (width - 10)
    out[2:12, left : left + 10] = (200, 60, 40)
    for bar in range(BARS):
        bright = number >> (BARS - 1 - bar) & 1
        out[height // 4 : height * 3 // 4, width * bar // BARS : width * (bar + 1) // BARS] = (
            225 if bright else 25
        )
    return out.tobytes()


def run(*command: str, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, check=True, stdout=subprocess.PIPE).stdout


def render(name: str) -> None:
    size, count, how = CLIPS[name]
    pictures = b"".join(picture(n, size) for n in range(count))
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "25", "-i", "-"]
    exact = ["-bitexact", "-flags:v", "+bitexact"]
    run("ffmpeg", "-v", "error", "-y", *given, *how.split(), *exact, str(HERE / name), data=pictures)


def copy(name: str) -> None:
    of, before, after = COPIES[name]
    run(
        "ffmpeg",
        "-v",
        "error",
        "-y",
        *before,
        "-i",
        str(HERE / of),
        "-c",
        "copy",
        *after,
        "-bitexact",
        str(HERE / name),
    )


def dump(name: str) -> dict[str, object]:
    """When each frame is shown by ffprobe, and the number in ffmpeg's picture of it, turned as it is to be shown."""
    path = str(HERE / name)
    shown = run("ffprobe", "-v", "error", "-select_streams", "v", "-show_frames", "-of", "json", path)
    frames = json.loads(shown)["frames"]
    turned = name in COPIES and name.startswith("turned")
    width, height = frames[0]["width"], frames[0]["height"]
    size = (height, width) if turned else (width, height)
    raw = run(
        "ffmpeg",
        "-v",
        "error",
        "-i",
        path,
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    )
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0])
    if len(pictures) != len(frames):
        raise SystemExit(f"{name}: ffprobe shows {len(frames)} frames and ffmpeg {len(pictures)}")
    quarters = 3 if turned else 0
    said = [frame.get("best_effort_timestamp_time", "") for frame in frames]
    numbers = [number_in(np.rot90(grey, -quarters)) for grey in pictures]
    return {"size": size, "rotation": 90 * quarters, "frames": list(zip(said, numbers, strict=True))}


def number_in(grey: np.ndarray) -> int:
    """The number that a picture, laid as it was rendered, carries."""
    height, width = grey.shape
    number = 0
    for bar in range(BARS):
        middle = round(width * (bar + 0.5) / BARS)
        number = number * 2 + int(
            grey[height // 2 - 3 : height // 2 + 3, middle - 2 : middle + 3].mean() > 125
        )
    return number


def main() -> None:
    for name in CLIPS:
        render(name)
    for name in COPIES:
        copy(name)
    version = run("ffmpeg", "-version").decode().splitlines()[0]
    clips = {name: dump(name) for name in (*CLIPS, *COPIES)}
    lines = [f" {json.dumps(name)}: {json.dumps(said)}" for name, said in clips.items()]
    (HERE / "truth.json").write_text(
        '{"made_with": ' + json.dumps(version) + ",\n" + ",\n".join(lines) + "\n}\n"
    )


if __name__ == "__main__":
    main()
