"""The questions' templates: one table, attribute and form and language to texts.

Forms: "open" asks for the fact, "is" whether it is {v}, "has" whether there is {thing}, "more", "less"
and "upto" compare with {v}, "contains" and "place" are the attribute's own. "follow" is a fragment
that only makes sense after another question about the same product. {it} is the product.
"""

from assistant.phrases import Language

_ENGLISH: dict[str, dict[str, str]] = {
    "age": {
        "open": "what age is {it} for?|what ages is {it} recommended for?|how old should a child be for {it}?|age?|age range?|what age range"
        "|for what age is {it} suitable?|what is the recommended age?|what is the minimum age?|from what age can kids use {it}?|ages?"
        "|what's the suggested age for {it}?|how old do you have to be?|is there an age recommendation?",
        "is": "is {it} ok for a {v}?|can a {v} use {it}?|is {it} suitable for a {v}?|would this be good for a {v}?|will it suit my {v}?"
        "|hi, i have a {v}, is this ok?|is this appropriate for a {v}|ok for {v}?|would a {v} be able to use this?|is {it} safe for a {v}?"
        "|my nephew is a {v}. can he have it?|good for {v}?|can i give {it} to a {v} child?|is a {v} the right age for {it}?|for a {v}?",
        "follow": "and what age is it for?|what about the age?|and the recommended age?",
    },
    "players": {
        "open": "how many players?|how many can play?|how many people can play {it}?|what is the number of players?|how many players is {it} for?",
        "is": "can {v} people play?|can {it} be played with {v} players?|is {it} good for {v} players?|does it work with {v} players?"
        "|we are {v}, can we all play?|can you play with {v} people|enough for {v} players?",
        "follow": "and how many players?|how many can play it?",
    },
    "weight": {
        "open": "how much does {it} weigh?|what is the weight?|weight?|how heavy is {it}?|whats the weight|how many pounds is {it}?"
        "|what does {it} weigh?|can anyone tell me the weight of {it}?|is {it} heavy? how much does it weigh?|item weight?",
        "is": "does {it} weigh {v}?|is the weight {v}?|is {it} {v}?|it weighs {v}, right?|is {v} the weight of {it}?",
        "more": "does {it} weigh more than {v}?|is {it} heavier than {v}?|is it over {v}?|is the weight above {v}?",
        "less": "does {it} weigh less than {v}?|is {it} lighter than {v}?|is it under {v}?|is the weight below {v}?",
        "follow": "and the weight?|how heavy is it?|what about the weight?",
    },
    "size": {
        "open": "what size is {it}?|what are the dimensions?|dimensions?|how big is {it}?|size?|what is the size of {it}?|measurements?"
        "|what are the measurements of {it}?|can you tell me the size|how large is {it}?|what are the exact dimensions of {it}?|how big?",
        "is": "is {it} {v}?|does {it} measure {v}?|is the size {v}?|are the dimensions {v}?|i need {v}. is this the right size?|{v}?"
        "|do you know if {it} is {v}?|is this the {v} one?|is {it} {v} in size?",
        "follow": "and the size?|what about the dimensions?|how big is it?",
    },
    "length": {
        "open": "how {thing} is {it}?|how {thing}?|can you tell me how {thing} {it} is|how {thing} exactly?|how many {unit} {thing} is {it}?",
        "is": "is {it} {v} {thing}?|is it {v} {thing}|{v} {thing}?|would you say {it} is {v} {thing}?|i need one that is {v} {thing}, is it?",
        "more": "is {it} more than {v} {thing}?|is it over {v} {thing}?|is {it} longer than {v}, i mean more than {v} {thing}?|at least {v} {thing}?",
        "less": "is {it} less than {v} {thing}?|is it under {v} {thing}?|is {it} smaller than {v}, under {v} {thing}?|is {it} below {v} {thing}?",
        "follow": "and how {thing} is it?|how {thing}?",
    },
    "capacity": {
        "open": "what is the capacity?|how much can {it} hold?|how many {unit} does {it} hold?|capacity?|how much does it hold?"
        "|what is the capacity of {it}?|how many {unit} can it take?|what's the max {it} can hold?|how much will {it} hold?",
        "is": "is the capacity {v}?|does {it} hold {v}?|is {it} {v}?|is it the {v} one?|{v} capacity?|has {it} a capacity of {v}?",
        "upto": "can {it} hold {v}?|will {it} take {v}?|does {it} hold {v}?|is it strong enough for {v}?|i have {v}. will they fit?"
        "|will it handle {v}?|can i put {v} in {it}?|enough for {v}?",
        "more": "does {it} hold more than {v}?|is the capacity over {v}?|can it hold more than {v}?",
        "less": "is the capacity less than {v}?|does {it} hold less than {v}?|is the capacity under {v}?",
        "follow": "and the capacity?|how much does it hold?",
    },
    "duration": {
        "open": "how long is the {thing}?|what is the {thing}?|{thing}?|how long does {it} last?|how many {unit} does it last?|how long?",
        "is": "is the {thing} {v}?|does {it} last {v}?|will it last {v}?|{v} of {thing}?",
        "more": "does {it} last more than {v}?|is the {thing} over {v}?|is the {thing} longer than {v}?",
        "less": "is the {thing} less than {v}?|is the {thing} under {v}?|does {it} last less than {v}?",
        "follow": "and the {thing}?|how long does it last?",
    },
    "pages": {
        "open": "how many pages?|how many pages does {it} have?|number of pages?|how many pages are in {it}?|page count?|how long is this book?"
        "|what is the number of pages?",
        "is": "does {it} have {v} pages?|are there {v} pages?|is it {v} pages long?|{v} pages?",
        "more": "does {it} have more than {v} pages?|are there more than {v} pages?|is it over {v} pages?",
        "less": "does {it} have less than {v} pages?|fewer than {v} pages?|is it under {v} pages long?",
        "follow": "and how many pages?|number of pages?",
    },
    "count": {
        "open": "how many {thing} are there?|how many {thing}?|how many {thing} come with {it}?|how many {thing} do you get?|what is the number of {thing}?"
        "|how many {thing} does {it} come with?|how many {thing} are included?|number of {thing}?|how many {thing} if i order one?",
        "is": "are there {v} {thing}?|does {it} come with {v} {thing}?|do you get {v} {thing}?|is it {v} {thing}?|will i get {v} {thing}?"
        "|{v} {thing}?|does {it} have {v} {thing}?",
        "more": "are there more than {v} {thing}?|do you get more than {v} {thing}?|is it over {v} {thing}?",
        "less": "are there less than {v} {thing}?|fewer than {v} {thing}?|is it under {v} {thing}?",
        "follow": "and how many {thing}?|how many {thing} then?",
    },
    "pack": {
        "open": "how many are in a {thing}?|how many come in the {thing}?|how many do you get?|is this for one or several? how many|quantity?"
        "|how many in each {thing}?|what is the quantity?|how many per {thing}?|how many pieces do i get if i order one?",
        "is": "do i get {v}?|are there {v} in a {thing}?|is it a {thing} of {v}?|does it come with {v}?|is this for {v} of them?|{v} in the {thing}?",
        "more": "are there more than {v} in the {thing}?|do i get more than {v}?",
        "less": "do i get less than {v}?|are there fewer than {v} in a {thing}?",
        "follow": "and how many are in a {thing}?|how many do i get?",
    },
    "material": {
        "open": "what is {it} made of?|what material is {it}?|material?|what is the material?|what kind of material is it made from?"
        "|what are these made of?|what's {it} made out of?|which material is used?|what is the construction of {it}?|made of what?",
        "is": "is {it} made of {v}?|is {it} {v}?|is this real {v}?|is it made from {v}?|{v}?|is the material {v}?|is {it} made out of {v}?"
        "|are these {v}?|do you know if {it} is {v}?",
        "follow": "and the material?|what is it made of?|what about the material?",
    },
    "colour": {
        "open": "what color is {it}?|which color?|color?|what colour is it?|what is the color of {it}?|what colors does it come in?",
        "is": "is {it} {v}?|is the color {v}?|are these {v}?|i need a {v} one, is it {v}?|{v}?|is the colour {v} or not?",
        "has": "do you have {it} in {v}?|does {it} come in {v}?|have in {v}?",
        "follow": "and the color?|what color?",
    },
    "free": {
        "has": "is {it} {thing} free?|{thing} free?|is it {thing}-free?|are these {thing} free?|do you know if {it} is {thing} free?"
        "|i want something {thing} free. is this?|is {it} free of {thing}?",
        "contains": "does {it} contain {thing}?|is there {thing} in {it}?|is there any {thing} in this?|does it have {thing} in it?|any {thing}?"
        "|i'm allergic to {thing}. does {it} have it?",
    },
    "property": {
        "has": "is {it} {thing}?|{thing}?|is this {thing}?|are these {thing}?|do you know if {it} is {thing}?|would you say it's {thing}?"
        "|i need it to be {thing}. is it?|can anyone tell me if {it} is {thing}?|it is {thing}, right?",
        "follow": "is it {thing}?|and is it {thing}?",
    },
    "washing": {
        "open": "how do i wash {it}?|how do you clean {it}?|how should {it} be washed?|washing instructions?|how to clean it?",
        "has": "is {it} machine washable?|can i put {it} in the washing machine?|can it go in the washer?|machine washable?"
        "|can you wash {it} in the machine?|can i machine wash it?",
        "follow": "and how do i wash it?",
    },
    "author": {
        "open": "who wrote {it}?|who is the author?|author?|who is {it} by?|who is the author of {it}?|whose book is this?",
        "is": "is {it} by {v}?|did {v} write {it}?|is {v} the author?|is this the book by {v}?|written by {v}?",
        "follow": "and who wrote it?|who is the author?",
    },
    "language": {
        "open": "what language is {it} in?|language?|which languages?|what languages does it come in?|what is the language?",
        "is": "is {it} in {v}?|is this in {v}?|do you have it in {v}?|{v}?|does it come in {v}?|is the text in {v}?|is it {v}?",
        "follow": "and the language?",
    },
    "format": {
        "open": "what format is {it}?|hardcover or paperback?|what is the format?|what is the binding?",
        "is": "is {it} a {v}?|is this the {v}?|{v}?|is it {v}?|do i get the {v}?",
    },
    "origin": {
        "open": "where is {it} made?|where is {it} manufactured?|what country is {it} made in?|country of origin?|made where?|where was it made?"
        "|where does {it} come from?|which country is this from?",
        "is": "is {it} made in {v}?|made in {v}?|is this from {v}?|was {it} manufactured in {v}?|does it come from {v}?|is {it} a product of {v}?",
        "follow": "and where is it made?|where is it from?",
    },
    "warranty": {
        "open": "what is the warranty?|how long is the warranty?|warranty?|what's the warranty on {it}?|what kind of guarantee is there?",
        "has": "is there a warranty?|does {it} have a warranty?|does it come with a warranty?|is {it} guaranteed?|do i get a warranty?|any guarantee?",
        "is": "is the warranty {v}?|is it a {v} warranty?|does {it} have {v} of warranty?|do i get {v} of warranty?",
        "more": "is the warranty longer than {v}?|is it more than {v} of warranty?",
        "less": "is the warranty shorter than {v}?|less than {v} of warranty?",
        "follow": "and the warranty?|what about a warranty?",
    },
    "water": {
        "has": "is {it} waterproof?|can {it} get wet?|waterproof?|is it water resistant?|can i use {it} in the rain?|does water damage it?",
        "follow": "and is it waterproof?",
    },
    "assembly": {
        "has": "does {it} need assembly?|is assembly required?|do i have to assemble it?|do i have to put {it} together?|assembly required?"
        "|do i need to assemble {it}?|does it require assembly?|is there any assembly?",
        "open": "what about assembly?|how is {it} assembled?",
        "follow": "and assembly?|does it need to be put together?",
    },
    "batteries included": {
        "has": "are batteries included?|does {it} come with batteries?|batteries included?|does it include batteries?|do you get the batteries with it?"
        "|do the batteries come with {it}?|is the battery included?|will i get batteries too?",
        "follow": "and are batteries included?|what about batteries, do they come with it?",
    },
    "batteries": {
        "has": "does {it} need batteries?|does {it} take batteries?|do i need batteries?|does it run on batteries?|batteries needed?"
        "|does {it} require batteries?|are batteries required?",
        "is": "does {it} take {v} batteries?|does it use {v} batteries?|is it {v} batteries that it needs?|does it run on {v}?|{v} batteries?",
        "open": "what batteries does {it} take?|what kind of batteries?|how many batteries does it need?|what size batteries?|battery type?"
        "|which batteries do i need for {it}?|what batteries?|what type of battery does {it} use?",
        "follow": "and batteries?|what about batteries?|what batteries does it use?",
    },
    "voltage": {
        "open": "what voltage is {it}?|voltage?|how many volts?|what is the voltage?|how many volts is {it}?",
        "is": "is {it} {v}?|is the voltage {v}?|does {it} work on {v}?|{v}?|is this a {v} unit?|does it run on {v}?",
        "follow": "and the voltage?",
    },
    "wattage": {
        "open": "how many watts?|what is the wattage?|wattage?|how many watts is {it}?|what's the power of {it}?",
        "is": "is {it} {v}?|is the wattage {v}?|is it {v}?|{v}?",
        "more": "is it more than {v}?|is {it} over {v}?",
        "less": "is it less than {v}?|is {it} under {v}?",
        "follow": "and how many watts?",
    },
    "power": {
        "open": "how is {it} powered?|what powers {it}?|power source?|what does {it} run on?|how does it get power?",
        "is": "is {it} {v}?|{v}?|is this {v}?|is it a {v} one?|is this model {v}?",
        "follow": "and how is it powered?",
    },
    "wireless": {
        "has": "does {it} have {thing}?|is there {thing}?|{thing}?|does it work with {thing}?|does {it} support {thing}?|is it {thing} enabled?"
        "|can i connect by {thing}?",
        "follow": "and {thing}?",
    },
    "certified": {
        "has": "is {it} {thing} approved?|{thing} listed?|is {it} {thing} certified?|does {it} have {thing} approval?|is this {thing} listed?",
    },
    "included": {
        "open": "what comes with {it}?|what is included?|what's in the box?|what do i get with {it}?|what is in the box|whats included?"
        "|what all does {it} come with?|does it come with anything else?|what are the contents?|included components?",
        "has": "does {it} come with {thing}?|is {thing} included?|does it include {thing}?|do i get {thing} with it?|{thing} included?"
        "|does {it} have {thing}?|will i also get {thing}?|is there {thing} in the box?|does this come with the {thing}?"
        "|do i need to buy {thing} separately or is it included?|are you getting {thing} with this?",
        "follow": "and is {thing} included?|does it come with {thing}?|what about {thing}?",
    },
    "compatibility": {
        "open": "what is {it} compatible with?|what does {it} work with?|what does it fit?|which models does {it} fit?|compatibility?"
        "|what can i use {it} with?|which ones does it work with?|what is {it} for?",
        "has": "does {it} work with {thing}?|will {it} fit {thing}?|is {it} compatible with {thing}?|can i use {it} with {thing}?|fits {thing}?"
        "|will this work for {thing}?|i have {thing}, will it work?|compatible with {thing}?|does this fit {thing}|can {it} be used on {thing}?"
        "|i have a {thing}. will this fit?|is this for {thing}?|would {it} work on {thing}?",
        "follow": "and does it work with {thing}?|what about {thing}?",
    },
    "use": {
        "open": "what is {it} good for?|what can i use {it} for?|what is {it} used for?|what is it best for?|what would you use this for?",
        "has": "can i use {it} for {thing}?|is {it} good for {thing}?|is this suitable for {thing}?|would it work for {thing}?|good for {thing}?"
        "|is {it} meant for {thing}?|does {it} work for {thing}?|i need something for {thing}, will this do?",
        "place": "can {it} be used {thing}?|can i use {it} {thing}?|is {it} ok to use {thing}?|can i leave it {thing}?|{thing}?|is this for use {thing}?",
    },
    "requirement": {
        "has": "does {it} need {thing}?|do i need {thing}?|is {thing} required?|does {it} require {thing}?|{thing} needed?|do you need {thing} for {it}?"
        "|will i need {thing}?|must i have {thing}?|do you have to use {thing} with {it}?|is {thing} necessary?",
        "follow": "and do i need {thing}?",
    },
    "feature": {
        "has": "does {it} have {thing}?|has {it} got {thing}?|is there {thing}?|does {it} come with {thing}?|{thing}?|do these have {thing}?"
        "|does this have {thing}|can you tell me if {it} has {thing}?|i am looking for {thing}. does it have one?|is {thing} part of it?",
        "follow": "and {thing}?|does it have {thing}?|what about {thing}?",
    },
}

