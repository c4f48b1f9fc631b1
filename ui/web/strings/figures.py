"""What the figures of the reports mean, in Portuguese; a report itself says it in English.

PORTUGUESE_MEANINGS["mrr"]
"""

PORTUGUESE_MEANINGS = {
    # Answers
    "rouge_l": "medida F contra a melhor das referências da pergunta (rouge-score, sem reduzir palavras à raiz), sem "
    "as marcas de citação; média de todas as perguntas respondíveis, também das recusadas: a frase da recusa vale o "
    "que ela vale",
    "rouge_l_marked": "o mesmo no texto tal como é mostrado",
    "rouge_l_answered": "o mesmo só nas respondíveis que foram respondidas",
    "rouge_1": "como ROUGE-L, em todas as perguntas respondíveis",
    "rouge_2": "como ROUGE-L, em todas as perguntas respondíveis",
    "bleu": "sacreBLEU de todas as perguntas respondíveis como um só corpus, sem as marcas",
    "token_f1": "como no SQuAD, em todas as perguntas respondíveis, sem as marcas",
    "yes_no": "nas perguntas respondíveis cujas referências começam todas com sim, ou todas com não: a resposta começa "
    "com a mesma palavra; a que não diz nenhuma das duas, ou recusa, discorda",
    "yes_recalled": "o mesmo onde as referências dizem sim",
    "no_recalled": "o mesmo onde as referências dizem não",
    "neither": "parcela dessas respostas que não diz sim nem não, ou recusa",
    "numbers_right": "nas perguntas respondíveis com um número em alguma referência: parcela dos números de uma "
    "referência que a resposta traz",
    "numbers_invented": "parcela dos números das respostas que não está em nenhuma referência, passagem, título ou "
    "pergunta",
    "not_stated_recall": "parcela das perguntas não respondíveis que é recusada",
    "not_stated_precision": "parcela das perguntas recusadas que não é respondível",
    "answered": "parcela das perguntas respondíveis que não é recusada",
    "quotes_verbatim": "parcela das citações que está na descrição, letra por letra, no lugar indicado",
    "citations_exist": "parcela dos números citados que são de passagens mostradas ao modelo",
    "citing": "parcela das respostas com uma marca ou um trecho citado",
    "ended": "parcela dos textos do modelo mais curtos que o limite de tokens",
    "worded": "parcela das respostas para as quais o modelo foi consultado",
    "words": "tamanho médio do que não é recusa, sem as marcas de citação",
    "latency_p50": "tempo mediano de uma resposta inteira, uma pergunta de cada vez",
    "latency_p95": "percentil 95 do mesmo",
    # Finding titles
    "accuracy_1": "parcela cujo título vem em primeiro lugar",
    "accuracy_4": "parcela cujo título está entre os quatro primeiros",
    "accuracy_10": "parcela cujo título está entre os dez primeiros",
    "mrr": "média de um dividido pela posição do título; 0 onde ele não está entre os dez",
    "found": "parcela dada como encontrada",
    "ambiguous": "parcela dada como ambígua",
    "unknown": "parcela dada como desconhecida",
    "wrong_when_found": "das dadas como encontradas, parcela com outro título em primeiro lugar",
    "shown": "parcela cujo título é o encontrado ou está entre os quatro, ou menos, oferecidos",
    "calibration": "erro de calibração esperado da probabilidade de que o primeiro esteja certo, em dez faixas",
    "ms_p50": "milissegundos por pergunta, mediana",
    "ms_p99": "milissegundos por pergunta, no máximo, em 99 de cada 100",
}
