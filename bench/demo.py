"""`make demo`: the main job from end to end on one machine, told step by step.

watch → memory → three cited answers → an alert handed to a local receiver that checks its signature → a report.
Without an argument it renders its own scene; with a path it takes that video.
"""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from alerts.deliver import deliver_due
from alerts.rule import parse_rules, to_rule
from alerts.webhook import new_secret
from api.wiring.house import build
from bench.receiver import Receiver
from core import ids
from core.answers import Answer, Question
from core.clock import Span, clock_text, seconds
from core.errors import SightlineError
from core.media import Stream
from core.memory import Entity, Event, Query, Want
from core.place import EMPTY_LAYOUT, Layout
from core.ports import House
from core.settings import Settings, read_settings
from core.watch import Incident, Rule, Webhook
from ingest.layout.read import read_layout
from ingest.register import register
from ingest.source import probe
from jobs.handlers import INGEST, handlers

FOLDER = Path("demo")
SEED = 7
MOST_ROWS = 40

ANY_VIDEO_RULES = """\
rules:
  - name: something-came
    when: {kinds: [appeared]}
    cooldown: 10 min
    severity: low
    message: "{label} came into the picture of {stream} at {time}"
"""

say = Console()


@dataclass(frozen=True)
class Scene:
    """What the demo watches: a video, what is drawn on it, and the rules to arm."""

    video: Path
    zones: Path | None
    rules: str
    questions: tuple[str, ...]


def main(arguments: list[str]) -> int:
    """Runs the demo; returns the exit status."""
    began = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    settings = read_settings(home=(FOLDER / "home").resolve())
    try:
        scene = given(Path(arguments[0])) if arguments else rendered()
        tell(scene, build(settings), settings)
    except SightlineError as error:
        say.print(f"[red]error:[/] {error.message}")
        say.print(f"next:  {error.next_step}")
        return 2
    say.print(f"\nDone in {time.monotonic() - began:.0f} s.")
    how_to_open_the_page()
    return 0


def rendered() -> Scene:
    """The loading dock, rendered from a seed with its truth beside it."""
    from bench.scenes import render

    heading("Rendering a loading dock")
    files = render(kind="dock", seed=SEED, folder=FOLDER)
    say.print(f"{files.video}, and what truly happens in it: {files.truth}")
    return Scene(
        video=files.video,
        zones=files.zones,
        rules=files.rules.read_text(),
        questions=(
            "How many people appear?",
            "When was there a near miss?",
            "How long was the aisle blocked?",
        ),
    )


def given(video: Path) -> Scene:
    """A video of the user's own; the questions are made from what is seen in it."""
    return Scene(video=video, zones=None, rules=ANY_VIDEO_RULES, questions=())


def tell(scene: Scene, house: House, settings: Settings) -> None:
    """The whole way, one step after the other."""
    with Receiver(secret := new_secret()) as receiver:
        arm(house, scene.rules, receiver.url, secret)
        stream = watch(scene, house, settings)
        timeline(house, stream)
        ask(house, stream, scene.questions or questions_about(house, stream))
        alert(house, receiver)
    write_report(house, stream)


def heading(text: str) -> None:
    """A step's title."""
    say.print()
    say.rule(f"[bold]{text}", align="left")


def arm(house: House, text: str, url: str, secret: str) -> None:
    """Arms the rules and registers the local receiver."""
    for spec in parse_rules(text, "demo.rules.yaml"):
        house.ledger.put(to_rule(spec, armed=True))
    webhook = Webhook(id=ids.WebhookId(ids.fresh("wh")), url=url, secret=secret, added_at=house.clock.now())
    house.ledger.put(webhook)


def watch(scene: Scene, house: House, settings: Settings) -> Stream:
    """Registers the video and watches it, with a progress bar."""
    heading(f"Watching {scene.video.name}")
    stream = register(
        str(scene.video),
        name=scene.video.stem,
        layout=layout_of(scene, settings),
        house=house,
        settings=settings,
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=say) as bar:
        task = bar.add_task(stream.name, total=1.0)
        result = handlers(house, settings)[INGEST](
            {"stream_id": stream.id}, lambda done, _message: bar.update(task, completed=done)
        )
    say.print(
        f"{seconds(stream.duration):.1f} s of {stream.width}×{stream.height} {stream.codec} watched in {result['seconds']:.1f} s: "
        f"{result['events']} events, {result['entities']} things, in {result['chunks']} chunks"
    )
    return house.ledger.get(Stream, stream.id) or stream


def layout_of(scene: Scene, settings: Settings) -> Layout:
    """What is drawn on the scene."""
    if scene.zones is None:
        return EMPTY_LAYOUT
    info = probe(str(scene.video))
    return read_layout(
        scene.zones.read_text(), width=info.width, height=info.height, filename=scene.zones.name
    )


