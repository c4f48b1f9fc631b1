"""How descriptions state facts: the patterns, one table, in English and Portuguese.

A pattern's groups have fixed names: `value` is the words that state the fact, `n` and `m` its
numbers, `unit` their unit, `thing` what a question would name, `items` a list. A rule's `unless`
names the words in whose company the pattern means something else. Which facts come of them is
`finetune.data.facts`' part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

N = r"\d+(?:,\d{3})*(?:\.\d+)?(?:[- ]\d/\d{1,2}|\s?[¼½¾])?(?![\d/])|\d/\d{1,2}|[¼½¾]"
W = r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dois|duas|três|quatro|cinco|seis"
LENGTH = (
    r"(?:inch(?:es)?\b|in\b\.?(?! the| a\b| an\b| one\b)|[\"”″]|''|cm\b|mm\b|meters?\b|metres?\b|metros?\b|centímetros?\b"
    r"|feet\b|foot\b|ft\b\.?|yards?\b|yds?\b\.?|centimet(?:er|re)s?\b|millimet(?:er|re)s?\b)"
)
WEIGHT = r"(?:kilograms?\b|kilos?\b|kgs?\b|grams?\b|gramas?\b|quilos?\b|g\b|lbs?\b\.?|pounds?\b|ounces?\b|oz\b\.?)"
VOLUME = r"(?:fl\.? ?oz\b\.?|ounces?\b|oz\b\.?|ml\b|lit(?:er|re)s?\b|litros?\b|gallons?\b|quarts?\b|cups?\b|pints?\b)"
SIDE = r"(?:\s?-?\s?(?:[LWHD]\b|long\b|wide\b|high\b|tall\b|deep\b|thick\b|length\b|width\b|height\b|depth\b))?"
ABOUT = r"(?:(?:about|only|just|approximately|approx\.?|around|a mere|cerca de|aproximadamente)\s+)?"
COLOUR = (
    r"(?:black|white|red|blue|green|yellow|orange|purple|violet|pink|brown|gr[ae]y|silver|gold|beige|navy|teal|ivory|clear|olive|tan|cream|charcoal|burgundy|khaki|turquoise|maroon|multicolou?r(?:ed)?"
    r"|preto|branco|vermelho|azul|verde|amarelo|roxo|rosa|marrom|cinza)"
)
# Materials by family: one denies another only across families.
MATERIALS: dict[str, str] = {
    "metal": r"stainless steel|carbon steel|alloy steel|hardened steel|steel|alumini?um|brass|copper|cast iron|wrought iron|iron"
    r"|titanium|zinc|metal|chrome|aço inoxidável|aço|alumínio",
    "plastic": r"abs plastic|plastic|abs|pvc|vinyl|polypropylene|polyethylene|polycarbonate|polystyrene|acrylic|plástico",
    "wood": r"solid wood|wood|hardwood|oak|pine|birch|beech|bamboo|plywood|mdf|madeira|pinho|carvalho",
    "glass": r"borosilicate glass|tempered glass|glass|vidro",
    "paper": r"recycled paper|paper|cardboard|cardstock|papel|papelão",
    "textile": r"100% cotton|organic cotton|cotton|merino wool|wool|polyester|nylon|fleece|felt|canvas|linen|silk|velvet|plush|denim"
    r"|algodão|lã|linho",
    "leather": r"genuine leather|leather|suede|couro",
    "rubber": r"natural rubber|rubber|silicone|latex|nitrile|neoprene|borracha",
    "ceramic": r"ceramic|porcelain|stoneware|cerâmica|porcelana",
}
MATERIAL = "|".join(MATERIALS.values())
COUNTRIES = (
    r"(?:the )?(?:USA|U\.S\.A\.?|United States(?: of America)?|US\b|America|China|Germany|Japan|Italy|France|England|Taiwan|India"
    r"|Canada|Mexico|Korea|UK|United Kingdom|Spain|Switzerland|Sweden|Brasil|Brazil|Portugal|Vietnam|Thailand|Turkey)"
)
LANGUAGES = r"English|Spanish|French|German|Portuguese|Italian|Japanese|Chinese|Dutch|Russian|inglês|português|espanhol"
PERSON = r"[A-ZÀ-Ý](?:[\w'’]|\.|-(?=[A-Z]))+(?: (?:[A-ZÀ-Ý](?:[\w'’]|\.(?! [A-Z][a-z]+ed)|-(?=[A-Z]))*|de|van|von|da|dos)){1,3}(?<![.,])"
BATTERY = r"(?:AAAA?|AA|[CD]|CR\d{4}|LR\d{2,4}|AG\d{2}|9[- ]?V(?:olt)?|button cell|lithium(?:[- ]ion)?|li-ion|alkaline|coin cell)"
PROPERTY = (
    r"adjustable|removable|detachable|foldable|collapsible|stackable|reusable|refillable|portable|rechargeable|magnetic"
    r"|self[- ]adhesive|reversible|recyclable|non[- ]slip|washable|acid[- ]free|fire[- ]retardant|heat[- ]resistant|flame[- ]resistant"
    r"|scratch[- ]resistant|stain[- ]resistant|tear[- ]resistant|rust[- ]?(?:proof|resistant)|autoclavable|sterile|disposable|biodegradable"
    r"|retractable|expandable|waterproof|water[- ]resistant|water[- ]repellent|weather[- ]?(?:proof|resistant)|shatter[- ]?(?:proof|resistant)"
    r"|non[- ]toxic|hypoallergenic|odorless|unscented|washable|dustproof|lockable|dimmable|submersible|ambidextrous|ergonomic"
)
NOT_THIS = r"\b(?:not|non|never|isn't|without|no)[ -]"


@dataclass(frozen=True)
class Rule:
    """One way to state an attribute; `value` stands for the words where those differ from case to case."""

    attribute: str
    pattern: str
    polarity: bool = True
    unless: str = ""
    value: str = ""
    phrase: bool = False  # `thing` runs on: its noun phrase is taken
    closed: bool = False  # what is stated is all there is
    opened: bool = False  # of a number: "or more"
    case: bool = False  # capitals count in the pattern

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Yield where a text states the attribute; nothing where the pattern means something else there."""
        if not self.unless or not self._unless.search(text):
            yield from self._pattern.finditer(text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern, 0 if self.case else re.I)

    @cached_property
    def _unless(self) -> re.Pattern[str]:
        return re.compile(self.unless, re.I)


