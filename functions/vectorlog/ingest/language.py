"""Which language a text is in, where that is certain: by its script, or by the small words that every sentence has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vectorlog.domain.file_warning import FileWarning, bounded
from vectorlog.ingest.document import Document

_SAMPLE = 8_000
"""Characters at the beginning, in the middle and at the end of a text that are looked at."""
_LEAST_WORDS = 50
_LEAST_SIGNS = 100
"""Signs of a script that is written without spaces."""
_MOSTLY = 0.6
"""The share of a text's letters that a script has to have."""
_LEAST_SHARE = 0.12
_LEAST_DIFFERENT = 5
"""The share of a text's words that are small words of its language, and how many of them it has to have. Prose has 0.2
to 0.45 of the words below; lists of names and program code have hardly any.
"""
_AHEAD = 2.0
"""How many times as many of them as of English, and of small words in common."""

_WORD = re.compile(r"[^\W\d_]+")
"""Words of one letter do not count, unless it is beyond ASCII: program code is full of them."""
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3041-\u30ff"),
    ("ko", "\uac00-\ud7a3"),
    ("zh", "\u4e00-\u9fff"),
    ("ar", "\u0620-\u06ff"),
    ("he", "\u05d0-\u05ea"),
    ("el", "\u0370-\u03ff"),
    ("th", "\u0e01-\u0e7f"),
    ("hi", "\u0900-\u097f"),
    ("ka", "\u10d0-\u10ff"),
    ("hy", "\u0531-\u058f"),
    ("ru", "\u0400-\u04ff"),
)
_LETTERS = {code: re.compile(f"[{letters}]") for code, letters in _SCRIPTS}
_UNSPACED = ("ja", "ko", "zh", "th")
_SMALL: Mapping[str, frozenset[str]] = {
    code: frozenset(word for word in words.split() if len(word) > 1 or not word.isascii())
    for code, words in {
        "en": "the of and to in is that for it with was on as are be this have from or by but not at which you an if",
        "af": "die van en is het in wat nie met sy vir aan dat op te hulle ons ook was by sal kan",
        "ca": "de la el i que en un a per les els amb una del és no es al com més han seva aquest",
        "cs": "a se v na je že s z do o i k to pro jako ve by které jsou nebo po který za jeho",
        "da": "og i at det er en til af på for som med den de der ikke et har var kan vil skal eller",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch werden oder aus",
        "es": "de la que el en y a los se del las un por con no una para su al es lo como más o este",
        "et": "ja on ei see et ta kui oma mis ka aga ning või oli selle mida nii seda välja",
        "eu": "eta da ez bat du ere hau dira zen egin dute den izan baina duen beste",
        "fi": "ja on ei se että hän oli ovat kun myös sen mutta tai joka ole kuin niin mukaan ovat sekä",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou",
        "ga": "an na agus a ar is go bhí sé le leis do ag seo sin atá nach mar faoi",
        "hr": "i je u na se da za su od s a o kao što koji to iz ne ili biti bi nije koja kako",
        "hu": "a az és hogy nem is egy van ez meg csak de volt el már ha mint még vagy minden lehet azt",
        "id": "yang dan di untuk dengan dari ini pada tidak dalam itu adalah akan atau oleh juga dapat anda ke",
        "is": "og að í á er sem til um það við en af með var fyrir ekki hann frá eru hún",
        "it": "di e il la che in un a per è una non del della le si con i dei da al sono come più nel o",
        "lt": "ir yra kad su iš tai į bet kaip ar jis buvo ne apie už dėl taip tik jo",
        "lv": "un ir ar no par uz ka kas tas bet vai kā pēc arī tika lai var viņš tiek",
        "nl": "de van het een en in is dat op te zijn met voor niet die aan er als ook worden om of bij uit kan",
        "no": "og i det er på en til av som for med at den ikke de har et om fra var eller kan skal",
        "pl": "i w na z do się nie że to jest o jak po od za przez dla są jego oraz lub może który",
        "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como ou ao",
        "ro": "de și în a la cu pe care nu o un este din să că se pentru mai sunt ce sau fi prin",
        "sk": "a sa v na je že s z do o i k to pre ako vo by ktoré sú alebo po ktorý za jeho",
        "sl": "in je v na se da za so z pa ki s kot tudi ne ali od po bi pri lahko če iz",
        "sq": "të e në dhe për me një që se nga është i ka si nuk më janë ishte kjo",
        "sv": "och i att det som en på är av för med den till inte om ett har de var kan eller från du ska",
        "sw": "ya na wa kwa ni katika za la cha kama kuwa hii au hiyo yake alikuwa pia lakini",
        "tl": "ang ng sa na mga at ay ito hindi para kung siya ni may nang ako isang",
        "tr": "ve bir bu için ile de da olarak olan çok daha gibi kadar en ne o var ya veya değil",
        "vi": "và của là có trong được các cho không một những với người này để khi đã từ bạn trên",
        "bg": "на и в се за от да е с не са като по това че или при до което има може ще",
        "mk": "на и во се за од да е со не ќе како по тоа што или при до кои може сè",
        "ru": "и в не на что с по для из это как к от а но или при то вы он если его все также быть",
        "sr": "и је у на се да за су од с а о као што који то из не или бити би није која",
        "uk": "і в на не що з до та для як це за від у або при ви його про є але також бути",
        "be": "і ў на не што з да для як гэта за ад у або пры вы яго пра але таксама",
    }.items()
}
_CYRILLIC = ("ru", "bg", "mk", "sr", "uk", "be")
NAMES: Mapping[str, str] = {
    "af": "Afrikaans",
    "ar": "Arabic",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fi": "Finnish",
    "fr": "French",
    "ga": "Irish",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mk": "Macedonian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sq": "Albanian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""The languages that are told apart: ISO 639-1 codes and English names. Closely related ones may be mistaken for each
other.
"""


def language_of(text: str) -> str:
    """Returns the ISO 639-1 code of a text's language; empty if it is not certain, or if the text is short.

    English is certain only if no other language comes near. Up to 24,000 characters are looked at.
    """
    sample = _sampled(text)
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return ""
    words = Counter(word for word in _WORD.findall(sample.lower()) if len(word) > 1 or not word.isascii())
    script = _script(sample, letters)
    if script and script != "ru":
        enough = letters >= _LEAST_SIGNS if script in _UNSPACED else words.total() >= _LEAST_WORDS
        return script if enough else ""
    if words.total() < _LEAST_WORDS:
        return ""
    return _by_words(words, _CYRILLIC if script else tuple(code for code in _SMALL if code not in _CYRILLIC))


def told_of_language(document: Document, model: str, languages: Sequence[str]) -> Document:
    """Returns a document with a warning if it is in another language than those that an embedding model knows.

    Args:
        document: whose language is empty if it is not certain.
        model: the model's name, for the message.
        languages: the codes of the languages that the model knows; empty if that is not known.
    """
    if not document.language or not languages or document.language in languages:
        return document
    known = " and ".join(NAMES[code] for code in languages)
    message = (
        f"The text is mostly in another language than {known}, probably {NAMES[document.language]}. The store's "
        f"embedding model {model} knows {known} only, so the file is found by its words, and hardly by meaning."
    )
    return replace(document, warnings=bounded((FileWarning("other_language", message), *document.warnings)))


def _sampled(text: str) -> str:
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = (len(text) - _SAMPLE) // 2
    return f"{text[:_SAMPLE]} {text[middle : middle + _SAMPLE]} {text[-_SAMPLE:]}"


def _script(sample: str, letters: int) -> str:
    counts = {code: len(pattern.findall(sample)) for code, pattern in _LETTERS.items()}
    if counts["ja"] > 0.1 * letters and counts["ja"] + counts["zh"] > _MOSTLY * letters:
        return "ja"
    return next((code for code, count in counts.items() if count > _MOSTLY * letters), "")


def _by_words(words: Counter[str], codes: tuple[str, ...]) -> str:
    total = words.total()
    shares = {code: sum(words[word] for word in _SMALL[code]) / total for code in codes}
    best = max(codes, key=lambda code: shares[code])
    found = sum(word in words for word in _SMALL[best])
    if shares[best] < _LEAST_SHARE or found < _LEAST_DIFFERENT:
        return ""
    if best == "en":
        return best
    own = sum(words[word] for word in _SMALL[best] - _SMALL["en"]) / total
    english = sum(words[word] for word in _SMALL["en"] - _SMALL[best]) / total
    return best if own >= _LEAST_SHARE / 2 and own > _AHEAD * english else ""
