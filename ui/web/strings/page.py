"""What the page says in its frame, in the conversation and in the settings, in two languages.

STRINGS["pt"].new_conversation    # "Nova conversa"
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.backends.base import BackendError, DeadlineError, PromptTooLongError
from assistant.phrases import Language
from assistant.reply import Kind
from index.errors import QuestionError, UserError
from ui.queue import QueueFullError

NAME = "Titlewise"
LANGUAGES: dict[Language, str] = {"en": "English", "pt": "Português"}


@dataclass(frozen=True)
class Matter:
    """Something that descriptions tell: how it is called, and how a shopper asks for it.

    `asked` is about a product that is named, with a place for its title; `asked_of_it` about the one at hand.
    """

    name: str
    asked_of_it: str
    asked: str = ""


@dataclass(frozen=True)
class Strings:
    """Everything that the page says in one language; numbers go into it as `number` writes them."""

    decimal_comma: bool

    # The frame
    products: str
    answered_by: str
    answered_by_adapter: str
    chat: str
    browse: str
    compare: str
    settings: str
    # The conversation
    greeting: str
    greeting_help: str
    try_one: str
    placeholder: str
    new_conversation: str
    export: str
    export_markdown: str
    export_json: str
    export_title: str
    export_asked: str
    export_source: str
    stop: str
    stopped: str
    broken: str
    errors: Mapping[type[UserError], str]
    searching: str
    in_line: str
    copy: str
    copied: str
    regenerate: str
    edit: str
    edit_label: str
    ask_again: str
    cancel: str
    times: str
    time: str
    # A reply
    badges: dict[Kind, str]
    generated_help: str
    description: str
    no_description: str
    confident: tuple[str, str, str]  # surely, probably, perhaps
    chosen: str
    kept: str
    not_this: str
    which_then: str
    none_of_these: str
    covers: str
    ask_about_it: str
    ask_at_large: str
    invent: str
    # Opinions
    vote_more: str
    vote_reason: str
    vote_reasons: tuple[str, ...]
    vote_comment: str
    # A title that is in no catalogue
    describe: str
    describe_help: str
    describe_title: str
    describe_button: str
    describe_asked: str
    # One product, and all of them
    product_unknown: str
    product_placeholder: str
    product_leave: str
    browse_help: str
    browse_search: str
    browse_placeholder: str
    browse_nothing: str
    browse_shown: str
    # Base or fine-tuned
    compare_help: str
    compare_placeholder: str
    compare_base: str
    compare_tuned: str
    compare_speed: str
    compare_no_words: str
    compare_no_adapter: str
    # Settings
    settings_language: str
    settings_model: str
    settings_model_help: str
    settings_loading: str
    settings_adapter: str
    settings_base: str
    settings_length: str
    settings_length_help: str
    settings_temperature: str
    settings_temperature_help: str
    settings_top_p: str
    settings_top_p_help: str
    settings_theme: str
    settings_system: str
    settings_light: str
    settings_dark: str
    # First start
    start: str
    start_help: str
    start_catalogue: str
    start_catalogue_help: str
    start_catalogue_button: str
    start_index: str
    start_index_help: str
    start_index_button: str
    start_model: str
    start_model_help: str
    start_model_button: str
    start_model_button_plain: str
    start_or: str
    start_done: str
    # What descriptions tell, by the attributes of `finetune.data.facts`, the more telling the earlier
    matters: dict[str, Matter]

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number: "1,024.5", or "1.024,5" where the comma is the decimal one."""
        written = f"{value:,.{digits}f}"
        return written.translate(str.maketrans(",.", ".,")) if self.decimal_comma else written


