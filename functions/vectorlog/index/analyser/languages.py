"""Says in which language a text is, by its function words: articles, prepositions, pronouns, auxiliaries.

Languages are named as Snowball names its stemmers. For scripts of their own the script decides, word by word; for Latin
letters the words do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

ENGLISH = "english"

_FUNCTION_WORDS = {
    ENGLISH: "a an the and or but if of to in on at by for from with about into over after before between under is"
    " are was were be been being am do does did have has had having will would can could shall should may"
    " might must not no it its he she they them his her their we us our you your i me my this that these"
    " those there here what which who whom whose when where why how than then so such as any all some each"
    " also only than up out",
    "german": "der die das den dem des ein eine einen einem einer eines und oder aber wenn nicht kein keine ist"
    " sind war waren sein wird werden wurde wurden hat haben hatte kann können muss müssen darf dürfen"
    " soll mit von zu zum zur im am in an auf aus bei nach für über unter vor durch um ohne gegen wie was"
    " wer wo wohin wann warum welche welcher welches man ich du er sie es wir ihr sich auch nur noch als"
    " dass daß",
    "french": "le la les l un une des du de d au aux et ou mais si ne pas n est sont était être été a ont avait"
    " avoir sera peut doit il elle on nous vous ils elles je tu se s ce c cette ces son sa ses leur leurs"
    " qui que qu quoi dont où quand comment combien quel quelle quels quelles pourquoi dans sur sous avec"
    " sans pour par en y plus",
    "spanish": "el la los las un una unos unas de del al y o u pero si no es son era eran ser está están ha han"
    " había haber puede debe hay se le les lo su sus que qué quien quién quiénes cuando cuándo cómo como"
    " dónde donde cuál cuáles cuánto cuántos cuántas por para con sin en sobre entre hasta desde yo tú él"
    " ella nosotros más muy este esta",
    "italian": "il lo la i gli le l un uno una di del dello della dei degli delle d a al allo alla ai agli alle da"
    " dal dalla in nel nella nei nelle su sul sulla con per tra fra e ed o ma se non è sono era essere ha"
    " hanno aveva può deve si che chi cui quando come dove quale quali quanto quanti perché questo questa"
    " ci ne più anche",
    "portuguese": "o a os as um uma uns umas de do da dos das em no na nos nas ao aos à às por pelo pela para com sem"
    " sobre entre e ou mas se não é são era ser está foi tem têm pode deve que quem quando como onde qual"
    " quais quanto quantos porque ele ela eu nós você seu sua mais já também este esta isso",
    "dutch": "de het een en of maar als niet geen is zijn was waren wordt worden heeft hebben had kan kunnen moet"
    " mag van voor met op aan in uit bij naar over onder door om tot te dat die dit deze wat wie waar"
    " wanneer hoe waarom welke ik je jij hij zij wij we u men ook nog er",
    "danish": "en et den det de og eller men hvis ikke er var være bliver blev har havde kan skal må vil at i på"
    " til fra af med om for under over ved efter som der hvad hvem hvor hvornår hvordan hvorfor hvilken"
    " jeg du han hun vi man også",
    "norwegian": "en et ei den det de og eller men hvis ikke er var være blir ble har hadde kan skal må vil å i på til"
    " fra av med om for under over ved etter som der hva hvem hvor når hvordan hvorfor hvilken jeg du han"
    " hun vi man også",
    "swedish": "en ett den det de och eller men om inte är var vara blir blev har hade kan ska skall måste att i på"
    " till från av med för under över vid efter som där vad vem var när hur varför vilken jag du han hon"
    " vi man också inom",
    "finnish": "ja tai mutta jos ei ole on oli ovat olla se ne hän he minä sinä me te joka jotka mikä mitä kuka"
    " missä milloin miten miksi kuinka kun että niin myös sekä kanssa ennen jälkeen vain voi pitää tämä"
    " nämä",
    "hungarian": "a az egy és vagy de ha nem van volt vannak lesz lehet kell hogy mint csak is meg már még ki mi mit"
    " hol mikor hogyan miért melyik mennyi ez azt ezt ő mert szerint után alatt",
    "turkish": "ve veya ile bir bu şu o için gibi kadar değil mi mı mu mü ne kim nerede nasıl neden hangi kaç da de"
    " ki ama çok daha en olan olarak var yok ise sonra önce her",
    "polish": "i lub ale jeśli nie jest są był była było być ma mają może w we z ze na do od po przez przy pod nad"
    " dla o u się to ten ta te co kto gdzie kiedy jak dlaczego który która które ile że oraz jako tylko"
    " już jego",
    "czech": "a nebo ale když ne není je jsou byl byla bylo být má mají může v ve z ze na do od po při pod nad pro"
    " o u s se si to ten ta ty co kdo kde kdy jak proč který která které kolik že jako jen už jeho",
    "romanian": "și sau dar dacă nu este sunt era fi are au avea poate trebuie în pe la de din cu fără pentru prin"
    " sub un o unei unui al ale a cel cea ce cine unde când cum care cât câte să se mai acest această",
    "catalan": "el la els les l un una uns unes de del dels al als i o però si no és són era ser està ha han pot cal"
    " que qui quan com on quin quina quins quines quant per amb sense en sobre entre fins des jo tu ell"
    " nosaltres més molt aquest aquesta",
    "lithuanian": "ir ar bet jei ne nėra yra buvo būti turi gali į iš su be per po prie nuo iki apie už kas ką kur kada"
    " kaip kodėl kuris kuri kiek kad tai šis ši jis ji taip pat",
    "estonian": "ja või aga kui ei ole on oli olla see need ta nad mina sina meie teie kes mis kus millal kuidas miks"
    " mitu et nii ka koos enne pärast ainult võib peab",
    "indonesian": "yang dan atau tetapi jika tidak adalah ada akan dapat harus di ke dari pada untuk dengan oleh dalam"
    " ini itu apa siapa mana kapan bagaimana mengapa berapa saya kami mereka juga sudah",
    "irish": "an na agus nó ach má ní is tá bhí bheith ar ag as chun do de le ó faoi go gan i sa cad cé cá cathain"
    " conas sé sí",
    "basque": "eta edo baina ez da dira zen izan du dute ditu egin bat zer nor non noiz nola zergatik zein hau hori"
    " ere",
    "esperanto": "la kaj aŭ sed se ne estas estis esti havas povas devas en sur de el al per por kun sen pri ĉe tiu ĉi"
    " kio kiu kie kiam kiel kial mi vi li ŝi ni ili oni",
}
"""The most frequent function words of each language that is written in Latin letters, case-folded."""

_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"
    " to was will with"
)
"""The 33 stop words of Lucene's EnglishAnalyzer, which find nothing."""

