"""What is labelled in a folder: the files of truth and the videos they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import Invalid

VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".ts", ".mpg", ".wmv")
EVENTS = (".truth.json", ".truth.csv")
TRACKS = (".gt.txt",)
BOXES = (".coco.json",)
HELP = (
    "label a video NAME.mp4 by NAME.truth.json or .csv (events), NAME.gt.txt (MOT tracks) or NAME.coco.json (boxes) beside it, "
    "or give a .jsonl file of questions"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A video and the truth files that speak of it."""

    video: Path
    events: Path | None = None
    tracks: Path | None = None
    boxes: Path | None = None

    @property
    def domain(self) -> str:
        """The folder the video lies in."""
        return self.video.parent.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that is labelled: videos, COCO files over pictures of their own, and files of questions."""

    videos: tuple[Labelled, ...]
    pictures: tuple[Path, ...]
    questions: tuple[Path, ...]


def labelled(paths: Sequence[Path]) -> Found:
    """What is labelled in the folders, and by the files, given. Raises `Invalid` where nothing is, or a video is missing."""
    files = [file for path in paths for file in _files(path)]
    videos: dict[Path, dict[str, Path]] = {}
    pictures: list[Path] = []
    for file in files:
        for kind, endings in (("events", EVENTS), ("tracks", TRACKS), ("boxes", BOXES)):
            if file.name.lower().endswith(endings):
                video = _video_of(file, endings)
                if video is not None:
                    videos.setdefault(video, {})[kind] = file
                elif kind == "boxes":
                    pictures.append(file)
                else:
                    raise Invalid(f"there is no video beside {file}", next_step=HELP)
        if file.name == "gt.txt" and file.parent.name == "gt":
            videos.setdefault(_video_of_sequence(file), {})["tracks"] = file
    questions = tuple(file for file in files if file.suffix.lower() == ".jsonl")
    if not (videos or pictures or questions):
        raise Invalid(f"nothing is labelled in {', '.join(map(str, paths))}", next_step=HELP)
    rows = tuple(Labelled(video=video, **kinds) for video, kinds in sorted(videos.items()))
    return Found(videos=rows, pictures=tuple(pictures), questions=questions)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    elif not path.is_file():
        raise Invalid(f"there is no {str(path)!r}", next_step="check the path")
    elif path.suffix.lower() in VIDEOS:
        yield from (
            file for end in (*EVENTS, *TRACKS, *BOXES) if (file := path.with_name(path.stem + end)).is_file()
        )
    else:
        yield path


def _video_of(file: Path, endings: Iterable[str]) -> Path | None:
    name = file.name
    for end in endings:
        if name.lower().endswith(end):
            name = name[: -len(end)]
            break
    return next((video for end in VIDEOS if (video := file.with_name(name + end)).is_file()), None)


def _video_of_sequence(file: Path) -> Path:
    """The video of a MOT-challenge sequence `NAME/gt/gt.txt`: `NAME.mp4` beside the folder, or one inside it."""
    folder = file.parent.parent
    beside = [folder.with_name(folder.name + end) for end in VIDEOS]
    inside = sorted(each for each in folder.iterdir() if each.suffix.lower() in VIDEOS)
    video = next((each for each in [*beside, *inside] if each.is_file()), None)
    if video is None:
        raise Invalid(
            f"there is no video for the sequence {folder.name!r}",
            next_step="put its pictures into one video NAME.mp4 beside the folder NAME, frame by frame",
        )
    return video
