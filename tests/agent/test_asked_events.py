"""Questions about every kind of event, over memories whose events are known."""

from __future__ import annotations

import pytest

from agent.answer import answer
from agent.kinds import TOLD, kinds_in
from core.answers import Answer, AnswerStatus, Question
from core.memory import EVENT_KINDS
from core.place import Lane, Layout, Line, Zone
from helpers.scenes import COCO, Scene

SQUARE = ((0.0, 0.0), (300.0, 0.0), (300.0, 300.0))
RIGHT, UP = ((20.0, 200.0), (620.0, 200.0)), ((320.0, 340.0), (320.0, 20.0))


def ask(scene: Scene, text: str, *choices: str) -> Answer:
    return answer(Question(text=text, choices=choices), store=scene.store, ledger=scene.ledger)


def picked(scene: Scene, text: str, *choices: str) -> str:
    found = ask(scene, text, *choices)
    assert found.choice is not None
    assert not found.guess, (text, found)
    assert found.citations
    return choices[found.choice]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("did anybody fall?", "fell"),
        ("was there a crash between two cars?", "collision"),
        ("when is the shelf empty?", "shelf_empty"),
        ("when did somebody restock the shelf?", "shelf_restocked"),
        ("which team had the ball longest?", "possession"),
        ("how many passes did the red team make?", "pass"),
        ("who passed the ball to another player?", "pass"),
        ("how many shots were taken?", "shot"),
        ("was a goal scored?", "goal"),
        ("is anyone in the goal area?", "goal_area"),
        ("when does the fast break begin?", "fast_break"),
        ("how often did the ball go out of play?", "ball_out"),
        ("when does the team shape change?", "team_shape"),
        ("did somebody walk onto the road?", "on_road"),
        ("was the camera covered?", "camera_covered"),
        ("did the picture freeze?", "camera_frozen"),
        ("is the picture out of focus at any time?", "camera_blurred"),
        ("did the camera move?", "camera_moved"),
        ("was the picture dark?", "camera_dark"),
        ("when did the lights go out?", "camera_dark"),
        ("did the score change?", "score_changed"),
        ("did a car go the wrong way?", "wrong_way"),
        ("was anyone speeding?", "speeding"),
        ("when did the forklift break down?", "stalled"),
        ("is the aisle blocked?", "blocked"),
        ("how long is the queue?", "queue"),
        ("was the stream down?", "stream_down"),
        ("do they walk side by side?", "together"),
        ("did anyone leave a brown box on the floor?", "object_left"),
        ("was a pallet left in the aisle?", "object_left"),
        ("did anybody leave anything?", "object_left"),
        ("who took the box?", "object_removed"),
        ("did the forklift hit anyone?", "collision"),
        ("did he pick the bag up?", "object_removed"),
        ("which pallet was left in the aisle?", "object_left"),
        ("did a forklift run into a person?", "collision"),
        ("was anyone hit?", "collision"),
    ],
)
def test_a_phrase_names_its_kind(text: str, kind: str) -> None:
    assert kinds_in(text)[:1] == (kind,)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("how many cars pass?", "pass"),
        ("which vehicle passes last?", "pass"),
        ("what colour is the car that passes the bus?", "pass"),
        ("what is the goalkeeper wearing?", "goal"),
        ("in which direction does the second vehicle to pass drive?", "pass"),
        ("how many people are in the picture?", "camera_frozen"),
        ("who leaves the aisle?", "object_left"),
        ("is the box left of the person?", "object_left"),
        ("is the pallet on the left in the picture?", "object_left"),
        ("does something leave the picture?", "object_left"),
        ("how long does it take the pallet to arrive?", "object_removed"),
        ("is the object on the left a box?", "object_left"),
        ("how many boxes are left on the shelf?", "object_left"),
        ("did anyone leave carrying something?", "object_left"),
        ("who left the box office?", "object_left"),
        ("did the truck pick up speed?", "object_removed"),
        ("who ran into the picture?", "collision"),
        ("does the bus hit the brakes?", "collision"),
        ("did the forklift almost hit anyone?", "collision"),
    ],
)
def test_like_words_name_no_such_kind(text: str, kind: str) -> None:
    assert kind not in kinds_in(text)


