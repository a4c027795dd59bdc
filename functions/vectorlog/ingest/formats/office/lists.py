"""The numbers of list items, in the forms that Word, PowerPoint and OpenDocument have."""

from __future__ import annotations

from collections.abc import Callable

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"))
_ROMAN_ONES = ((9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_MOST = 3999
_CHINESE = "〇一二三四五六七八九"
_LETTERS = {
    "russianLower": "абвгдежзиклмнопрстуфхцчшщыэюя",
    "russianUpper": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ",
    "aiueo": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "aiueoFullWidth": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "iroha": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "thaiLetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "decimalEnclosedCircleChinese": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "hindiConsonants": "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह",
}
_HEBREW = ((400, "ת"), (300, "ש"), (200, "ר"), (100, "ק"), (90, "צ"), (80, "פ"), (70, "ע"), (60, "ס"), (50, "נ"))
_HEBREW_LOW = (
    (40, "מ"),
    (30, "ל"),
    (20, "כ"),
    (16, "טז"),
    (15, "טו"),
    (10, "י"),
    *zip(range(9, 0, -1), "טחזוהדגבא", strict=True),
)


def counted(number: int, form: str) -> str:
    """Returns a number in one of the forms of OOXML's `ST_NumberFormat`; in digits if there is no such form for it."""
    if form in ("none", "bullet"):
        return ""
    if number < 1:
        return str(number)
    if form in _LETTERS:
        letters = _LETTERS[form]
        return letters[(number - 1) % len(letters)] if number <= 10 * len(letters) else str(number)
    return _FORMS.get(form, str)(number)


def roman(number: int) -> str:
    """Returns a Roman numeral in lower case."""
    return _additive(number, (*_ROMAN, *_ROMAN_ONES)) if number <= _MOST else str(number)


def letter(number: int) -> str:
    """Returns a, b, …, z, aa, bb, …, as Word counts."""
    return chr(97 + (number - 1) % 26) * min((number - 1) // 26 + 1, 20)


def _additive(number: int, signs: tuple[tuple[int, str], ...]) -> str:
    out = ""
    for each, sign in signs:
        out += sign * (number // each)
        number %= each
    return out


def _hebrew(number: int) -> str:
    return _additive(number, (*_HEBREW, *_HEBREW_LOW)) if number < 1000 else str(number)


def _chinese(number: int) -> str:
    if number > 9999:
        return str(number)
    out, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            one = digit == 1 and unit == 10 and not out
            out += ("〇" if zero and out else "") + ("" if one else _CHINESE[digit]) + name
            zero = False
        else:
            zero = True
    return out


def _digits(zero: str) -> Callable[[int], str]:
    return lambda number: "".join(chr(ord(zero) + int(digit)) for digit in str(number))


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_FORMS: dict[str, Callable[[int], str]] = {
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "lowerLetter": letter,
    "upperLetter": lambda number: letter(number).upper(),
    "decimalZero": lambda number: f"{number:02}",
    "ordinal": _ordinal,
    "numberInDash": lambda number: f"- {number} -",
    "decimalEnclosedParen": lambda number: f"({number})",
    "decimalEnclosedFullstop": lambda number: f"{number}.",
    "hebrew1": _hebrew,
    "decimalFullWidth": _digits("０"),
    "decimalFullWidth2": _digits("０"),
    "hindiNumbers": _digits("०"),
    "thaiNumbers": _digits("๐"),
    "ideographDigital": lambda number: "".join(_CHINESE[int(digit)] for digit in str(number)),
    "japaneseDigitalTenThousand": lambda number: "".join(_CHINESE[int(digit)] for digit in str(number)),
    **dict.fromkeys(
        ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "koreanCounting"),
        _chinese,
    ),
}