_LETTERS = {
    "german": "ß",
    "spanish": "ñ¿¡",
    "portuguese": "ãõ",
    "french": "œ",
    "hungarian": "őű",
    "turkish": "ışğ",
    "polish": "łąęśźż",
    "czech": "řůě",
    "romanian": "țșă",
    "lithuanian": "ėųįū",
    "esperanto": "ĉĝĵŝŭ",
    "danish": "øæ",
    "norwegian": "øæ",
}
"""Signs that few other languages have. They decide where a text has few function words."""

_SCRIPTS = (
    (0x370, 0x3FF, "greek"),
    (0x1F00, 0x1FFF, "greek"),
    (0x400, 0x52F, "russian"),
    (0x530, 0x58F, "armenian"),
    (0x600, 0x6FF, "arabic"),
    (0x900, 0x97F, "hindi"),
    (0xB80, 0xBFF, "tamil"),
)

UMLAUTS = (ENGLISH, "german", "swedish", "danish", "norwegian")
"""Languages in which ä, ö, ü, å and ø are also written in two letters; English stands for texts that are not clear."""

_SIGN = 0.5
_CLEAR = 1.2
"""How many times the votes of the second language the first one needs."""
_OTHERS = 3


def _votes(entries: Mapping[str, Iterable[str]], weight: float) -> dict[str, tuple[tuple[str, float], ...]]:
    languages: defaultdict[str, list[str]] = defaultdict(list)
    for language, words in entries.items():
        for word in set(words):
            languages[word].append(language)
    return {word: tuple((each, weight / len(of)) for each in of) for word, of in languages.items()}


_BY_LANGUAGE = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_STOPPED = frozenset(_STOP_WORDS.split())
_OF_WORDS = _votes(_BY_LANGUAGE, 1.0)
_VOTING = frozenset(_OF_WORDS)
_OF_SIGNS = _votes(_LETTERS, _SIGN)


def is_function_word(word: str, language: str) -> bool:
    """Whether a case-folded word is a function word of a language."""
    return word in _BY_LANGUAGE[language]


def is_stop_word(word: str) -> bool:
    """Whether a case-folded word is left out of English texts."""
    return word in _STOPPED


def likely(counts: Mapping[str, int], signs: str) -> Sequence[str]:
    """Returns the language of a text in Latin letters, English if it is not clear; then what else it may be, at most
    `_OTHERS` languages, if it is not.

    Args:
        counts: the text's words, and how often each occurs.
        signs: the text, if it has characters outside of ASCII.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    for word in _VOTING.intersection(counts):
        for language, weight in _OF_WORDS[word]:
            votes[language] += weight * counts[word]
    if signs:
        for sign in set(signs.casefold()) & _OF_SIGNS.keys():
            for language, weight in _OF_SIGNS[sign]:
                votes[language] += weight
    if not votes:
        return (ENGLISH,)
    first, *others = sorted(votes, key=lambda each: (-votes[each], each != ENGLISH, each))
    near = [each for each in others if votes[first] < _CLEAR * votes[each]]
    if first == ENGLISH or not near:
        return (first,)
    return (ENGLISH, *[each for each in (first, *near) if each != ENGLISH][:_OTHERS])


def of_script(sign: str) -> str | None:
    """Returns the language whose stemmer is used for words that begin with this letter; None for Latin letters and
    scripts without a stemmer.
    """
    code = ord(sign)
    return next((language for first, last, language in _SCRIPTS if first <= code <= last), None)
