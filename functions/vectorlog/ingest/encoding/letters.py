"""How likely characters are in each language, for telling legacy encodings apart.

The letters of a language stand in the order of their frequency in ordinary text. No counts are kept: that the n-th is
about 1/n as frequent as the first is close enough to tell one alphabet from another. For alphabets that build on the
Latin one, only the letters beyond ASCII count, because ASCII bytes mean the same in every encoding compared here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_LATIN = {
    "Catalan": "àéèíòóçúïü",
    "Croatian": "čšžćđ",
    "Czech": "áíěéýčřžšůúďťňó",
    "Danish": "åøæéöä",
    "Dutch": "ëéïèöüó",
    "Estonian": "äõöüšž",
    "Finnish": "äöåéšž",
    "French": "éèàêçôùîâûëïœ",
    "German": "üäöß",
    "Hungarian": "éáöóőüíúű",
    "Icelandic": "áðíóæþéúýö",
    "Irish": "íáéóú",
    "Italian": "àèòùìé",
    "Latvian": "āīēšūžņļķģčō",
    "Lithuanian": "ėšįųžąčūę",
    "Polish": "łęążśóćńź",
    "Portuguese": "ãçáéíóêõâúàôü",
    "Romanian": "ăîâşţșț",
    "Slovak": "áíýčšéžúľťňôďäóĺŕ",
    "Spanish": "óíáéñúü",
    "Swedish": "äåöé",
    "Turkish": "ıüşğçöâîû",
    "Vietnamese": "đưôơêâăàáéíóúìòùýèãõĩũ\u0301\u0300\u0323\u0309\u0303",
}
_OTHER = {
    "Arabic": "اليمونترهبعدفسكقحجةشصىئخذأطضثغظزءآؤإ",
    "Belarusian": "аноіелтрсдкмяыупўьзвбгчйшжхюцэфё",
    "Bulgarian": "аоиентрсвлдкпмзбугъчцжщйхшюяфь",
    "Greek": "αοιετσνηυρπκμλςίάόγέήδωχθύώφβξζψϊϋΐΰ",
    "Hebrew": "יוהלארתבשמןםנדפקעחסכגטצזךףץ",
    "Macedonian": "аоеинтрсвдлкпмјузбгчшцжѓќњљџѕхф",
    "Persian": "اینرمودهتبسشکزفگلخقجپعحآچصطغضذثظژيك",
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "Serbian": "аоиенрстудјвпмкзлбгшчцжњћљђфхџ",
    "Thai": "านรกอเงมยลวดทสตะปบคหแจพชขใไโผถซศณฐฎำธภญฟฉฏ่้็ัิีืุู์ๆ",
    "Ukrainian": "оаинвіетрслкдмупязьбгчйхцшжюєїфщґ",
}
_PUNCTUATION = {"Spanish": "¿¡"}

_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进"
    "好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制"
    "身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务"
    "做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉"
    "术领共确传师观清今切院让识候带导争运仓库手册说明安装"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進"
    "好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制"
    "身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務"
    "做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺"
    "術領共確傳師觀清今切院讓識候帶導爭運倉庫手冊說明安裝"
)
_JAPANESE = (
    "日一人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨会同"
    "事自社発者地業方新場員立開手力問代明動京目通言理体田主題意不作用度強公持野以思家世多正安院心界教文元重近考画海売知道集別物使品計死特私始朝運終台広住無真有口少町料工"
    "建空急止送切転研足究楽起着店病質待試族銀早映親験英医仕去味写字答夜音注帰古歌買悪図週室歩風紙黒花春赤青館屋色走秋夏習駅洋旅服夕借曜飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹"
)
_KOREAN = (
    "이다는의에을가고하지로은한를기사도어자나리아시그스인서대정부일수들해전라보만적있상제장우여원오주세요구국무면소공했것거니마게트비안신성문관조진경동물미과연방라계생발선화용실분위"
    "아크르드터모노회단내"
)

_LETTERS_SHARE = 0.93
"""The share of a language's own letters among its characters beyond ASCII; the rest is punctuation and foreign names.
"""
_CAPITAL = -1.6
"""How much rarer a capital is than its small letter, as a logarithm: a fifth."""


def _alphabet(letters: str) -> dict[str, float]:
    weights = [1 / (rank + 1.5) for rank in range(len(letters))]
    likely: dict[str, float] = {}
    for letter, weight in zip(letters, weights, strict=True):
        likely[letter] = math.log(_LETTERS_SHARE * weight / sum(weights))
        capital = letter.upper()
        if len(capital) == 1 and capital != letter:
            likely.setdefault(capital, likely[letter] + _CAPITAL)
    return likely


def _signs(signs: str, most: float, least: float) -> Mapping[str, float]:
    """The logarithms of the likelihoods of signs in order, falling from `most` to `least`."""
    step = (most - least) / len(signs)
    return {sign: most - step * rank for rank, sign in reversed([*enumerate(signs)])}


ALPHABETS: Mapping[str, Mapping[str, float]] = {
    language: _alphabet(letters) | dict.fromkeys(_PUNCTUATION.get(language, ""), -4.5)
    for language, letters in (_LATIN | _OTHER).items()
} | {"Turkish": _alphabet(_LATIN["Turkish"]) | {"İ": math.log(0.03)}}
"""The logarithm of the likelihood of each character beyond ASCII, by language."""

CHINESE = _signs(_SIMPLIFIED, -4.6, -6.8)
CHINESE_TRADITIONAL = _signs(_TRADITIONAL, -4.6, -6.8)
JAPANESE = _signs(_JAPANESE, -6.0, -7.5)
KOREAN = _signs(_KOREAN, -4.0, -5.5)
"""The same of the most frequent Han characters, and of the most frequent Korean syllables."""

PUNCTUATION: Mapping[str, float] = {
    **dict.fromkeys("’“”–", -4.5),
    **dict.fromkeys("„‘«»—…•·°§€£\u00a0", -5.5),
    **dict.fromkeys("®©™½²³µº×¡¿ª±№‚›‹´¼¾¹÷", -7.0),
}
"""The same of signs that texts in any language have."""