def timeline(house: House, stream: Stream) -> None:
    """Prints what was seen, in order of time."""
    heading("What was seen")
    events = house.store.find(Query(want=Want.EVENTS, streams=(stream.id,))).events
    who = {e.id: e for e in house.store.find(Query(want=Want.ENTITIES, streams=(stream.id,))).entities}
    table = Table(box=None, pad_edge=False)
    for title in ("from", "to", "what", "who", "where", "sure"):
        table.add_column(title, justify="right" if title in ("from", "to", "sure") else "left")
    for event in events[:MOST_ROWS]:
        table.add_row(*row(event, who))
    say.print(table)
    if len(events) > MOST_ROWS:
        say.print(f"… and {len(events) - MOST_ROWS} more: `sightline events --stream {stream.name}`")
    if not events:
        say.print("Nothing moved in it.")


def row(event: Event, who: dict[ids.EntityId, Entity]) -> tuple[str, ...]:
    """One line of the timeline."""
    moment = event.span.duration <= 1
    names = ", ".join(described(who[i]) for i in event.entity_ids if i in who)
    return (
        clock_text(event.span.start),
        "" if moment else clock_text(event.span.end),
        event.kind.replace("_", " "),
        names,
        event.zone or "",
        f"{event.confidence:.0%}",
    )


def described(entity: Entity) -> str:
    """An entity in two or three words: `red car`, `person in blue`."""
    colour = entity.attributes.get("colour")
    upper = entity.attributes.get("upper")
    if upper:
        return f"{entity.label} in {upper}"
    return f"{colour} {entity.label}" if colour else entity.label


def questions_about(house: House, stream: Stream) -> tuple[str, ...]:
    """Three questions that fit what was seen in a video nobody described beforehand."""
    entities = house.store.find(Query(want=Want.ENTITIES, streams=(stream.id,))).entities
    labels = [entity.label for entity in entities]
    label = max(sorted(set(labels)), key=labels.count) if labels else "person"
    many = {"person": "people", "bus": "buses"}.get(label, f"{label}s")
    return (
        f"How many {many} appear?",
        f"When does the first {label} appear?",
        f"In which direction does the first {label} move?",
    )


def ask(house: House, stream: Stream, questions: tuple[str, ...]) -> None:
    """Asks and prints each answer with the seconds that prove it."""
    from agent.answer import answer

    heading("Three questions")
    for text in questions:
        got: Answer = answer(
            Question(text=text, streams=(stream.name,)),
            store=house.store,
            ledger=house.ledger,
            frames=house.frames,
        )
        say.print(f"[bold]{text}[/]\n  {got.text}  [dim]({got.status}, {got.confidence:.0%} sure)[/]")
        spans = ", ".join(str(citation.span) for citation in got.citations[:6])
        more = f" and {len(got.citations) - 6} more" if len(got.citations) > 6 else ""
        say.print(f"  [cyan]see {stream.name} at {spans}{more}[/]" if spans else "  [dim]nothing to cite[/]")


def alert(house: House, receiver: Receiver) -> None:
    """Hands the incidents to the receiver and prints what it checked."""
    heading("An alert")
    incidents = house.ledger.find(Incident)
    if not incidents:
        rules = ", ".join(rule.name for rule in house.ledger.find(Rule))
        say.print(f"No rule fired (armed: {rules}): nothing to deliver.")
        return
    deliver_due(house.ledger, house.notifier, house.clock)
    for incident in incidents:
        say.print(
            f"[yellow]{incident.severity}[/] {incident.message}  [dim]({incident.rule}, {incident.span})[/]"
        )
    for got in receiver.received:
        verdict = "signature valid" if got.verified else "SIGNATURE WRONG"
        say.print(f"  the receiver at {receiver.url} got {got.message_id}: {verdict}")


def write_report(house: House, stream: Stream) -> None:
    """Writes the report beside the video."""
    from agent.report import write_report as write

    heading("A report")
    length = max(stream.duration, 1)
    file = write(
        streams=(stream,),
        span=Span(0, length),
        store=house.store,
        ledger=house.ledger,
        frames=house.frames,
        title=f"What was seen in {stream.name}",
    )
    path = FOLDER / "report.html"
    path.write_text(file.html)
    say.print(f"{path}  ({path.stat().st_size / 1e6:.1f} MB, snapshots and a plot of the timeline inside)")


def how_to_open_the_page() -> None:
    """The last lines: the page."""
    say.print("\nOpen the page on this memory:")
    say.print(f"  SIGHTLINE_HOME={FOLDER / 'home'} .venv/bin/sightline serve", style="bold", highlight=False)
    say.print("and go to http://127.0.0.1:8000 with the key it prints.", highlight=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