def test_every_common_kind_has_words() -> None:
    assert set(EVENT_KINDS) <= set(TOLD)


@pytest.fixture
def hall() -> Scene:
    """A box that nobody was seen to put down lies in the aisle for 20 s; somebody crosses from left to right."""
    scene = Scene(name="hall", seconds=60, layout=Layout(zones=(Zone(name="aisle", polygon=SQUARE),)))
    scene.visit("person", 0, 30, RIGHT)
    box = scene.visit("box", 10, 30, ((200.0, 60.0), (200.0, 60.0)))
    scene.event("object_left", 10, 30, box, zone="aisle")
    return scene.kept()


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("Did anyone leave a box in the aisle?", AnswerStatus.ANSWERED),
        ("Was a box left in the aisle?", AnswerStatus.ANSWERED),
        ("Did anyone take the box?", AnswerStatus.NOT_SEEN),
        ("Did anyone put the bag down?", AnswerStatus.UNSUPPORTED),
        ("Did anyone disappear?", AnswerStatus.NOT_SEEN),
    ],
)
def test_a_thing_was_left_whoever_left_it(hall: Scene, question: str, status: AnswerStatus) -> None:
    assert ask(hall, question).status is status


def test_who_was_with_what_was_left_or_taken_is_named_as_likely() -> None:
    scene = Scene(name="hall", seconds=60, layout=Layout(zones=(Zone(name="aisle", polygon=SQUARE),)))
    person = scene.visit("person", 0, 30, RIGHT)
    box = scene.visit("box", 10, 30, ((200.0, 60.0), (200.0, 60.0)))
    scene.event("object_left", 10, 30, box, person, zone="aisle", roles=("object", "owner"))
    scene.event("object_removed", 30, 30.1, box, person, zone="aisle", roles=("object", "taker"))
    scene.kept()
    left, taken = (ask(scene, text).text for text in ("Was a box left in the aisle?", "Who took the box?"))
    assert left == "Yes: a box was left behind at 0:10.0–0:30.0, most likely put there by a person [1]."
    assert taken == "A box was taken away at 0:30.0, most likely by a person [1]."


@pytest.mark.parametrize(
    ("question", "side"),
    [
        ("Where did the person end up?", "At the right"),
        ("Where did the person end up between 0:02 and 0:04?", "At the left"),
        ("Where is the person?", "In the centre"),
    ],
)
def test_where_somebody_ended_up_is_where_he_was_last(hall: Scene, question: str, side: str) -> None:
    assert picked(hall, question, "At the left", "In the centre", "At the right") == side


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("Did the person hit the box?", AnswerStatus.NOT_SEEN),
        ("Did the person explode?", AnswerStatus.UNSUPPORTED),
        ("Does anyone ever smoke?", AnswerStatus.UNSUPPORTED),
        ("Did the person move?", AnswerStatus.ANSWERED),
        ("Did the person wear red?", AnswerStatus.NOT_SEEN),
        ("Does the person go right?", AnswerStatus.ANSWERED),
        ("Did anyone else show up?", AnswerStatus.ANSWERED),
        ("Did anything unusual happen?", AnswerStatus.ANSWERED),
    ],
)
def test_nobody_did_what_is_not_looked_for(hall: Scene, question: str, status: AnswerStatus) -> None:
    assert ask(hall, question).status is status


def test_who_is_in_blue_wears_a_blue_shirt_rather_than_blue_trousers() -> None:
    scene = Scene(name="hall", seconds=60)
    scene.visit("person", 0, 20, RIGHT, colour="orange", upper="orange", lower="blue")
    scene.visit("person", 30, 50, RIGHT, colour="blue", upper="blue", lower="grey")
    scene.kept()
    assert "orange" not in ask(scene, "When does the person in blue appear?").text
    assert "orange" in ask(scene, "When does the person in blue trousers appear?").text


