"""Playing a model a sound from its version's page: decoded in the sandbox, at a rate that somebody says."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from audits import blobs, execution
from audits.models import Run
from governance.evidence import forgetting, trials
from governance.evidence.models import KeptTrial
from governance.evidence.services import EvidenceRefused
from tests.audits.adapters.sounds import adding_up, loudness, stored, tone
from tests.governance.catalog.clients import API, client
from tests.governance.portal.trying.asking import address, bring, browser
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]
FACTOR = b"\0\0\0\x40"  # 2 as a number of 32 bits


@pytest.fixture
def heard(world: World) -> World:
    """A version whose task is to tell sounds apart, with a graph that says neither its rate nor all its numbers."""
    world.version = world.new_version(task="audio-classification")
    bring(world, "model.onnx", loudness([None, 1, 4000], outside="model.onnx_data"))
    bring(world, "model.onnx_data", FACTOR)
    return world


def play(world: World, content: bytes, **more: Any) -> Any:
    file = SimpleUploadedFile("bark.wav", content, content_type="audio/wav")
    return browser(world.submitter).post(address(world), {"use_case": world.use_case.slug, "sound": file, **more})


def answered() -> Run:
    run = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    return run


def test_a_sound_is_played_to_a_model_and_the_page_says_how_it_was_heard_and_it_is_kept_and_forgotten(
    heard: World, settings: Any
):
    page = browser(heard.submitter).get(address(heard)).content.decode()
    assert 'name="sound"' in page
    assert 'name="typed"' not in page, "by its task it is not asked about texts"
    assert "&quot;inputs&quot;: [{&quot;sound&quot;: &quot;…&quot;}]" in page, "and so do programs ask"
    sound, other = stored(tone(0.75, rate=8000), rate=8000), stored(tone(0.5, rate=8000), rate=8000)
    digest = hashlib.sha256(sound).hexdigest()

    unsaid = play(heard, other)
    told_nothing = answered()
    asked = play(heard, sound, sampling_rate="8000")
    run = answered()

    assert unsaid.status_code == 302
    assert (told_nothing.state, told_nothing.error_code) == ("errored", "sound_unclear")
    assert "put sampling_rate into preprocessor_config.json" in told_nothing.error
    unclear = browser(heard.submitter).get(unsaid.url.partition("#")[0]).content.decode()
    assert "It is not clear how the model hears. Tell it below, or mend what its files say. Nothing says" in unclear
    assert (run.state, run.verdict) == ("succeeded", "answered"), run.error
    document = json.loads(blobs.read_checked(run.result_sha256))
    assert document["question"] == [{"sound": digest, "media_type": "audio/wav", "bytes": len(sound)}]
    (answer,) = document["answers"]
    assert answer["scores"] == pytest.approx([0.0, 1.0], abs=2e-3), "twice the mean and the highest of 1.5 windows"
    assert (answer["windows"], answer["padding"]) == (2, 2000)
    shown = browser(heard.submitter).get(asked.url.partition("#")[0]).content.decode()
    assert "sound: WAV" in shown
    assert "8,000 samples in a second (as told with the question), one channel" in shown
    assert "windows of 4,000 samples, the last filled up with silence; a score is the mean of the windows" in shown
    assert 'value="8000"' in shown, "what was told stands in the form, to ask again"
    assert "Make it a permanent stress case" not in shown
    with pytest.raises(EvidenceRefused) as refused:
        trials.keep_case(run_id=run.pk, row=0, expected="1", by=heard.submitter, at=timezone.now())
    assert refused.value.code == "case_unfit", "no stress audit asks about sounds yet"

    late = timezone.now() + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1)
    browser(heard.submitter).post(address(heard, name="try-keep", pk=run.pk), {"note": "a tone"})
    assert blobs.is_there(hashlib.sha256(other).hexdigest())
    forgetting.forget_trials(at=late)
    assert KeptTrial.objects.get().run == run
    assert blobs.is_there(digest), "the trial that was kept rests on it"
    assert not blobs.is_there(hashlib.sha256(other).hexdigest())


def test_what_is_no_sound_says_so_before_it_is_stored_and_hostile_ones_where_they_are_decoded(heard: World):
    for content, more, says in (
        (b"", {}, "The file is no WAV."),
        (b"fLaC" + bytes(50), {}, "The file is no WAV."),
        (b"RIFF\0\0\0\0WEBP", {}, "The file is no WAV."),
        (stored(tone()) + bytes(4 << 20), {}, "A sound has at most 4 MB."),
        (stored(tone()), {"sampling_rate": "0"}, "greater than or equal to 1"),
    ):
        answer = play(heard, content, **more)
        assert (answer.status_code, says in answer.content.decode()) == (422, True), says
    empty = browser(heard.submitter).post(address(heard), {"use_case": heard.use_case.slug})
    assert "Choose a sound." in empty.content.decode()
    assert not Run.objects.filter(kind="trial").exists()

    play(heard, stored(tone())[:-1], sampling_rate="8000")
    run = answered()

    assert (run.state, run.error_code) == ("errored", "inputs")
    assert "sound 1 ends early" in run.error


def test_programs_play_sounds_to_a_model_that_follows_them(world: World):
    world.version = world.new_version()
    bring(world, "model.onnx", adding_up())
    program = client(world.submitter, "audits:run", "catalog:read")
    entry = world.version.entry
    subject = {"kind": entry.kind, "id": entry.repo_id, "revision": world.version.revision}
    loud = [base64.b64encode(stored([0.5] * many, rate=8000)).decode() for many in (200, 500)]

    def post(*inputs: Any, **hearing: Any) -> Any:
        asked = {"subject": subject, "use_case": world.use_case.slug, "inputs": inputs, "hearing": hearing}
        return program.post(f"{API}trials/", asked)

    answers = [
        post({"sound": loud[0]}, {"sound": loud[1]}, sampling_rate=8000, window_samples=100),
        post({"sound": loud[0]}, rate=8000),
        post({"sound": loud[0]}, {"picture": loud[0]}),
        post({"sound": "not base64!"}),
        post({"sound": base64.b64encode(b"OggS").decode()}),
        post(*[{"sound": loud[0]}] * 9),
    ]

    assert [one.status_code for one in answers] == [202, *[422] * 5]
    codes = [one.json()["code"] for one in answers[1:]]
    assert codes == ["hearing_odd", "question_odd", "sound_odd", "sound_odd", "question_odd"]
    document = json.loads(blobs.read_checked(answered().result_sha256))
    first, second = document["answers"]
    assert first["score_by_window"] == pytest.approx([50 * 8000, 100 * 8000], rel=1e-3)
    assert second["score"] == pytest.approx([250 * 8000], rel=1e-3)
    assert (first["windows"], second["windows"]) == (2, 5)


def test_the_page_of_a_version_offers_what_its_task_takes():
    world = World()
    says = {
        "text-classification": "Type something",
        "tabular-regression": "Type a row of features",
        "image-classification": "Show it a picture",
        "voice-activity-detection": "Play it a sound",
        "any-to-any": "Ask it",
    }

    for task, words in says.items():
        world.version = world.new_version(task=task)
        page = browser(world.submitter).get(address(world, name="version")).content.decode()

        assert f"{words} and see what the model answers</a>" in page
        assert page.count("and see what the model answers") == 1
