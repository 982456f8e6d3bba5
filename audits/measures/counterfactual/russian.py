"""Russian: endings that follow the person when the person changes. Where no rule is sure, the text is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audits.measures.counterfactual.words import Edit, Word, in_case_of, words_in

MALE, FEMALE = "male", "female"
# Words that begin a sentence and are no names.
COMMON_FIRST = words_in(
    """
    и а но да или если когда пока хотя потому что чтобы как где куда кто чей этот эта это эти тот та те мой моя мои
    наш наша наши ваш ваша ваши свой своя я ты мы вы они он она оно его её их в во на по к ко с со у о об от до из
    за над под при для без через между перед после сегодня вчера завтра сейчас теперь потом затем тогда здесь там
    тут всегда никогда часто иногда опять снова ещё уже даже только не нет все всё весь вся каждый каждая многие
    некоторые один одна два две три никто кто-то ему ей им дай дайте скажи скажите вот ведь возможно вероятно быстро
    очень так
    """
)
_VOWELS = "аеёиоуыэюя"
# Past forms that are not made by adding an ending; both directions, with and without prefixes of motion.
_IRREGULAR = {
    "мог": "могла",
    "помог": "помогла",
    "смог": "смогла",
    "лёг": "легла",
    "нёс": "несла",
    "принёс": "принесла",
    "вёз": "везла",
    "привёз": "привезла",
    "умер": "умерла",
    "привык": "привыкла",
    "погиб": "погибла",
    "замёрз": "замёрзла",
    "вырос": "выросла",
    "спас": "спасла",
}
_MOTION = re.compile(r"^(|по|при|у|вы|за|про|пере|до|под|обо|во|на|со|разо|ото)(шёл|шел)(ся)?$")
_MOTION_FEMALE = re.compile(r"^(|по|при|у|вы|за|про|пере|до|под|обо|во|на|со|разо|ото)шла(сь)?$")
# Short adjectives and the like that agree with the subject.
_SHORT = {
    "был": "была",
    "рад": "рада",
    "готов": "готова",
    "должен": "должна",
    "уверен": "уверена",
    "согласен": "согласна",
    "занят": "занята",
    "болен": "больна",
    "здоров": "здорова",
    "прав": "права",
    "способен": "способна",
    "доволен": "довольна",
    "свободен": "свободна",
    "нужен": "нужна",
    "известен": "известна",
    "виноват": "виновата",
    "сам": "сама",
    "один": "одна",
}
_PAIRS = _IRREGULAR | _SHORT
_BACK = {female: male for male, female in _PAIRS.items()}
_REGULAR = re.compile(rf"[{_VOWELS}]л(ся)?$")
_REGULAR_FEMALE = re.compile(rf"[{_VOWELS}]ла(сь)?$")
_LOOKS_PAST = re.compile(rf"[{_VOWELS}]л(а|ся|ась)?$")
# Between subject and verb: what may stand there and changes nothing.
_BETWEEN = words_in(
    """
    не ни уже ещё еще тоже также всегда никогда часто редко опять снова теперь потом затем сразу вчера сегодня очень
    весьма долго давно быстро хорошо плохо тихо громко просто только почти сейчас иногда нередко скоро
    """
)
# Nouns and others that look like a past form.
_NO_VERBS = words_in(
    """
    стол стул пол зал бал угол узел орёл осёл козёл отдел журнал канал персонал материал интервал генерал вокзал
    металл футбол волейбол баскетбол файл профиль сигнал финал капитал потенциал сериал квартал идеал оригинал
    экзаменационный предел раздел удел пробел дел тел школа скала игла пчела смола шкала мгла хвала похвала пила юла
    стрела зола дела тела масла числа весла кресла мыла начала правила одеяла зеркала футбола стола зала бала отдела
    журнала канала персонала материала вокзала металла сигнала финала капитала квартала оригинала раздела автомобиля
    контроля
    """
)
# ё loses its stress: вёл, вела. Back only for these stems, because сидела is сидел.
_LOST_STRESS = re.compile(r"(в|м|цв|бр|пл|обр)ела$")
_ADJECTIVE_ENDS = ("ый", "ий", "ой", "ая", "яя", "ую", "юю", "ого", "его", "ому", "ему")
_NOMINATIVE_ENDS = ("ый", "ий", "ая", "яя")
# These agree with a noun that they stand before.
_DETERMINERS = words_in(
    """
    этот эта эту этой этого этому тот та ту той того тому один одна одну одной мой моя мою твой твоя твою наш наша
    нашу ваш ваша вашу свой своя свою каждый каждая каждую какой какая какую некий некая
    """
)
# What follows them in the past agrees with them and not with the person of the text.
_OTHER_SUBJECTS = frozenset(("я", "ты", "кто", "никто", "кто-то"))
# After these a dative, prepositional or instrumental "ней" is clear.
_AFTER = {
    **dict.fromkeys(("о", "об", "обо", "в", "на", "при"), "about"),
    **dict.fromkeys(("к", "ко", "по"), "towards"),
    **dict.fromkeys(("с", "со", "над", "под", "перед", "передо", "между", "за", "рядом"), "with"),
}


@dataclass(frozen=True)
class Agreement:
    """The other words that have to change, or why nobody can be sure (``reason``)."""

    edits: tuple[Edit, ...] = ()
    reason: str = ""


# With these "ей" is a dative; else it may be an instrumental (восхищаться ей).
_GIVING = ("дай", "дал", "дав", "сказ", "говор", "помог", "звон", "пис", "вер", "нрав", "подар", "ответ")
# Forms of the set that have a second meaning outside it.
SEVERAL_MEANINGS = frozenset({"ей"})


def meaning(words: Sequence[Word], at: int) -> str | None:
    """The slot of a Russian pronoun with several meanings, or None where no rule is sure.

    >>> from audits.measures.counterfactual.words import words_of
    >>> meaning(words_of("Я думал о ней"), 3), meaning(words_of("Пошли к ней"), 2), meaning(words_of("Дай ей"), 1)
    ('about', 'towards', 'to')
    >>> meaning(words_of("Все гордятся ей"), 2)
    """
    word = words[at].lower
    if word == "ней" and at > 0:
        return _AFTER.get(words[at - 1].lower)
    if word == "ей" and (words[at].first or words[at - 1].lower.startswith(_GIVING)):
        return "to"
    return None


def agreement(text: str, words: Sequence[Word], subjects: Sequence[int], *, to: str) -> Agreement:
    """What has to change beside the words that name the person, for sentences about one person.

    A past form is changed where it follows the subject (``subjects``: positions of nominative forms) with nothing
    between them but particles and adverbs, and where it follows such a form after "и" or a comma. Any other word that
    looks like a past form, and anything after the subject but a verb, makes the text unsure.

    >>> from audits.measures.counterfactual.words import words_of
    >>> text = "Он не пришёл и позвонил."
    >>> [edit.new for edit in agreement(text, words_of(text), [0], to=FEMALE).edits]
    ['пришла', 'позвонила']
    >>> text = "Он сказал, что доклад устарел."
    >>> agreement(text, words_of(text), [0], to=FEMALE).reason
    'agreement_unknown'
    """
    agreeing: set[int] = set()
    edits = []
    for subject in subjects:
        at = subject + 1
        agreed = False
        while at < len(words) and not words[at].first:
            joined = text[words[at - 1].end : words[at].start].strip(" \t")
            if joined not in ("", "—", "-", "–", ","):  # noqa: RUF001 - dashes as they are written
                break
            word = words[at].lower
            if word in _BETWEEN or (word in ("и", "а", "но") and at - 1 in agreeing):
                at += 1
                continue
            new = changed(word, to=to)
            follows = at == subject + 1 or words[at - 1].lower in _BETWEEN or words[at - 1].lower in ("и", "а", "но")
            if new is None or not (follows or at - 1 in agreeing):
                # a verb in the present agrees with both; of anything else at this place nobody can be sure
                unsure = word.endswith(_ADJECTIVE_ENDS) if agreed else not word.endswith(("т", "тся"))
                if (follows or at - 1 in agreeing) and unsure:
                    return Agreement(reason="agreement_unknown")
                break
            agreed = True
            agreeing.add(at)
            edits.append(Edit(words[at].start, words[at].end, in_case_of(words[at].text, new)))
            at += 1
    for at, found in enumerate(words):
        if at not in agreeing and _unsure(found.lower) and not _of_another(words, at):
            return Agreement(reason="agreement_unknown")
    return Agreement(tuple(edits))


def changed(word: str, *, to: str) -> str | None:
    """A form that agrees with the subject, made to agree with the other sex; None for one that does not.

    >>> [changed(word, to=FEMALE) for word in ("сказал", "вернулся", "ушёл", "должен", "стол", "пришла")]
    ['сказала', 'вернулась', 'ушла', 'должна', None, None]
    >>> [changed(word, to=MALE) for word in ("сказала", "вернулась", "пришла", "была", "школа", "рад")]
    ['сказал', 'вернулся', 'пришёл', 'был', None, None]
    """
    if word in _NO_VERBS:
        return None
    return _made_female(word) if to == FEMALE else _made_male(word)


def _made_female(word: str) -> str | None:
    if word in _PAIRS:
        return _PAIRS[word]
    if found := _MOTION.match(word):
        return f"{found[1]}шла" + ("сь" if found[3] else "")
    if word.endswith("ёл"):
        return word[:-2] + "ела"
    if found := _REGULAR.search(word):
        return word[:-2] + "ась" if found[1] else word + "а"
    return None


def _made_male(word: str) -> str | None:
    if word in _BACK:
        return _BACK[word]
    if found := _MOTION_FEMALE.match(word):
        return f"{found[1]}шёл" + ("ся" if found[2] else "")
    if _LOST_STRESS.search(word):
        return word[:-3] + "ёл"
    if found := _REGULAR_FEMALE.search(word):
        return word[:-3] + "ся" if found[1] else word[:-1]
    return None


def stands_alone(words: Sequence[Word], at: int) -> bool:
    """Whether a noun at position ``at`` has nothing beside it whose ending would have to follow.

    >>> from audits.measures.counterfactual.words import words_of
    >>> stands_alone(words_of("Вошла молодая женщина"), 2), stands_alone(words_of("Женщина молчит"), 0)
    (False, True)
    """
    if at > 0 and (words[at - 1].lower.endswith(_ADJECTIVE_ENDS) or words[at - 1].lower in _DETERMINERS):
        return False
    near = words[at + 1 : at + 4]
    return not any(word.lower.endswith(_NOMINATIVE_ENDS) for word in near) and not any(
        word.lower.startswith("котор") for word in words
    )


def _of_another(words: Sequence[Word], at: int) -> bool:
    """Whether a past form follows a subject of its own: "я сказал", "кто пришёл"."""
    before = at - 1
    while before >= 0 and words[before].lower in _BETWEEN:
        before -= 1
    return before >= 0 and words[before].lower in _OTHER_SUBJECTS


def _unsure(word: str) -> bool:
    """Whether a word may agree with somebody, of whom nothing is known."""
    if word in _NO_VERBS or word in _BETWEEN:
        return False
    if word in _PAIRS or word in _BACK:
        return True
    return _LOOKS_PAST.search(word) is not None or _MOTION.match(word) is not None