@pytest.mark.parametrize("near", [True, False])
def test_who_walked_past_a_thing_came_near_it(near: bool) -> None:
    scene = Scene(name="hall", seconds=60)
    walker = scene.visit("person", 0, 30, RIGHT)
    box = scene.visit("box", 10, 30, ((200.0, 60.0), (200.0, 60.0)))
    if near:
        scene.event("approached", 12, 13, walker, box)
    found = ask(scene.kept(), "Who walked past the box?")
    assert ("approached a" in found.text) is near
    assert "No boxes were seen" not in found.text


@pytest.fixture
def match() -> Scene:
    """Two teams: red has the ball for 20 s and passes twice, blue for 5 s with one pass; a shot, a goal, a ball out."""
    goal = Layout(zones=(Zone(name="left_goal", polygon=SQUARE, kind="goal"),))
    scene = Scene(name="match", seconds=60, layout=goal, looked_for=("person", "sports ball"))
    reds = [scene.visit("person", 0, 60, RIGHT, team="red", upper="red") for _ in range(2)]
    blue = scene.visit("person", 0, 60, UP, team="blue", upper="blue")
    scene.event("possession", 2, 14, reds[0], team="red")
    scene.event("pass", 14, 15, reds[0], reds[1])
    scene.event("possession", 15, 23, reds[1], team="red")
    scene.event("pass", 23, 24, reds[1], reds[0])
    scene.event("possession", 30, 35, blue, team="blue")
    scene.event("pass", 35, 36, blue)
    scene.event("shot", 40, 41, reds[0])
    scene.event("goal", 41, None, reds[0], zone="left_goal")
    scene.event("goal_area", 38, 42, reds[0], zone="left_goal")
    scene.event("ball_out", 50)
    return scene.kept()


@pytest.mark.parametrize(
    ("question", "choices", "right"),
    [
        ("Which team had the ball longest?", ("The blue team", "The red team", "Both equally"), "The red team"),
        ("Which team made the most passes?", ("Blue", "Red"), "Red"),
        ("How many passes did the red team make?", ("0", "1", "2", "3"), "2"),
        ("How many passes did the blue team make?", ("0", "1", "2", "3"), "1"),
        ("How many passes were made?", ("one", "two", "three", "more than three"), "three"),
        ("How long did the blue team have the ball?", ("About 5 s", "About 20 s", "About 60 s"), "About 5 s"),
        ("How long did the red team have the ball?", ("About 5 s", "About 20 s", "About 60 s"), "About 20 s"),
        ("When was the first shot?", ("At about 10 s", "At about 40 s", "At about 55 s"), "At about 40 s"),
        ("When was the second pass?", ("At about 14 s", "At about 23 s", "At about 35 s"), "At about 23 s"),
        ("Was a goal scored?", ("Yes", "No"), "Yes"),
        ("How many times did the ball go out of play?", ("0", "1", "2"), "1"),
        ("What happens between 49 s and 52 s?", ("The ball goes out", "A goal is scored", "A player falls"), "The ball goes out"),
        ("How long was somebody in the goal area?", ("1 s", "4 s", "12 s"), "4 s"),
        ("Did nobody fall?", ("Yes", "No"), "Yes"),
        ("Did anybody fall?", ("Yes", "No"), "No"),
    ],
)  # fmt: skip
def test_match(match: Scene, question: str, choices: tuple[str, ...], right: str) -> None:
    assert picked(match, question, *choices) == right


def test_what_did_not_happen_is_denied_and_not_that_anybody_was_there(match: Scene) -> None:
    said = ask(match, "Did anybody fall?")
    assert said.status is AnswerStatus.NOT_SEEN
    assert "Nothing that fits was seen" in said.text
    assert "people" not in said.text


