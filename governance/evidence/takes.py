"""What a model takes, as far as the task of its card says so."""

from __future__ import annotations

TEXT, ROWS, PICTURE, SOUND = "text", "rows", "picture", "sound"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The Hub's tasks by what goes in; of tasks that take several things nothing is said.
_TAKES: dict[str, str] = {
    **dict.fromkeys(
        _words(
            "text-generation text2text-generation text-classification token-classification question-answering fill-mask"
            " summarization translation sentence-similarity zero-shot-classification text-ranking text-to-image"
            " text-to-speech text-to-audio text-to-video"
        ),
        TEXT,
    ),
    **dict.fromkeys(_words("tabular-classification tabular-regression time-series-forecasting"), ROWS),
    **dict.fromkeys(
        _words(
            "image-classification image-to-image image-to-text image-segmentation object-detection depth-estimation"
            " mask-generation image-feature-extraction keypoint-detection"
        ),
        PICTURE,
    ),
    **dict.fromkeys(
        _words("audio-classification voice-activity-detection automatic-speech-recognition audio-to-audio"), SOUND
    ),
}


def takes(task: str) -> str:
    """``text``, ``rows``, ``picture`` or ``sound``; empty where the task does not tell.

    >>> takes("audio-classification")
    'sound'
    """
    return _TAKES.get(task, "")