ENGLISH = Strings(
    decimal_comma=False,
    products="{count} products",
    answered_by="Answered by {model}",
    answered_by_adapter="Answered by {model} with the {adapter} adapter",
    chat="Chat",
    browse="Browse",
    compare="Base or fine-tuned",
    settings="Settings",
    greeting="What would you like to know?",
    greeting_help="Name the product as far as you remember it, and ask. If several fit, I ask which one; "
    "if the description does not tell, I say so.",
    try_one="For example:",
    placeholder="Ask about a product",
    new_conversation="New conversation",
    export="Save conversation",
    export_markdown="As Markdown",
    export_json="As JSON",
    export_title="A conversation with Titlewise",
    export_asked="You",
    export_source="From the description of",
    stop="Stop",
    stopped="Stopped.",
    broken="This reply failed, by a fault of the program. The terminal tells more.",
    errors={
        QueueFullError: "So many people are asking that there is no place in the line. Please ask again in a moment.",
        QuestionError: "A question has 1 to 4,000 characters.",
        DeadlineError: "This answer took too long and was given up. A shorter question may do better.",
        PromptTooLongError: "This is more than the model can read at once. Please ask in fewer words.",
        BackendError: "The model cannot answer: {error}",
        UserError: "That did not work: {error}",
    },
    searching="…",
    in_line="Others are asking too: {before} before you.",
    copy="Copy",
    copied="Copied",
    regenerate="Answer again",
    edit="Edit",
    edit_label="Your question",
    ask_again="Ask again",
    cancel="Cancel",
    times="first word after {first_s} s, whole reply after {total_s} s",
    time="after {total_ms} ms",
    badges={
        "not_stated": "not stated",
        "not_found": "not found",
        "generated": "generated, not checked",
    },
    generated_help="The model invented this text for a title that is in no catalogue. Do not take it for fact.",
    description="Description",
    no_description="No description is known.",
    confident=("Surely this one", "Probably this one", "Perhaps this one"),
    chosen="Your choice",
    kept="The product we talk about",
    not_this="Not this one?",
    which_then="Which one, then?",
    none_of_these="None of these? Name it in other words, below.",
    covers="The description does tell about: {matters}.",
    ask_about_it="Ask about it:",
    ask_at_large="What is it?",
    invent="Invent a description of “{title}”",
    vote_more="Tell more",
    vote_reason="What is wrong?",
    vote_reasons=("another product", "not in the description", "wrong", "does not answer", "badly worded"),
    vote_comment="A comment",
    describe="A title that is in no catalogue",
    describe_help="The model invents a description. It is marked as generated.",
    describe_title="Title",
    describe_button="Describe it",
    describe_asked="Describe “{title}”",
    product_unknown="There is no product {uid} in this catalogue.",
    product_placeholder="Ask about this product",
    product_leave="Ask about other products",
    browse_help="Type what you remember of a title, or turn the pages.",
    browse_search="Search titles",
    browse_placeholder="A few words of the title",
    browse_nothing="No title is like this.",
    browse_shown="{first} to {last} of {count} products",
    compare_help="The same question to the base model and to the fine-tuned one: the same product, the same passages. "
    "One model is loaded; the adapter goes on and off between the two.",
    compare_placeholder="A question for both",
    compare_base="Base model",
    compare_tuned="Fine-tuned: {name}",
    compare_speed="{tokens} tokens at {per_s} tokens/s · {total_s} s in all",
    compare_no_words="Nothing for the model to write · {total_s} s in all",
    compare_no_adapter="No adapter is loaded, so there is nothing to compare with.",
    settings_language="Language of the page",
    settings_model="Model",
    settings_model_help="Models that are on this machine; `titlewise models fetch` brings others.",
    settings_loading="Loading {name} …",
    settings_adapter="Adapter",
    settings_base="none: the base model",
    settings_length="Longest answer, in tokens",
    settings_length_help="A token is about three quarters of a word.",
    settings_temperature="Temperature",
    settings_temperature_help="0 takes the likeliest word, always; more lets chance choose.",
    settings_top_p="Top-p",
    settings_top_p_help="Chance chooses among the likeliest words that together have this share; 1 is all of them.",
    settings_theme="Light or dark",
    settings_system="As my system",
    settings_light="Light",
    settings_dark="Dark",
    start="Before the first question",
    start_help="Something is still missing. Each part needs one button here, or one command in a terminal.",
    start_catalogue="A catalogue",
    start_catalogue_help="The products that are asked about. Begin with the sample catalogue, or prepare your own.",
    start_catalogue_button="Prepare the sample catalogue",
    start_index="A title index",
    start_index_help="What finds a title by a few of its words. Made once for a catalogue.",
    start_index_button="Index the titles",
    start_model="The model {name}",
    start_model_help="What words the answers. Fetched once, then no network is needed.",
    start_model_button="Fetch it ({size_mb} MB)",
    start_model_button_plain="Fetch it",
    start_or="or in a terminal:",
    start_done="Here.",
    matters={
        "weight": Matter("the weight", "How heavy is it?", "How heavy is the {title}?"),
        "material": Matter("the material", "What is it made of?", "What is the {title} made of?"),
        "capacity": Matter("the capacity", "How much does it hold?", "What is the capacity of the {title}?"),
        "players": Matter("the number of players", "How many players is it for?", "How many players is {title} for?"),
        "size": Matter("the size", "How big is it?", "How big is the {title}?"),
        "age": Matter("the age it is for", "What ages is it for?", "What ages is {title} for?"),
        "pages": Matter("the number of pages", "How many pages does it have?"),
        "duration": Matter("how long it lasts", "How long does it last?"),
        "included": Matter("what comes with it", "What comes with it?", "What comes with the {title}?"),
        "not included": Matter("what is not included", "What is not included?"),
        "warranty": Matter("the warranty", "Is there a warranty?"),
        "water": Matter("water", "Is it waterproof?"),
        "washing": Matter("how to clean it", "How is it cleaned?"),
        "batteries": Matter("the batteries", "What batteries does it take?"),
        "batteries included": Matter("whether batteries come with it", "Are batteries included?"),
        "voltage": Matter("the voltage", "What voltage does it need?"),
        "wattage": Matter("the power", "How many watts does it have?"),
        "wireless": Matter("Bluetooth and Wi-Fi", "Is it wireless?"),
        "colour": Matter("the colour", "What colours is it made in?"),
        "language": Matter("the language", "What language is it in?"),
        "author": Matter("the author", "Who wrote it?"),
        "origin": Matter("where it is made", "Where is it made?"),
        "compatibility": Matter("what it works with", "What does it work with?"),
        "requirement": Matter("what it needs", "What does it need?"),
        "assembly": Matter("the assembly", "Does it come assembled?"),
    },
)