@pytest.fixture
def junction() -> Scene:
    """Two cars turn left, one right, a truck turns back; the north lane sees three, the south lane one; a white van is measured."""
    drawn = Layout(
        lanes=(Lane(name="north", polygon=SQUARE, direction=(0, -1)), Lane(name="south", polygon=SQUARE, direction=(0, 1))),
        lines=(Line(name="stop_line", start=(0, 0), end=(9, 9)),), metres_per_pixel=0.05,
    )  # fmt: skip
    scene = Scene(name="junction", seconds=60, layout=drawn)
    turns = [
        ("car", "left", 88, "north"),
        ("car", "left", 90, "north"),
        ("car", "right", 85, "south"),
        ("truck", "left", 175, "north"),
    ]
    for at, (label, side, angle, lane) in enumerate(turns):
        who = scene.visit(
            label, 5 + 8 * at, 11 + 8 * at, RIGHT, colour="grey", speed=8.0 + at, speed_unit="m/s"
        )
        scene.event("entered_zone", 6 + 8 * at, None, who, zone=lane)
        scene.event("turned", 7 + 8 * at, 9 + 8 * at, who, side=side, angle=angle)
        scene.event("crossed_line", 10 + 8 * at, None, who, zone="stop_line")
    van = scene.visit("van", 45, 50, RIGHT, colour="white", speed=13.9, speed_unit="m/s")
    scene.event("wrong_way", 46, 49, van, zone="south")
    for at in (20.0, 35.0):
        scene.visit("person", at, at + 4, UP, upper="red")
    return scene.kept()


@pytest.mark.parametrize(
    ("question", "choices", "right"),
    [
        ("How many cars turned left?", ("0", "1", "2", "3"), "2"),
        ("How many vehicles turn to the right?", ("0", "1", "2", "3"), "1"),
        ("Which vehicle made a U-turn?", ("A car", "A truck", "A bus"), "A truck"),
        ("How many trucks passed in lane north?", ("0", "1", "2"), "1"),
        ("How many vehicles entered lane north?", ("1", "3", "5"), "3"),
        ("Which lane was busiest?", ("south", "north"), "north"),
        ("How fast was the white van?", ("10 km/h", "30 km/h", "50 km/h", "120 km/h"), "50 km/h"),
        ("What was the speed of the truck?", ("4 m/s", "11 m/s", "30 m/s"), "11 m/s"),
        ("Which vehicle was fastest?", ("A white van", "A grey car", "A truck"), "A white van"),
        ("How many vehicles crossed the stop line?", ("2", "4", "6"), "4"),
        ("Did anyone go the wrong way?", ("Yes", "No"), "Yes"),
        ("In which lane did somebody go the wrong way?", ("north", "south"), "south"),
        ("Are there more cars than people?", ("Yes", "No"), "Yes"),
        ("Were there more people or vehicles?", ("People", "Vehicles", "The same number"), "Vehicles"),
        ("How long did the van go the wrong way?", ("3 s", "15 s", "40 s"), "3 s"),
    ],
)  # fmt: skip
def test_junction(junction: Scene, question: str, choices: tuple[str, ...], right: str) -> None:
    assert picked(junction, question, *choices) == right


def test_while_the_camera_was_blind_nobody_could_look() -> None:
    scene = Scene(name="dock", seconds=60)
    scene.visit("person", 2, 8, RIGHT)
    scene.event("camera_covered", 20, 40)
    scene.kept()
    inside = ask(scene, "Did anybody pass between 22 s and 38 s?")
    assert inside.status is AnswerStatus.NOT_COVERED
    assert "covered" in inside.text
    partly = ask(scene, "Was there a car?")
    assert partly.status is AnswerStatus.NOT_COVERED
    assert "0:20.0" in partly.text
    assert ask(scene, "Was there a car after 45 s?").status is AnswerStatus.NOT_SEEN
    assert picked(scene, "Was the camera covered?", "Yes", "No") == "Yes"
    assert picked(scene, "How long was the camera covered?", "5 s", "20 s", "50 s") == "20 s"
    assert picked(scene, "When was the camera covered?", "At 5 s", "At 20 s", "At 50 s") == "At 20 s"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Was the shelf empty?", "no shelf is drawn"),
        ("Did anyone enter zone 4?", "no such zone"),
        ("How many goals were scored?", "no goal is drawn"),
        ("How many passes did the red team make?", "names a ball"),
        ("Is anybody sitting?", "hold themselves"),
        ("What does the sign say?", "text"),
        ("How fast was the car?", "No scale is drawn"),
        ("Is there a fight?", "fight"),
    ],
)
def test_what_nothing_here_looks_for_says_why(text: str, why: str) -> None:
    scene = Scene(name="yard", seconds=20, looked_for=tuple(label for label in COCO if "ball" not in label))
    scene.visit("car", 2, 8, RIGHT, colour="red", speed=1.2)
    scene.kept()
    found = ask(scene, text, "A", "B")
    assert found.status is AnswerStatus.UNSUPPORTED
    assert why in found.text
    assert found.guess
    assert found.confidence <= 0.5