_YEARS = r"(?P<unit>years?|yrs?|months?|mos?|anos?|meses)"
_UP = r"(?:\+|(?:\s?(?:and|&|or|e|ou)\s(?:up|older|above|over|upwards?|acima|mais)))"
_LIST = r"(?P<items>[^.:!?|•]{3,160})"

RULES: tuple[Rule, ...] = (
    # Ages.
    Rule(
        "age",
        rf"\b(?P<value>(?:ages?|aged|idades?)(?: of| de)?:?\s+(?P<n>\d+)\s?(?P<unit_of_first>months?|years?)?\s?(?:-|–|—|to|a|through)\s?(?P<m>\d+)(?:\s{_YEARS})?)",
    ),
    Rule(
        "age",
        rf"\b(?P<value>(?P<n>\d+)(?: (?P<unit_of_first>months?|years?))?\s?(?:-|–|to|a)\s?(?P<m>\d+)[\s-]{_YEARS}(?:[\s-]?olds?| of age| de idade)?)\b",
        unless=r"warrant|lasts?|ago|since|over the|histor|experience|career|shelf|garantia",
    ),
    Rule("age", rf"\b(?P<value>(?:ages?|aged|idades?)(?: of)?:?\s+(?P<n>\d+)(?:\s{_YEARS})?\s?{_UP})"),
    Rule(
        "age",
        rf"(?P<value>\b(?P<n>\d+)\s{_YEARS}(?: of age)?\s?(?:and|&|or) (?:up|older|over|above))\b",
        unless=r"warrant|experience",
    ),
    Rule(
        "age",
        rf"(?:suitable|recommended|intended|appropriate|designed|recomendado|indicado) (?:for|from|para|a partir de) (?:children |kids |crianças )?(?:aged? |from |over |a partir de )*(?P<value>(?P<n>\d+)\+?\s{_YEARS})(?! or (?:less|under))",
        unless=r"under|not (?:suitable|recommended|intended)|warrant",
    ),
    Rule(
        "age",
        rf"not (?:suitable|recommended|intended|for)(?: for)?(?: use by)? (?:children|kids|babies|those)? ?(?P<value>(?:under|below|younger than)(?: the age of| age)? (?P<n>\d+)(?:\s{_YEARS})?)",
        polarity=False,
    ),
    Rule(
        "players",
        rf"\b(?P<value>(?P<n>\d|{W})\s?(?:-|–|to|or|a)\s?(?P<m>\d+|{W})\s+(?:players?|jogadores))\b",
        closed=True,
    ),
    Rule(
        "players",
        rf"\b(?P<value>(?P<n>\d|{W})\s?(?:\+|or more|ou mais)\s+(?:players?|jogadores))\b",
        opened=True,
        closed=True,
    ),
    # Measures.
    Rule(
        "weight",
        rf"\b(?:weigh(?:s|ing)|pesa|pesando)\s+(?:in at\s+)?(?P<value>{ABOUT}(?P<n>{N})[\s-]?(?P<unit>{WEIGHT}))",
        unless=r"(?:weighing|weighs?) (?:up to|between)|scale",
    ),
    Rule(
        "weight",
        rf"\b(?:item |product |net |total )?(?:weight|peso)(?: is| of|:| de)\s*(?P<value>{ABOUT}(?P<n>{N})[\s-]?(?P<unit>{WEIGHT}))",
        unless=r"capacit|up to|max|support|paper|basis|bearing|shipping|package weight|load",
    ),
    Rule(
        "size",
        rf"(?<![\d/.])(?P<value>(?P<n>{N})(?:[- ]?{LENGTH})?{SIDE}\s?(?:x|×|by|por)\s?(?:{N})(?:[- ]?{LENGTH})?{SIDE}(?:\s?(?:x|×|by|por)\s?(?:{N})(?:[- ]?{LENGTH})?{SIDE})?\s?-?(?P<unit>{LENGTH})?)",
        unless=r"ratio|resolution|pixel|thread|\d ?x (?:AAA?|\d+ ?mah)|zoom|magnif|dpi|sheets? of|label|staple|#\d|accommodat|fits?\b|holds?\b|\bpaper|pages|pcs",
    ),
    Rule(
        "size",
        rf"\b(?P<value>(?P<n>{N})[\s-]?(?P<unit>{LENGTH})[\s-](?P<thing>tall|long|wide|high|deep|thick|in diameter|diameter|in length|in height|in width|de altura|de largura|de comprimento))\b",
        unless=r"up to|at least|range|between|minimum|maximum|grow|most |adjust",
    ),
    Rule(
        "size",
        rf"\b(?:measur(?:es|ing)|mede)\s+(?P<value>{ABOUT}(?P<n>{N})[\s-]?(?P<unit>{LENGTH}))(?!\s?(?:x|by|×))",
        unless=r"up to|at least|range|between",
    ),
    Rule(
        "capacity",
        rf"\b(?:holds?|accommodates?|stores?|supports?|seats?|staples?|carry|carries|fits|comporta|suporta)\s+(?P<value>(?:up to|as many as|até)\s+(?P<n>{N}|{W})[\s-]?(?P<unit>{WEIGHT}|{VOLUME}|sheets?|people|pages|books|cards|items|folhas|pessoas|[a-z]+s\b))",
        unless=r"\d%",
    ),
    Rule(
        "capacity",
        rf"\b(?P<value>(?P<n>{N})[\s-]?(?P<unit>{WEIGHT}|{VOLUME}|sheets?|gb\b|tb\b))[\s-](?:weight |load |storage |sheet |page |maximum )?capacity\b",
    ),
    Rule(
        "capacity",
        rf"\b(?:capacity|capacidade)(?: is| of|:| de)\s*(?:up to\s+)?(?P<value>(?P<n>{N})[\s-]?(?P<unit>{WEIGHT}|{VOLUME}|sheets?\b|gb\b|tb\b))",
    ),
    Rule(
        "duration",
        rf"\b(?P<value>(?:up to |até )?(?P<n>{N}|{W})[\s-](?P<unit>hours?|minutes?|hrs?|mins?|horas?|minutos?)(?: of|de)? (?P<thing>battery life|continuous use|play(?:ing)? ?time|playtime|running time|talk time|flight(?: time)?|run ?time|playback|use|operation|standby|uso|reprodução))\b",
        closed=True,
    ),
    Rule(
        "duration",
        rf"\b(?P<thing>battery life|playing time|running time|talk time|flight time|run ?time|charging time|drying time)(?: is| of|:)?\s*(?P<value>{ABOUT}(?:up to )?(?P<n>{N}|{W})[\s-](?P<unit>hours?|minutes?|hrs?|mins?))\b",
        closed=True,
    ),
    Rule(
        "pages",
        r"\b(?P<value>(?P<n>\d{2,4})[\s-](?:full[- ]colou?r |colou?r |illustrated |ruled |lined |blank )?(?:pages?|páginas))\b",
        unless=r"yield|ink\b|toner|cartridge|print|minute|scan|document|capacity|up to|hold|fax|cpp|sample|per book|span|first|last|opening|chapter|these",
    ),
    # Counts.
    Rule(
        "count",
        rf"\b(?P<value>(?P<thing>set|pack|package|box|case|bag|carton|kit|conjunto|pacote) (?:of|de|com) (?P<n>\d+|{W}|one dozen))\b(?![\s-]?(?:inch|mm|cm|x|\"))",
        unless=r"sets of|packs of|boxes of|available in",
    ),
    Rule("count", r"\b(?P<value>(?P<n>\d+)[\s-](?P<thing>pack|count|piece)s?)\b(?! (?:sets?|kits?) (?:and|or))"),
    Rule(
        "count",
        rf"\b(?P<value>(?P<n>\d+|{W}) (?P<thing>(?:[a-z-]+ )?[a-z]+s)) (?:per|in each|in a|to a|por) (?:pack|box|case|package|pad|carton|bag|set|book|pacote|caixa)\b",
        unless=r"minutes|hours|available in",
    ),
    Rule(
        "count",
        rf"\b(?:includes?|contains?|comes with|has|features?|consists of|contém|inclui)\s+(?P<value>(?P<n>\d+|{W})\s+(?P<thing>(?:[a-z-]+ ){{0,2}}[a-z]+s))\b",
        unless=r"years|hours|minutes|inches|sizes|has been|has \w+ (?:years|children|books|sons|kids|daughters)",
    ),
    # Matter.
    Rule(
        "material",
        rf"\b(?:made|constructed|crafted|manufactured|built|molded|fabricated|woven|feit[oa]s?|fabricad[oa])(?: entirely| completely| primarily)? (?:of|from|out of|with|in|using|de|em|com) (?:an? |the |(?:high[- ]quality|durable|heavy[- ]duty|strong|sturdy|solid|premium|top quality|quality|thick|soft|tough|recycled|pure|clear|fine|lightweight|commercial|extra|puro|pura),? |and |\d+% |\d+[- ]gauge |\w+[- ]grade )*(?P<value>{MATERIAL})\b",
        closed=True,
        unless=r"not made|(?:items|objects|surfaces|pipe|parts|things) made",
    ),
    Rule("material", rf"\b(?:materials?|material)\s?(?::|is)\s*(?P<value>{MATERIAL})\b", closed=True),
    Rule(
        "material",
        rf"\b(?:durable |solid |sturdy |all[- ]|rugged |heavy[- ]duty )(?P<value>{MATERIAL}) (?:construction|body|frame|housing|case|design)\b",
    ),
    Rule(
        "colour",
        rf"\b(?:colou?rs?|cor)\s?(?::|is)\s*(?P<value>{COLOUR}(?:(?:,| and|/|,? &| e) {COLOUR})*)\b",
        closed=True,
    ),
    Rule(
        "free",
        r"\b(?P<value>(?P<thing>bpa|latex|lead|pvc|phthalate|gluten|fragrance|powder|paraben|acid|lint|alcohol|chlorine|dye|solvent|nut|sugar|cruelty|mercury|silicone|bleach)[- ]free)\b",
        unless=r"not \w+[- ]free",
    ),
    Rule(
        "property",
        rf"(?<!non-)(?<!not )\b(?P<value>(?P<thing>{PROPERTY}))\b",
        unless=NOT_THIS + rf"(?:\w+ )?(?:{PROPERTY})|available separately|less|if ",
    ),
    Rule(
        "property",
        rf"\b(?:is|are|it's|but|and) (?P<value>not (?P<thing>{PROPERTY}|dishwasher[- ]safe|microwave[- ]safe|machine washable|oven[- ]safe))\b",
        polarity=False,
    ),
    Rule(
        "property",
        r"\b(?P<value>non[- ](?P<thing>adjustable|removable|rechargeable|magnetic|sterile|washable|refillable))\b",
        polarity=False,
    ),
    Rule(
        "property",
        r"\b(?P<value>(?P<thing>(?:dishwasher|microwave|oven|freezer|washing machine|top[- ]rack dishwasher)[- ]safe|machine[- ]washable|hand[- ]washable|bivolt|lavável na máquina|à prova d'água))\b",
        unless=r"\bnot\b",
    ),
    Rule(
        "washing",
        r"\b(?P<value>machine wash(?:able)?(?: (?:cold|warm))?|hand wash(?: only)?|dry clean only|spot clean(?: only)?|wipe[sd]? clean|surface wash(?: only)?|lavar à mão)\b",
        closed=True,
        unless=r"\bor\b|not ",
    ),
    # Words.
    Rule(
        "author",
        rf"\b(?:[Ww]ritten|[Ii]llustrated|[Ee]dited|[Tt]ranslated|[Rr]etold|[Cc]ompiled|[Ee]scrito) (?:and illustrated )?(?:by|por) (?P<value>(?P<thing>{PERSON}))",
        case=True,
        closed=True,
        unless=r"\band (?:illustrated|edited)\b.*\bby\b.*\bby\b|foreword|introduction",
    ),
    Rule(
        "author",
        rf"(?:^|[.!?] )(?P<value>(?P<thing>{PERSON})) is the (?:[\w#-]+ ){{0,6}}author of",
        case=True,
        closed=True,
    ),
    Rule(
        "language",
        rf"\b(?:[Ll]anguages?|[Ii]dioma)\s?(?::|is)\s*(?P<value>(?P<thing>{LANGUAGES})(?:(?:,| and|/|,? &) (?:{LANGUAGES}))*)",
        case=True,
        closed=True,
        unless="original|translat",
    ),
    Rule(
        "language",
        rf"\b(?:written|printed|text|instructions|manual|edition|packaging|book|lyrics|dialogue)(?: is| are)? in (?P<value>(?P<thing>{LANGUAGES})(?:(?:,| and|/|,? &) (?:{LANGUAGES}))*)\b(?! (?:prose|literature|history))",
        case=True,
        closed=True,
        unless="original|translat",
    ),
    Rule(
        "format",
        r"\b(?:this|the|new|durable|beautiful) (?P<value>(?P<thing>hardcover|hardback|paperback|board book|spiral[- ]bound|loose[- ]leaf|DVD|Blu-ray|audio CD|audiobook|VHS|pop-up book))\b(?! (?:release|edition of|player|drive|reissue|original))",
        unless=r"also available|available (?:in|on|from|as)|previous|earlier|bestsell|first time in|now in|out in|coming",
    ),
    # Where from, how long, how.
    Rule(
        "origin",
        rf"\b(?:proudly )?(?:[Mm]ade|[Mm]anufactured|[Mm]ADE|[Pp]roduced|[Hh]andmade|[Aa]ssembled|[Ff]abricado|[Ff]eito|[Pp]rinted) (?:in|IN|no|na|em) (?P<value>(?P<thing>{COUNTRIES}))",
        case=True,
        closed=True,
        unless=r"\b(?:or|not|and imported|imported (?:and|or|components))\b",
    ),
    Rule(
        "origin",
        r"\b[Cc]ountry of [Oo]rigin\s?(?::|is)\s*(?P<value>(?P<thing>[A-Z][\w.]+(?: [A-Z]\w+)*))",
        case=True,
        closed=True,
    ),
    Rule(
        "warranty",
        r"\b(?P<value>(?:(?P<n>\d+|one|two|three|five|ten|um|dois)[\s-](?P<unit>year|month|day|ano|mese?)s?[\s-]?(?:limited |manufacturer(?:'s)? |full |replacement |de )?(?:warranty|guarantee|garantia)))\b",
        closed=True,
    ),
    Rule(
        "warranty",
        r"\b(?P<value>(?:limited )?life ?time (?:limited )?(?:warranty|guarantee)|garantia de (?P<n>\d+|um|dois) (?P<unit>ano|mese)s?)\b",
        closed=True,
    ),
    Rule(
        "water",
        r"\b(?P<value>(?:100% |fully |completely )?water ?proof|water[- ]resistant|splash[- ]?proof|weather[- ]?proof|IPX?\d{1,2})\b",
        unless=r"\bnot\b|\bnon\b|isn't",
    ),
    Rule(
        "water",
        r"\b(?P<value>not (?:be )?(?:water ?proof|water[- ]resistant|submersible|submerged?))\b",
        polarity=False,
    ),
    Rule(
        "assembly",
        r"\b(?P<value>no assembly (?:is )?(?:required|needed|necessary)|(?:comes |ships |arrives )?(?:fully|pre)[- ]?assembled|requires no assembly)\b",
        polarity=False,
        unless=r"\bor\b",
    ),
    Rule(
        "assembly",
        r"\b(?P<value>(?:some |adult |minor |easy |simple |minimal )?assembly (?:is )?(?:required|needed)|requires (?:some |adult |minor |easy |simple |minimal )?assembly)\b",
        unless=r"\bno\b|\bnot\b|tool",
    ),
    # Power.
    Rule(
        "batteries included",
        r"\b(?P<value>(?:batter(?:y|ies)|pilhas|baterias?)(?: is| are|,)?\s?\(?(?:not|sold separately|não|n[aã]o)\s?(?:are |is )?(?:included|supplied|incluídas?|inclusas?)?)",
        polarity=False,
    ),
    Rule(
        "batteries included",
        r"\b(?P<value>(?:batter(?:y|ies)|pilhas)\s?(?:is|are|,)?\s?\(?(?:included|supplied|incluídas|inclusas))\b",
        unless=r"\bnot\b|\bno\b|não|weight|weigh",
    ),
    Rule(
        "batteries included",
        r"\b(?P<value>(?:includes?|comes with|inclui) (?:\d+ |two |three |four |the |a )?(?:\d+ ?x? )?(?:AAA? |\w+ )?(?:batter(?:y|ies)|pilhas))\b(?!-)",
        unless=r"\bnot\b|\bno\b|não|pack|charger|door|compartment|extra|case",
    ),
    Rule(
        "batteries",
        rf"\b(?:requires?|uses?|needs?|powered by|runs? on|operates? on|takes?|works? with|requer|usa|funciona com)\s+(?P<value>(?:(?P<n>\d+|one|two|three|four|six|duas|três|quatro)\s?(?:x\s)?)?(?:\"|')?(?P<thing>{BATTERY})[\s-]?(?:size |cell )?(?:batter(?:y|ies)|cells?|pilhas?)(?!\w))",
        closed=True,
    ),
    Rule(
        "batteries",
        r"\b(?P<value>(?:no|needs no|requires no|sem) (?:batter(?:y|ies)|pilhas)(?: (?:are |is )?(?:required|needed|necessary))?)\b",
        polarity=False,
    ),
    Rule(
        "voltage",
        r"\b(?<![.\d/])(?P<value>(?P<n>\d{1,3}(?:\.\d)?)[\s-]?(?P<unit>volts?|v)(?:[\s-]?(?:ac|dc))?)\b(?!\s?(?:-|–|to|/|x)\s?\d)",
        closed=True,
        unless=r"/\d+ ?v|\d ?(?:-|–|to|~|,|and|or) ?\d+ ?v|max|up to|batter|rated|\d\s?v(?:olts?)?\b.*\d\s?v(?:olts?)?\b|cell|outlet|manual|AAA?\b|lines|detect|measur|test|check|regulator|supply",
    ),
    Rule(
        "wattage",
        r"\b(?<![/.\d])(?P<value>(?P<n>\d{1,4}(?:\.\d)?)[\s-]?(?P<unit>watts?))\b",
        closed=True,
        unless=r"up to|max|equivalent|per|replac|resistor|rated|\bto \d+|,? ?\d+ (?:and|or|/) ?\d+|than",
    ),
    Rule(
        "power",
        r"\b(?P<value>(?P<thing>battery|solar|usb|mains|electric|manual|hand|wind|ac|gas)[- ](?:powered|operated))\b",
        closed=True,
        unless=r"\bor\b|not|both",
    ),
    Rule(
        "power",
        r"\b(?P<value>(?P<thing>cordless|corded|wired|wireless))\b(?= (?:\w+ )?(?:phone|drill|mouse|keyboard|headset|design|operation|vacuum|handset|telephone|doorbell|controller|microphone|headphones))",
        closed=True,
    ),
    Rule(
        "wireless",
        r"\b(?P<value>(?P<thing>bluetooth|wi-?fi))\b(?: \d(?:\.\d)?)?",
        unless=r"\b(?:not|no|non|without|if|or|future)\b",
    ),
    # What is in the box and what is not.
    Rule(
        "not included",
        r"(?:^|[.;,(•|] ?)(?P<value>(?P<thing>(?:the |optional )?[A-Za-z][\w'-]*(?: [\w'-]+){0,3}?)(?: (?:is|are))?,? \(?(?:not included|sold separately|not supplied|não inclus[oa]s?|não incluíd[oa]s?))\b",
        polarity=False,
        unless=r"batter(?:y|ies) (?:are |is )?\(?not|\beach sold",
    ),
    Rule(
        "not included",
        r"\b(?:does|do) not (?:include|come with|contain) (?:an? |the |any )?(?P<thing>[^.,;:()]{3,60})",
        polarity=False,
        phrase=True,
    ),
    Rule(
        "included",
        rf"\b(?:[Bb]ox [Cc]ontains|[Ww]hat'?s (?:included|in the box)|in the box|(?:[Pp]ackage|[Kk]it|[Bb]ox|[Ss]et) (?:[Cc]ontents?|[Ii]ncludes?|[Cc]ontains?|[Cc]omes [Ww]ith)(?: include)?|[Cc]ontents(?=:)|[Aa] caixa contém|[Cc]onteúdo da (?:caixa|embalagem))\s?:?\s+{_LIST}",
        closed=True,
        unless=r"\bnot\b|\bno\b",
    ),
    Rule(
        "included",
        rf"\b(?:includes|comes (?:complete )?with|supplied with|also includes|complete with|inclui|acompanha|vem com)\s?:?\s+{_LIST}",
        unless=r"\bnot\b|\bno\b|customers|brands|companies|clients|books|offering|product line|products? range|selection|topics|subjects|projects|applications|formula|her |his |they|history|career|story|warrant",
    ),
    # Use.
    Rule(
        "compatibility",
        r"\b(?:not (?:compatible|for use|intended for use|recommended for use|suitable for use|recommended|suitable|intended|designed|for|for use) (?:with|for|on|in)|(?:does|do|will) not (?:fit|work with|work on|work in)|cannot be used (?:with|on|in|for)|(?:do|should) not (?:be used|use) (?:with|on|in|for))\s+(?:the |your |an? |use (?:with|on|in) )?(?P<thing>[^.,;:()]{3,60})",
        polarity=False,
        phrase=True,
        unless=r"children|months|years|under",
    ),
    Rule(
        "compatibility",
        r"\b(?:compatible with|works with|(?:will|to|can) work with|for use (?:with|on|in)|designed to fit|compatível com|funciona com)\s+(?:the |your |all )?(?P<items>[^.:!?|•()]{3,140})",
        unless=r"\bnot\b|work with (?:you|me|us|him|her|children|people)|application|variety|environment",
    ),
    Rule(
        "compatibility",
        r"\b[Ff]its\s+(?:the |your )?(?P<items>(?:[A-Z0-9][\w'/-]*)(?: [\w'/-]+){0,4}(?:(?:,| and|, and|/) [A-Z0-9][\w'/-]*(?: [\w'/-]+){0,3})*)",
        case=True,
    ),
    Rule("use", r"\b(?P<value>(?:for )?(?P<thing>indoor|outdoor)(?: use)? only)\b", closed=True),
    Rule(
        "use",
        r"\b(?P<value>(?:(?:for|both|suitable for) )?indoors?(?: and|/| or|,? &)(?: for)? ?outdoors?(?: use)?)\b",
        value="indoor and outdoor",
        unless=r"\bnot\b",
    ),
    Rule(
        "use",
        r"\b(?:ideal|perfect|great|excellent|suitable|recommended|designed|best) (?:for use (?:in|on|with)|for|in|ideal para)\s+(?:the |your |all |any |use (?:in|on|with) )?(?P<thing>[^.,;:()|•]{4,60})",
        phrase=True,
        unless=r"\bnot\b|\bno\b|ages?\b|\byears?\b|\bless\b",
    ),
    # Whatever else it has or has not.
    Rule(
        "feature",
        r"\b(?:features?|has|have|featuring|offers|equipped with|comes with|with|includes|possui|tem)\s+(?:an? |two |three |its own |um |uma )(?:built[- ]in )?(?P<thing>[^.,;:()|•\d]{4,60})",
        phrase=True,
        unless=r"\bnot\b|\bno\b|without|\b(?:we|i|he|she|his|her|they|who)\b|customers|company|\bwip(?:e|ing)\b|\bapply|\bpress\b|\bmany\b|\bif you\b",
    ),
    Rule(
        "feature",
        r"\b(?:does not|doesn't|do not|don't|não) (?:have|feature|possui|tem)\s+(?:an? |any |the |um |uma )?(?P<thing>[^.,;:()|•\d]{4,60})",
        phrase=True,
        polarity=False,
        unless=r"\b(?:we|you|i|they|he|she|who|people|customers|many)\b",
    ),
    Rule(
        "requirement",
        r"\b(?:does not|doesn't|do not|don't|não) (?:require|need|precisa de)\s+(?:an? |any |the |um |uma |use of )*(?P<thing>[^.,;:()|•\d]{4,60})",
        phrase=True,
        polarity=False,
        unless=r"\b(?:we|you|i|they|he|she|who|people|customers)\b|batter",
    ),
    Rule(
        "requirement",
        r"\bno (?P<value>(?P<thing>(?:soldering|tools?|glue|batteries|drilling|cutting|mixing|adhesive|ink|programming|cleanup|drivers?|software|sewing|cords?|wires?|water|sharpening|refills?|plug|installation)) (?:is |are )?(?:required|needed|necessary))",
        polarity=False,
    ),
    Rule(
        "requirement",
        r"\b(?:requires|needs|requer|precisa de)\s+(?:an? |the |um |uma )(?P<thing>[^.,;:()|•\d]{4,60})",
        phrase=True,
        unless=r"\bnot\b|\bno\b|batter|assembl|\b(?:he|she|who|job|task|project|current|law|permit|less)\b",
    ),
    Rule(
        "certified",
        r"\b(?P<value>(?P<thing>UL|NSF|FDA|OSHA|ANSI|CE|ETL|CSA|EPA|FSC|ENERGY STAR|USDA|ASTM)[\s-](?:listed|approved|certified|compliant|registered|rated))\b",
        unless=r"\bnot\b",
    ),
)