PORTUGUESE = Strings(
    decimal_comma=True,
    products="{count} produtos",
    answered_by="Respondido por {model}",
    answered_by_adapter="Respondido por {model} com o adaptador {adapter}",
    chat="Conversa",
    browse="Catálogo",
    compare="Base ou ajustado",
    settings="Configurações",
    greeting="O que você gostaria de saber?",
    greeting_help="Diga o nome do produto, do jeito que lembrar, e faça sua pergunta. Se houver mais de um, pergunto "
    "qual é; se a descrição não informar, eu aviso.",
    try_one="Por exemplo:",
    placeholder="Pergunte sobre um produto",
    new_conversation="Nova conversa",
    export="Salvar a conversa",
    export_markdown="Como Markdown",
    export_json="Como JSON",
    export_title="Uma conversa com o Titlewise",
    export_asked="Você",
    export_source="Da descrição de",
    stop="Parar",
    stopped="Resposta interrompida.",
    broken="Esta resposta falhou por um erro do programa. Veja os detalhes no terminal.",
    errors={
        QueueFullError: "Há tanta gente perguntando que não há mais lugar na fila. Pergunte de novo em instantes.",
        QuestionError: "Uma pergunta tem de 1 a 4.000 caracteres.",
        DeadlineError: "Esta resposta demorou demais e foi abandonada. Uma pergunta mais curta pode ajudar.",
        PromptTooLongError: "Isto é mais do que o modelo consegue ler de uma vez. Pergunte com menos palavras.",
        BackendError: "O modelo não consegue responder: {error}",
        UserError: "Não deu certo: {error}",
    },
    searching="…",
    in_line="Outras pessoas também estão perguntando: {before} na sua frente.",
    copy="Copiar",
    copied="Copiado",
    regenerate="Responder de novo",
    edit="Editar",
    edit_label="Sua pergunta",
    ask_again="Perguntar de novo",
    cancel="Cancelar",
    times="primeira palavra após {first_s} s, resposta completa em {total_s} s",
    time="após {total_ms} ms",
    badges={
        "not_stated": "não consta",
        "not_found": "não encontrado",
        "generated": "gerado, não conferido",
    },
    generated_help="O modelo inventou este texto para um título que não está em nenhum catálogo. Não o considere fato.",
    description="Descrição",
    no_description="Não há descrição conhecida.",
    confident=("Com certeza é este", "Provavelmente é este", "Talvez seja este"),
    chosen="Sua escolha",
    kept="O produto da conversa",
    not_this="Não é este?",
    which_then="Qual é, então?",
    none_of_these="Nenhum destes? Diga o título com outras palavras, abaixo.",
    covers="A descrição fala de: {matters}.",
    ask_about_it="Pergunte sobre ele:",
    ask_at_large="O que é?",
    invent="Inventar uma descrição de “{title}”",
    vote_more="Conte mais",
    vote_reason="O que está errado?",
    vote_reasons=("outro produto", "não está na descrição", "errado", "não responde", "mal escrito"),
    vote_comment="Um comentário",
    describe="Um título que não está no catálogo",
    describe_help="O modelo inventa uma descrição. Ela vem marcada como gerada.",
    describe_title="Título",
    describe_button="Descrever",
    describe_asked="Descreva “{title}”",
    product_unknown="Não há nenhum produto {uid} neste catálogo.",
    product_placeholder="Pergunte sobre este produto",
    product_leave="Perguntar sobre outros produtos",
    browse_help="Digite o que você lembra de um título, ou navegue pelas páginas.",
    browse_search="Procurar títulos",
    browse_placeholder="Algumas palavras do título",
    browse_nothing="Nenhum título se parece com isso.",
    browse_shown="{first} a {last} de {count} produtos",
    compare_help="A mesma pergunta para o modelo base e para o ajustado: o mesmo produto, os mesmos trechos. "
    "Um só modelo está carregado; o adaptador é ligado e desligado entre as duas respostas.",
    compare_placeholder="Uma pergunta para os dois",
    compare_base="Modelo base",
    compare_tuned="Ajustado: {name}",
    compare_speed="{tokens} tokens a {per_s} tokens/s · {total_s} s no total",
    compare_no_words="Nada para o modelo escrever · {total_s} s no total",
    compare_no_adapter="Nenhum adaptador está carregado: não há o que comparar.",
    settings_language="Idioma da página",
    settings_model="Modelo",
    settings_model_help="Os modelos que estão nesta máquina; `titlewise models fetch` traz outros.",
    settings_loading="Carregando {name} …",
    settings_adapter="Adaptador",
    settings_base="nenhum: o modelo base",
    settings_length="Tamanho máximo da resposta, em tokens",
    settings_length_help="Um token é cerca de três quartos de uma palavra.",
    settings_temperature="Temperatura",
    settings_temperature_help="0 escolhe sempre a palavra mais provável; valores maiores dão mais espaço ao acaso.",
    settings_top_p="Top-p",
    settings_top_p_help="O acaso escolhe entre as palavras mais prováveis que juntas somam esta probabilidade; "
    "1 inclui todas.",
    settings_theme="Claro ou escuro",
    settings_system="Como o meu sistema",
    settings_light="Claro",
    settings_dark="Escuro",
    start="Antes da primeira pergunta",
    start_help="Ainda falta algo. Cada parte se resolve com um botão aqui ou com um comando no terminal.",
    start_catalogue="Um catálogo",
    start_catalogue_help="Os produtos sobre os quais se pergunta. Comece com o catálogo de exemplo, ou prepare o seu.",
    start_catalogue_button="Preparar o catálogo de exemplo",
    start_index="Um índice de títulos",
    start_index_help="É o que encontra um título a partir de algumas palavras. Feito uma vez para cada catálogo.",
    start_index_button="Indexar os títulos",
    start_model="O modelo {name}",
    start_model_help="É o que redige as respostas. Baixado uma vez; depois não precisa de internet.",
    start_model_button="Baixar ({size_mb} MB)",
    start_model_button_plain="Baixar",
    start_or="ou num terminal:",
    start_done="Pronto.",
    matters={
        "weight": Matter("peso", "Quanto pesa?", "Quanto pesa o produto {title}?"),
        "material": Matter("material", "De que é feito?", "De que é feito o produto {title}?"),
        "capacity": Matter("capacidade", "Qual é a capacidade?"),
        "players": Matter("número de jogadores", "Para quantos jogadores é?"),
        "size": Matter("medidas", "Quais são as medidas?", "Quais são as medidas do produto {title}?"),
        "age": Matter("idade indicada", "Para que idade é indicado?"),
        "pages": Matter("número de páginas", "Quantas páginas tem?"),
        "duration": Matter("duração", "Quanto tempo dura?"),
        "included": Matter("o que acompanha", "O que vem junto?"),
        "not included": Matter("o que não acompanha", "O que não está incluído?"),
        "warranty": Matter("garantia", "Tem garantia?"),
        "water": Matter("água", "É à prova d'água?"),
        "washing": Matter("limpeza", "Como se limpa?"),
        "batteries": Matter("pilhas", "Que pilhas usa?"),
        "batteries included": Matter("pilhas incluídas ou não", "As pilhas estão incluídas?"),
        "voltage": Matter("voltagem", "Qual é a voltagem?"),
        "wattage": Matter("potência", "Qual é a potência?"),
        "wireless": Matter("Bluetooth e Wi-Fi", "É sem fio?"),
        "colour": Matter("cor", "Em que cores está disponível?"),
        "language": Matter("idioma", "Em que idioma está?"),
        "author": Matter("autoria", "Quem escreveu?"),
        "origin": Matter("origem", "Onde é feito?"),
        "compatibility": Matter("compatibilidade", "Com o que é compatível?"),
        "requirement": Matter("o que é preciso ter", "O que é preciso ter?"),
        "assembly": Matter("montagem", "Vem montado?"),
    },
)

STRINGS: dict[Language, Strings] = {"en": ENGLISH, "pt": PORTUGUESE}