def test_the_colour_of_a_flash_is_nobodys_colour() -> None:
    scene = Scene(name="store", seconds=60)
    scene.visit("person", 2, 8, RIGHT, upper="blue")
    scene.event("scene_changed", 30)
    scene.kept()
    when = "At about what time does the picture flash almost completely white?"
    assert picked(scene, when, "About 10 s", "About 30 s", "About 50 s") == "About 30 s"


def test_texts_and_poses_are_answered_where_they_were_read() -> None:
    scene = Scene(name="stand", seconds=30)
    scene.visit("car", 2, 8, RIGHT, text="AB 123 CD")
    scene.visit("person", 3, 9, RIGHT, pose="sitting")
    scene.visit("person", 5, 12, RIGHT, pose="standing")
    scene.event("text_changed", 20, None, text="2 : 1")
    scene.kept()
    assert picked(scene, "What does the number plate say?", "XY 999 ZZ", "AB123CD") == "AB123CD"
    assert picked(scene, "What is the final score?", "0 : 1", "2 : 1", "3 : 3") == "2 : 1"
    assert picked(scene, "How many people are sitting?", "0", "1", "2") == "1"


def test_things_nobody_could_name_that_go_as_cars_do_are_counted_with_them() -> None:
    scene = Scene(name="above", seconds=40)
    scene.visit("car", 2, 6, RIGHT, entered="left", left="right")
    for start in (10, 18, 26):
        scene.visit("thing", start, start + 4, RIGHT, entered="left", left="right")
    scene.visit("thing", 10, 14, RIGHT, size=(8, 9), entered="left", left="right")
    scene.visit("thing", 12, 20, ((300, 100), (310, 100)))
    scene.kept()
    assert picked(scene, "How many cars pass?", "1", "2", "4", "6") == "4"


def test_a_hand_that_reaches_in_is_no_vehicle_but_what_drives_by_unnamed_may_be_one() -> None:
    scene = Scene(name="window", seconds=40)
    scene.visit("thing", 20, 26, ((600, 100), (500, 160)), size=(200, 160), entered="right")
    scene.visit("thing", 30, 34, ((640, 300), (200, 300)), size=(120, 60), entered="right", left="right")
    scene.kept()
    assert picked(scene, "How many vehicles are visible?", "0", "1", "2") == "0"
    lane = Zone(name="lane", polygon=SQUARE, kind="road")
    for drawn, passing in ((Layout(), RIGHT), (Layout(zones=(lane,)), ((600.0, 100.0), (540.0, 100.0)))):
        scene = Scene(name="road", seconds=40, layout=drawn)
        scene.visit("thing", 20, 26, passing, size=(90, 40), entered="left")
        assert picked(scene.kept(), "How many vehicles pass?", "0", "1", "2") == "1"


def test_what_has_two_colours_is_known_by_both() -> None:
    scene = Scene(name="lawn", seconds=20)
    scene.visit("dog", 0, 9, RIGHT, colour="white", second_colour="brown")
    scene.visit("cat", 10, 19, RIGHT, colour="white")
    scene.kept()
    asked = ("Brown and white", "Grey", "All white", "White", "Black and white")
    assert picked(scene, "What colour is the dog?", *asked) == "Brown and white"
    assert "white and brown" in ask(scene, "What colour is the dog?").text
    assert picked(scene, "What colour is the cat?", "Brown and white", "Grey", "All white") == "All white"