_PORTUGUESE: dict[str, dict[str, str]] = {
    "age": {
        "open": "para que idade é?|qual a idade recomendada?|idade?|serve para qual idade?|a partir de que idade?|qual a faixa etária?",
        "is": "serve para criança de {v}?|é indicado para {v}?|uma criança de {v} pode usar?|dá para uma criança de {v}?|posso dar para meu filho de {v}?",
        "follow": "e a idade?|e para que idade é?",
    },
    "players": {
        "open": "quantos jogadores?|quantas pessoas podem jogar?|é para quantos jogadores?",
        "is": "dá para jogar em {v} pessoas?|serve para {v} jogadores?|podem jogar {v} pessoas?",
    },
    "weight": {
        "open": "qual o peso?|quanto pesa?|peso?|qual é o peso do produto?|quantos quilos pesa?",
        "is": "pesa {v}?|o peso é {v}?|o produto pesa {v}?",
        "more": "pesa mais de {v}?|o peso passa de {v}?",
        "less": "pesa menos de {v}?|tem menos de {v}?",
        "follow": "e o peso?|quanto pesa?",
    },
    "size": {
        "open": "qual o tamanho?|quais as medidas?|tamanho?|quais são as dimensões?|qual é o tamanho do produto?|medidas?",
        "is": "mede {v}?|o tamanho é {v}?|as medidas são {v}?|tem {v}?",
        "follow": "e o tamanho?|e as medidas?",
    },
    "capacity": {
        "open": "qual a capacidade?|quanto cabe?|capacidade?|qual é a capacidade do produto?",
        "is": "a capacidade é de {v}?|tem capacidade de {v}?",
        "upto": "cabem {v}?|suporta {v}?|aguenta {v}?",
        "more": "cabe mais de {v}?|a capacidade passa de {v}?",
        "less": "a capacidade é menor que {v}?|cabe menos de {v}?",
    },
    "pages": {
        "open": "quantas páginas tem?|quantas páginas?|número de páginas?",
        "is": "tem {v} páginas?|são {v} páginas?",
        "more": "tem mais de {v} páginas?|passa de {v} páginas?",
        "less": "tem menos de {v} páginas?|são menos de {v} páginas?",
    },
    "pack": {
        "open": "quantas unidades vêm?|quantos vêm no pacote?|vem quantos?|quantas peças tem?",
        "is": "vem com {v} unidades?|são {v} unidades?|o pacote tem {v}?",
    },
    "material": {
        "open": "qual o material?|é feito de quê?|de que material é feito?|material?|de que é feito?",
        "is": "é feito de {v}?|é de {v}?|o material é {v}?|isso é {v} mesmo?",
        "follow": "e o material?",
    },
    "colour": {
        "open": "qual a cor?|que cor é?|cor?|quais as cores?",
        "is": "é da cor {v}?|a cor é {v}?",
        "has": "tem na cor {v}?|vem em {v}?",
    },
    "author": {
        "open": "quem escreveu?|quem é o autor?|autor?|de quem é o livro?",
        "is": "é de {v}?|foi escrito por {v}?|o autor é {v}?",
    },
    "origin": {
        "open": "onde é fabricado?|onde é feito?|qual o país de origem?|é feito onde?",
        "is": "é feito em {v}?|é fabricado em {v}?|vem de {v}?",
    },
    "warranty": {
        "open": "qual a garantia?|quanto tempo de garantia?|garantia?",
        "has": "tem garantia?|vem com garantia?|o produto tem garantia?",
        "follow": "e a garantia?",
    },
    "water": {"has": "é à prova d'água?|pode molhar?|é resistente à água?|posso usar na chuva?"},
    "assembly": {"has": "precisa montar?|precisa de montagem?|vem para montar?|tem que montar?"},
    "batteries included": {
        "has": "vem com pilhas?|as pilhas vêm junto?|acompanha pilhas?|inclui as pilhas?|vem com bateria?",
        "follow": "e as pilhas, vêm junto?",
    },
    "batteries": {
        "has": "precisa de pilhas?|usa pilhas?|funciona com pilhas?|leva pilha?",
        "is": "usa pilha {v}?|as pilhas são {v}?|funciona com pilhas {v}?",
        "open": "que pilhas usa?|quais pilhas?|quantas pilhas usa?|qual o tipo de pilha?",
        "follow": "e as pilhas?|usa que pilhas?",
    },
    "voltage": {
        "open": "qual a voltagem?|voltagem?|quantos volts?",
        "is": "é {v}?|a voltagem é {v}?|funciona em {v}?",
    },
    "wireless": {"has": "tem {thing}?|funciona com {thing}?|conecta por {thing}?"},
    "included": {
        "open": "o que vem na caixa?|o que acompanha?|o que vem junto?|vem com o quê?",
        "has": "vem com {thing}?|acompanha {thing}?|inclui {thing}?|tem {thing} junto?",
    },
    "compatibility": {
        "open": "é compatível com o quê?|funciona com quais modelos?|serve para quais modelos?",
        "has": "funciona com {thing}?|é compatível com {thing}?|serve para {thing}?|posso usar com {thing}?",
    },
    "use": {
        "has": "serve para {thing}?|posso usar para {thing}?|é bom para {thing}?",
        "place": "pode usar {thing}?|dá para usar {thing}?",
    },
    "feature": {"has": "tem {thing}?|vem com {thing}?|possui {thing}?"},
    "property": {"has": "é {thing}?|o produto é {thing}?|isso é {thing}?"},
    "free": {"has": "é livre de {thing}?|é sem {thing}?", "contains": "tem {thing}?|contém {thing}?"},
}
_ENGLISH["not included"] = {"has": _ENGLISH["included"]["has"], "follow": _ENGLISH["included"]["follow"]}
_PORTUGUESE["not included"] = {"has": _PORTUGUESE["included"]["has"]}

_TABLES: dict[Language, dict[str, dict[str, str]]] = {"en": _ENGLISH, "pt": _PORTUGUESE}
TEMPLATES: dict[tuple[str, str, Language], tuple[str, ...]] = {
    (attribute, form, language): tuple(texts.split("|"))
    for language, table in _TABLES.items()
    for attribute, forms in table.items()
    for form, texts in forms.items()
    if texts
}
