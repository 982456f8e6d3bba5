"""What a work takes and gives (text, image, audio, video), as far as its task says so.

A limit on works that are more than text is cleared by nothing but a task of text alone without a tag that says more.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MORE_THAN_TEXT = _words(
    "vision multimodal vlm image audio speech video image-text-to-text any-to-any audio-text-to-text video-text-to-text"
    " image-to-text visual-question-answering omni"
)
_TEXT = _words(
    "text-generation text2text-generation text-classification token-classification question-answering fill-mask"
    " summarization translation sentence-similarity zero-shot-classification table-question-answering text-ranking"
)
_MORE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        _words(
            "image-text-to-text image-to-text text-to-image visual-question-answering document-question-answering"
            " visual-document-retrieval zero-shot-image-classification image-text-to-image"
        ),
        ("image", "text"),
    ),
    **dict.fromkeys(
        _words(
            "image-classification image-to-image image-segmentation object-detection depth-estimation mask-generation"
            " unconditional-image-generation image-feature-extraction keypoint-detection zero-shot-object-detection"
        ),
        ("image",),
    ),
    **dict.fromkeys(
        _words("text-to-speech text-to-audio automatic-speech-recognition audio-text-to-text"), ("audio", "text")
    ),
    **dict.fromkeys(_words("audio-classification audio-to-audio voice-activity-detection"), ("audio",)),
    **dict.fromkeys(_words("text-to-video video-text-to-text"), ("text", "video")),
    **dict.fromkeys(_words("video-classification video-to-video"), ("video",)),
    "image-to-video": ("image", "video"),
    "any-to-any": ("audio", "image", "text", "video"),
}


def modalities(*, task: str, seems_more: bool) -> list[str] | None:
    """The modalities of a task; None where the task does not tell, or its tags say more than it does.

    >>> modalities(task="text-generation", seems_more=False)
    ['text']
    """
    if task in _TEXT:
        return None if seems_more else ["text"]
    known = _MORE.get(task)
    return list(known) if known else None