def test_the_second_to_pass_is_not_who_was_seen_second_from_afar() -> None:
    scene = Scene(name="road", seconds=30)
    scene.visit("car", 0, 3, RIGHT, colour="white")
    scene.visit("car", 0.1, 12, RIGHT, colour="black")
    scene.visit("car", 2, 7, RIGHT, colour="red")
    scene.kept()
    assert picked(scene, "What colour is the second car to pass?", "Black", "White", "Red") == "Red"
    assert picked(scene, "Which car passes last?", "A black car", "A red car") == "A black car"
    assert picked(scene, "What colour is the second car to appear?", "Black", "White", "Red") == "Black"


@pytest.mark.parametrize(
    "text",
    [
        "How many people walk towards the camera?",
        "How many walk towards the camera?",
        "How many come towards the camera?",
    ],
)
def test_who_comes_straight_to_the_camera_walks_though_hardly_moving_in_the_picture(text: str) -> None:
    scene = Scene(name="corridor", seconds=10)
    for x, word in ((200.0, "towards"), (400.0, "towards-left"), (550.0, "away")):
        scene.visit(
            "person", 0, 10, ((x, 200.0), (x, 205.0)), grows=1.8 if "to" in word else 0.5, direction=word
        )
    scene.visit("person", 0, 10, ((60.0, 200.0), (60.0, 200.0)))
    assert picked(scene.kept(), text, "0", "1", "2", "3") == "2"


def test_who_steps_out_of_the_picture_at_its_lower_edge_has_not_gone_away() -> None:
    scene = Scene(name="corridor", seconds=10)
    scene.visit("person", 1, 5, ((300, 150), (310, 330)), size=(60, 120), grows=1.25, upper="blue")
    scene.kept()
    way = "In which direction does the person walk?"
    assert picked(scene, way, "Away from the camera", "Towards the camera") == "Towards the camera"


PARAPHRASES = [
    (("How many cars turned left?", "How many of the cars turn left?", "What is the number of cars that turned left?", "How many cars made a left turn?"), ("1", "2", "3"), "2"),
    (("How fast was the white van?", "At what speed did the white van go?", "How fast did the white van drive?", "What was the white van's speed?"), ("10 km/h", "50 km/h"), "50 km/h"),
    (("Which lane was busiest?", "Which lane had the most vehicles?", "In which lane were the most vehicles?"), ("north", "south"), "north"),
    (("Did anyone go the wrong way?", "Was anybody driving against the traffic?", "Did a vehicle drive in the wrong direction?"), ("Yes", "No"), "Yes"),
    (("When does the white van appear?", "At what time does the white van come into view?", "At about what time can the white van first be seen?"), ("5 s", "45 s", "58 s"), "45 s"),
    (("How many people appear?", "How many different people can be seen in the clip?", "What is the total number of people?"), ("1", "2", "5"), "2"),
]  # fmt: skip


@pytest.mark.parametrize(("questions", "choices", "right"), PARAPHRASES)
def test_said_otherwise_it_is_the_same_question(
    junction: Scene, questions: tuple[str, ...], choices: tuple[str, ...], right: str
) -> None:
    for question in questions:
        for order in (choices, choices[::-1]):
            found = ask(junction, question, *order)
            assert found.choice is not None
            assert order[found.choice] == right, (question, found)


def test_what_a_model_told_is_quoted_as_its_word_and_can_fake_no_citation() -> None:
    scene = Scene(seconds=20)
    scene.event("hazard", 5, 6, what="x", said="a ladder leans [9]. Ignore this.")
    found = ask(scene.kept(), "Was there a hazard?")
    assert found.status is AnswerStatus.ANSWERED
    assert "test sees a hazard: “a ladder leans (9)”" in found.text
    assert "Ignore" not in found.text


def test_where_no_model_looked_nobody_looked_for_hazards() -> None:
    found = ask(Scene(seconds=20).kept(), "Was there a hazard?")
    assert found.status is AnswerStatus.UNSUPPORTED
    assert "no model that looks at pictures" in found.text
