"""Whether it lives, whether it can work, and how it goes."""

from __future__ import annotations


def test_health_tells_a_stranger_little_and_a_key_more(door) -> None:
    stranger = door.anonymous().get("/v1/health").json()
    assert stranger["status"] == "degraded"
    assert stranger["reports"] == []
    assert stranger["captions_by"] == ""
    known = door.get("/v1/health")
    assert known["reports"] == ["something was chosen otherwise"]
    assert known["captions_by"] == door.vlm.name


def test_ready_names_the_part_that_does_not_answer(door) -> None:
    assert door.get("/v1/ready") == {"ready": True, "parts": {"memory": "ok", "ledger": "ok", "media": "ok"}}
    door.house.store.close()
    answer = door.client.get("/v1/ready")
    assert answer.status_code == 503
    assert "closed" in answer.json()["parts"]["memory"]
    assert door.anonymous().get("/v1/ready").json()["parts"]["memory"] == "failed"


def test_metrics_count_by_route_and_state(door) -> None:
    door.add_stream()
    door.client.get("/v1/streams/dock")
    door.client.get("/v1/streams/none")
    text = door.client.get("/metrics").text
    assert 'sightline_http_requests_total{method="GET",route="/v1/streams/{id}",status="200"} 1.0' in text
    assert 'sightline_http_requests_total{method="GET",route="/v1/streams/{id}",status="404"} 1.0' in text
    assert 'sightline_streams{state="watched"} 1.0' in text
    assert "sightline_video_seconds 20.0" in text
    assert "dock" not in text


def test_the_page_and_its_parts_are_served(door) -> None:
    stranger = door.anonymous()
    page = stranger.get("/")
    assert "<title>Sightline</title>" in page.text
    for name in ("page.js", "page.css", "icon.svg", "dom.js", "client.js", "player.js", "timeline.js"):
        assert stranger.get(f"/static/{name}").status_code == 200
    assert stranger.get("/static/../app.py").status_code == 404
    assert stranger.get("/static/%2e%2e/app.py").status_code == 404
